// Checks the built files: browser chunks contain no Node and server code, and imports resolve.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { listCode } from '../../scripts/imports.js'
import { checkBrowserChunks, checkBuiltCycles, checkBuiltImports, checkNotBundled } from './built.js'

interface Dependencies {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

describe('the built files', () => {
  const files = new Map(listCode(root, 'dist').map((path) => [path, readFileSync(root + path, 'utf8')]))

  it('keep Node and server code out of everything that a browser loads', () => {
    expect(checkBrowserChunks(files)).toEqual([])
  })

  it('keep Node and server code out of the types that a browser game compiles with', () => {
    const types = readdirSync(`${root}dist`)
      .filter((name) => name.endsWith('.d.ts'))
      .map((name) => [`dist/${name.replace('.d.ts', '.js')}`, readFileSync(`${root}dist/${name}`, 'utf8')] as const)
    expect(checkBrowserChunks(new Map(types))).toEqual([])
  })

  it('import only built files and declared packages', () => {
    const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Dependencies
    const packages = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)])
    expect(checkBuiltImports(files, { packages })).toEqual([])
  })

  it('contain no peer dependency', () => {
    expect(checkNotBundled(files)).toEqual([])
  })

  it('have no cycle among the chunks', () => {
    expect(checkBuiltCycles(files)).toEqual([])
  })
})
