// The guides, pasted: on every page all code compiles against the library as installed, and `try.ts` runs it to its
// end.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { codeFiles } from './code-blocks.js'
import { Installation, packedFiles } from './installed.js'

const PACKAGES = ['bitecs', '@geckos.io/client', '@geckos.io/server', 'node-datachannel', 'jose', '@types/node']
/**
 * What a page with code ends with: it imports the other files, runs them, and asserts that they do what the page says.
 */
const TRY = 'try.ts'

const pages = readdirSync(`${root}docs/guides`)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({
    name: name.slice(0, -'.md'.length),
    files: codeFiles(readFileSync(`${root}docs/guides/${name}`, 'utf8')),
  }))
  .filter(({ files }) => files.size > 0)

describe('the guides', () => {
  let place: Installation
  let problems: Map<string, string[]>

  beforeAll(() => {
    place = new Installation(packedFiles(), PACKAGES)
    writeFileSync(join(place.folder, 'package.json'), '{ "type": "module" }')
    for (const { name, files } of pages) {
      mkdirSync(join(place.folder, name))
      for (const [file, text] of files) writeFileSync(join(place.folder, name, file), text)
    }
    problems = compile()
  }, 60_000)

  afterAll(() => place.remove())

  /** The errors of the compiler, by page. */
  function compile(): Map<string, string[]> {
    const paths = pages.flatMap(({ name, files }) => [...files.keys()].map((file) => join(place.folder, name, file)))
    const program = ts.createProgram(paths, {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: ['node'],
      typeRoots: [join(place.folder, 'node_modules/@types')],
      strict: true,
      noUnusedLocals: true,
      skipLibCheck: true,
      noEmit: true,
    })
    const found = new Map<string, string[]>()
    for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
      const path = file?.fileName.slice(place.folder.length + 1) ?? ''
      const page = path.split('/')[0]!
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
      const text = `${path}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
      found.set(page, [...(found.get(page) ?? []), text])
    }
    return found
  }

  it('are there', () => {
    expect(pages.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'authentication',
        'benchmarking',
        'budgets',
        'collections',
        'deploying',
        'host-mode',
        'interest',
        'lifecycle',
        'messages',
        'remote-actions',
        'replication',
        'saving',
        'scenes-and-prefabs',
        'transports',
      ]),
    )
  })

  describe.each(pages)('$name', ({ name, files }) => {
    it('compiles', () => {
      expect(problems.get(name) ?? []).toEqual([])
    })

    it('runs all of its code, which does what the page says', async () => {
      const { metafile } = await build({
        absWorkingDir: join(place.folder, name),
        entryPoints: [TRY],
        bundle: true,
        packages: 'external',
        format: 'esm',
        platform: 'node',
        outfile: 'try.mjs',
        metafile: true,
      })
      expect(Object.keys(metafile.inputs).sort()).toEqual([...files.keys()].sort())
      const { code, stderr } = place.node(join(name, 'try.mjs'))
      expect(stderr).toBe('')
      expect(code).toBe(0)
    }, 30_000)
  })
})
