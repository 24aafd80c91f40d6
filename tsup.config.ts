// How the library is built: every public entry and the command, as ES modules with types.
import { basename } from 'node:path'
import { defineConfig } from 'tsup'
import { readEntries, root } from './scripts/entries.js'

const entry = Object.fromEntries(readEntries().map(({ built, source }) => [basename(built, '.js'), source]))
// `npm run dev` builds the code alone, into the dist that a server is using.
const codeOnly = process.env['BITECS_NET_BUILD'] === 'code'

export default defineConfig({
  entry: { ...entry, cli: `${root}src/cli.ts` },
  format: 'esm',
  target: 'es2022',
  platform: 'node',
  // Several entries in one program must share one symbol, one component object and one registry: what two entries use
  // is built once, into a chunk that both import.
  splitting: true,
  dts: codeOnly ? false : { entry },
  sourcemap: true,
  clean: !codeOnly,
  silent: codeOnly,
  // Without this the prefix `node:` is taken off, and nothing could tell a Node module from a package any more.
  removeNodeProtocol: false,
  external: ['bitecs', 'jose', /^@geckos\.io\//, /^node-datachannel(\/|$)/],
})
