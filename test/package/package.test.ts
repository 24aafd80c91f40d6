// Holds the published package to its promises: what it contains, that every entry loads and compiles, one identity.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifest, readEntries, root } from '../../scripts/entries.js'
import { Installation, packedFiles, type PackedFile } from './installed.js'

interface Dependencies {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

const { dependencies, peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Dependencies
const names = readEntries().map(({ name }) => name)

let files: PackedFile[]
/** With all peers, as on a server. */
let full: Installation
/** With bitecs alone, as in a game that has no transport yet. */
let bare: Installation

beforeAll(() => {
  files = packedFiles()
  full = new Installation(files, [...Object.keys(dependencies), ...Object.keys(peerDependencies)])
  bare = new Installation(files, ['bitecs'])
})

afterAll(() => {
  full.remove()
  bare.remove()
})

describe('the package', () => {
  it('contains the build, the documents and nothing else', () => {
    const paths = files.map(({ path }) => path)
    const unexpected = paths.filter(
      (path) =>
        !/^(dist\/|docs\/|deploy\/|README\.md$|CHANGELOG\.md$|LICENSE$|SECURITY\.md$|package\.json$)/.test(path),
    )
    expect(unexpected).toEqual([])
    for (const path of ['README.md', 'CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'dist/cli.js', 'dist/index.d.ts']) {
      expect(paths).toContain(path)
    }
  })

  it('loads every entry in one program, with one identity for what two entries share', () => {
    const { code, stdout, stderr } = full.run(`
      const names = ${JSON.stringify(names)}
      const seen = new Map()
      const problems = []
      for (const name of names) {
        for (const [key, value] of Object.entries(await import(name))) {
          const first = seen.get(key)
          if (first === undefined) seen.set(key, { name, value })
          // Each client brings its own way to connect.
          else if (!/^connect(WebRtc)?$/.test(key) && !Object.is(first.value, value)) problems.push(key + ' differs in ' + first.name + ' and ' + name)
        }
      }
      console.log(JSON.stringify({ problems, count: seen.size }))
      process.exit(0)
    `)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const result = JSON.parse(stdout) as { problems: string[]; count: number }
    expect(result.problems).toEqual([])
    expect(result.count).toBeGreaterThan(0)
  })

  it.each([
    'bitecs-net',
    'bitecs-net/components',
    'bitecs-net/systems',
    'bitecs-net/auth',
    'bitecs-net/host',
    'bitecs-net/authority',
    'bitecs-net/collections',
    'bitecs-net/groups',
    'bitecs-net/interest',
    'bitecs-net/prefabs',
    'bitecs-net/requests',
    'bitecs-net/saves',
    'bitecs-net/scenes',
    'bitecs-net/stats',
    'bitecs-net/transport',
    'bitecs-net/users',
    'bitecs-net/testing',
  ])('loads %s without any transport installed', (name) => {
    const { code, stderr } = bare.run(`await import('${name}')`)
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  it.each([
    ['NodeNext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ['Bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ])('compiles in a strict program that resolves as %s', (_, module, moduleResolution) => {
    const file = join(full.folder, 'consumer.mts')
    const imports = names.map((name, i) => `import * as entry${i} from '${name}'`)
    const uses = names.map((__, i) => `export const keys${i}: string[] = Object.keys(entry${i})`)
    writeFileSync(file, [...imports, ...uses].join('\n'))
    const program = ts.createProgram([file], {
      module,
      moduleResolution,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      typeRoots: [join(root, 'node_modules/@types')],
      types: ['node'],
      strict: true,
      noEmit: true,
    })
    // The types of other packages are not ours to mend.
    const own = ts
      .getPreEmitDiagnostics(program)
      .filter((found) => found.file === undefined || found.file.fileName.includes(full.folder))
    expect(own.map((found) => ts.flattenDiagnosticMessageText(found.messageText, '\n'))).toEqual([])
  })
})

describe('the command', () => {
  it('is executable and begins with a shebang', () => {
    const path = 'dist/cli.js'
    expect(readFileSync(root + path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect((files.find((file) => file.path === path)?.mode ?? 0) & 0o111).not.toBe(0)
  })

  it('tells its version', () => {
    const { code, stdout } = full.node(join(full.library, 'dist/cli.js'), '--version')
    expect(stdout.trim()).toBe(manifest.version)
    expect(code).toBe(0)
  })

  it('explains what it can do', () => {
    const { code, stdout } = full.node(join(full.library, 'dist/cli.js'), '--help')
    for (const name of ['serve', 'bots']) expect(stdout).toContain(name)
    expect(code).toBe(0)
  })
})
