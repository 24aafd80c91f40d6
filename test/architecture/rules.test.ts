// Tests that every architecture rule can fail: each checks a small made-up tree that breaks it.
import { describe, expect, it } from 'vitest'
import { findImports } from '../../scripts/imports.js'
import { BROWSER_BUILT, checkBrowserChunks, checkBuiltCycles, checkBuiltImports, checkNotBundled } from './built.js'
import { LAYERS, mayImport, placeOf } from './layers.js'
import { checkParameters } from './parameters.js'
import {
  checkBrowserReach,
  checkCycles,
  checkFirstLines,
  checkFolders,
  checkImports,
  checkLengths,
  MAX_FILES,
  MAX_LINES,
  type Files,
} from './rules.js'

/** A tree of one file per layer, and whatever the test adds to it. */
function tree(added: Record<string, string>): Files {
  const base: Record<string, string> = {
    'src/protocol/a.ts': '',
    'src/transport/a.ts': '',
    'src/transport/geckos/geckos-server.ts': '',
    'src/connection/a.ts': '',
    'src/replication/a.ts': '',
    'src/remote/a.ts': '',
    'src/world/a.ts': '',
    'systems/a.ts': '',
    'systems/b.ts': '',
    'src/server.ts': '',
    'components/a.ts': '',
  }
  return new Map(Object.entries({ ...base, ...added }))
}

describe('findImports', () => {
  it('finds every form of import, with its line', () => {
    const text = [
      "import { a } from './a.js'",
      "import type { B } from './b.js'",
      "import { type C } from './c.js'",
      "import './d.js'",
      "export * from './e.js'",
      "export type { F } from './f.js'",
      "const g = await import('./g.js')",
      "let h: import('./h.js').H",
      "const i = require('./i.js')",
      'const j = await import(name)',
      'import k = require("./k.js")',
    ].join('\n')
    expect(findImports('x.ts', text)).toEqual([
      { specifier: './a.js', typeOnly: false, line: 1 },
      { specifier: './b.js', typeOnly: true, line: 2 },
      { specifier: './c.js', typeOnly: false, line: 3 },
      { specifier: './d.js', typeOnly: false, line: 4 },
      { specifier: './e.js', typeOnly: false, line: 5 },
      { specifier: './f.js', typeOnly: true, line: 6 },
      { specifier: './g.js', typeOnly: false, line: 7 },
      { specifier: './h.js', typeOnly: true, line: 8 },
      { specifier: './i.js', typeOnly: false, line: 9 },
      { specifier: undefined, typeOnly: false, line: 10 },
      { specifier: './k.js', typeOnly: false, line: 11 },
    ])
  })

  it('ignores imports in comments and strings', () => {
    expect(
      findImports('x.ts', '// import "./a.js"\nconst a = "import b from \'./b.js\'"\nconst c = `require("./c.js")`'),
    ).toEqual([])
  })
})

describe('layers', () => {
  it('assign every file to its layer', () => {
    expect(placeOf('src/protocol/a.ts')).toBe('protocol')
    expect(placeOf('src/world/deep/a.ts')).toBe('world')
    expect(placeOf('systems/a.ts')).toBe('systems')
    expect(placeOf('components/a.ts')).toBe('components')
    expect(placeOf('src/client.ts')).toBe('entry')
    expect(placeOf('src/cli/serve.ts')).toBe('entry')
    expect(placeOf('src/misc/a.ts')).toBeUndefined()
    expect(placeOf('src/systems/a.ts')).toBeUndefined()
    expect(placeOf('lib/a.ts')).toBeUndefined()
  })

  it('may only import layers below', () => {
    for (const [i, from] of LAYERS.entries()) {
      for (const [j, to] of LAYERS.entries()) expect(mayImport(from, to), `${from} → ${to}`).toBe(j <= i)
    }
  })

  it('may import components from replication upwards', () => {
    expect(LAYERS.filter((layer) => mayImport(layer, 'components'))).toEqual([
      'replication',
      'remote',
      'world',
      'systems',
      'verbs',
      'entry',
    ])
    expect(LAYERS.filter((layer) => mayImport('components', layer))).toEqual([])
  })
})

describe('the check of imports', () => {
  it('accepts a tree that keeps the rules', () => {
    const files = tree({
      'src/transport/b.ts': "import { a } from '../protocol/a.js'\nimport { c } from './a.js'",
      'src/transport/geckos/geckos-server.ts':
        "import g from '@geckos.io/server'\nimport { createServer } from 'node:http'",
      'src/replication/b.ts': "import { query } from 'bitecs'\nimport { A } from '../../components/a.js'",
      'systems/index.ts': "export { a } from './a.js'\nexport { b } from './b.js'",
      'components/b.ts': "import type { World } from 'bitecs'",
      'src/cli.ts': "import { Command } from 'commander'\nimport './cli/serve.js'",
      'src/cli/serve.ts': 'const game = await import(path)',
    })
    expect(checkImports(files)).toEqual([])
  })

  it.each([
    [
      'an import of a higher layer in protocol',
      'src/protocol/b.ts',
      "import '../transport/a.js'",
      'protocol must not import transport',
    ],
    ['a type import', 'src/protocol/b.ts', "import type { A } from '../world/a.js'", 'protocol must not import world'],
    ['an import type', 'src/remote/b.ts', "let a: import('../world/a.js').A", 'remote must not import world'],
    ['a re-export', 'src/world/b.ts', "export * from '../../systems/a.js'", 'world must not import systems'],
    ['an import of an entry in a system', 'systems/c.ts', "import '../src/server.js'", 'systems must not import entry'],
    [
      'an import of components in transport',
      'src/transport/b.ts',
      "import '../../components/a.js'",
      'must not import components',
    ],
    [
      'an import of a layer in components',
      'components/b.ts',
      "import '../src/protocol/a.js'",
      'components must not import protocol',
    ],
    [
      'an import of more than types of bitecs in components',
      'components/b.ts',
      "import { query } from 'bitecs'",
      'nothing of bitecs but types',
    ],
    ['an import of a package in components', 'components/b.ts', "import type { A } from 'a'", 'use packages (a)'],
    ['an import of a system in a system', 'systems/c.ts', "import './a.js'", 'a system must not import a system'],
    [
      'an import of bitecs in protocol',
      'src/protocol/b.ts',
      "import type { World } from 'bitecs'",
      'protocol must not import bitecs',
    ],
    ['an import of bitecs in transport', 'src/transport/b.ts', "import 'bitecs'", 'transport must not import bitecs'],
    [
      'geckos outside its adapters',
      'src/world/b.ts',
      "import '@geckos.io/client'",
      'only src/transport/geckos-*.ts use',
    ],
    [
      'geckos in a system',
      'systems/c.ts',
      "import type { A } from '@geckos.io/server'",
      'only src/transport/geckos-*.ts use',
    ],
    [
      'node-datachannel outside its adapters',
      'src/server.ts',
      "import 'node-datachannel/polyfill'",
      'only src/transport/geckos-*.ts',
    ],
    ['Node in a layer', 'src/connection/b.ts', "import 'node:fs'", 'and their adapters use node:fs'],
    ['Node without its prefix', 'src/connection/b.ts', "import 'fs/promises'", 'and their adapters use fs/promises'],
    ['Node without its prefix where it is allowed', 'src/cli.ts', "import 'fs'", 'write node:fs'],
    ['Node in the browser client', 'src/client.ts', "import 'node:fs'", 'and their adapters use node:fs'],
    [
      'Node in the browser adapter',
      'src/transport/geckos/geckos-client.ts',
      "import 'node:fs'",
      'and their adapters use node:fs',
    ],
    ['tokens outside their file', 'src/server.ts', "import { jwtVerify } from 'jose'", 'only src/auth.ts uses jose'],
    ['a package in a layer', 'src/world/b.ts', "import 'pino'", 'use packages (pino)'],
    ['a file without .js', 'src/world/b.ts', "import './a'", 'does not end in .js'],
    ['a file that does not exist', 'src/world/b.ts', "import './none.js'", 'is no file of'],
    ['a module known at run time only', 'src/world/b.ts', 'await import(name)', 'only known at run time'],
  ])('refuses %s', (_, path, text, expected) => {
    const violations = checkImports(tree({ [path]: `\n${text}` }))
    expect(violations).toHaveLength(1)
    expect(violations[0]).toContain(expected)
    expect(violations[0]).toContain(`${path}:2: `)
  })

  it('refuses a file outside all layers', () => {
    expect(checkImports(tree({ 'src/misc/a.ts': '' }))).toEqual(['src/misc/a.ts: stands in no layer'])
  })
})

describe('the check of import cycles', () => {
  it('accepts files that share a neighbour', () => {
    const files = tree({ 'src/world/b.ts': "import './a.js'", 'src/world/c.ts': "import './a.js'\nimport './b.js'" })
    expect(checkCycles(files)).toEqual([])
  })

  it('reports a cycle once, with its path', () => {
    const files = tree({
      'src/world/a.ts': "import './b.js'",
      'src/world/b.ts': "import './c.js'",
      'src/world/c.ts': "import './a.js'",
    })
    expect(checkCycles(files)).toEqual([
      'import cycle: src/world/a.ts → src/world/b.ts → src/world/c.ts → src/world/a.ts',
    ])
  })

  it('counts type imports, and a file that imports itself', () => {
    expect(checkCycles(tree({ 'src/world/a.ts': "import type { A } from './a.js'" }))).toEqual([
      'import cycle: src/world/a.ts → src/world/a.ts',
    ])
  })

  it('reports two separate cycles', () => {
    const files = tree({
      'systems/a.ts': "import './b.js'",
      'systems/b.ts': "import './a.js'",
      'src/world/a.ts': "import './b.js'",
      'src/world/b.ts': "import './a.js'",
    })
    expect(checkCycles(files)).toHaveLength(2)
  })
})

describe('the check of browser entries', () => {
  it('accepts the browser adapter, and types of the server', () => {
    const files = tree({
      'src/client.ts':
        "import './transport/geckos/geckos-client.js'\nimport type { A } from './transport/geckos/geckos-server.js'",
      'src/transport/geckos/geckos-client.ts': "import '@geckos.io/client'",
      'src/transport/geckos/geckos-server.ts': "import '@geckos.io/server'",
    })
    expect(checkBrowserReach(files)).toEqual([])
  })

  it.each(['node:http', '@geckos.io/server', 'node-datachannel/polyfill', 'fs'])(
    'refuses %s, and reports the path to it',
    (name) => {
      const files = tree({
        'src/client.ts': "import './world/a.js'",
        'src/world/a.ts': "import '../transport/geckos/geckos-server.js'",
        'src/transport/geckos/geckos-server.ts': `import '${name}'`,
      })
      expect(checkBrowserReach(files)).toEqual([
        `src/client.ts → src/world/a.ts → src/transport/geckos/geckos-server.ts → ${name}`,
      ])
    },
  )
})

describe("the check of a file's first line and length", () => {
  it('accepts a comment on the first line, also after a shebang', () => {
    const files = new Map([
      ['a.ts', '// What this is for\n'],
      ['b.ts', '#!/usr/bin/env node\n// What this is for\n'],
    ])
    expect(checkFirstLines(files)).toEqual([])
  })

  it.each([
    '',
    'export {}\n',
    '/* What this is for */\n',
    '// world\n',
    '#!/usr/bin/env node\nexport {}\n',
    '\n// What it is for\n',
  ])('refuses a file that begins with %j', (text) => {
    expect(checkFirstLines(new Map([['a.ts', text]]))).toHaveLength(1)
  })

  it('refuses a file that is too long', () => {
    expect(checkLengths(new Map([['a.ts', 'x\n'.repeat(MAX_LINES)]]))).toEqual([])
    expect(checkLengths(new Map([['a.ts', 'x\n'.repeat(MAX_LINES + 1)]]))).toHaveLength(1)
  })
})

describe("the check of a folder's size", () => {
  const filled = (folder: string, count: number): [string, string][] =>
    Array.from({ length: count }, (_, i) => [`${folder}/${i}.ts`, ''])

  it('accepts a full folder, and does not count its subfolders', () => {
    const files = new Map([...filled('src/world', MAX_FILES), ...filled('src/world/server', MAX_FILES)])
    expect(checkFolders(files)).toEqual([])
  })

  it.each(['src', 'src/world/server', 'systems', 'components'])('refuses one file above the limit in %s', (folder) => {
    expect(checkFolders(new Map(filled(folder, MAX_FILES + 1)))).toEqual([
      `${folder}: ${MAX_FILES + 1} files, more than ${MAX_FILES}: group them by job`,
    ])
  })
})

describe('the parameters of a function', () => {
  const none: ReadonlySet<string> = new Set()

  it('are accepted up to five', () => {
    expect(checkParameters(tree({ 'src/world/b.ts': 'function f(a, b, c, d, e) {}' }), none)).toEqual([])
  })

  it.each([
    ['f', 'function f(a, b, c, d, e, g) {}'],
    ['C', 'class C {\n constructor(a, b, c, d, e, g) {}\n}'],
    ['m', 'class C {\n m(a, b, c, d, e, g = 1) {}\n}'],
    ['function', 'const f = (a, b, c, d, e, g) => 1'],
  ])('are refused if there are six: %s', (name, text) => {
    const violations = checkParameters(tree({ 'src/world/b.ts': text }), none)
    expect(violations).toHaveLength(1)
    expect(violations[0]).toContain(`: ${name} takes 6 parameters, more than 5`)
  })

  it('may be six in a listed kernel, and the list must be needed', () => {
    const listed = new Set(['src/world/b.ts: f'])
    expect(checkParameters(tree({ 'src/world/b.ts': 'function f(a, b, c, d, e, g) {}' }), listed)).toEqual([])
    expect(checkParameters(tree({ 'src/world/b.ts': 'function f(a) {}' }), listed)).toEqual([
      'src/world/b.ts: f: is listed, but takes at most 5 parameters',
    ])
  })
})

describe('the checks of the built files', () => {
  const declared = { packages: new Set(['bitecs', 'pino', '@geckos.io/client']) }
  const built = (added: Record<string, string>): Files =>
    new Map(
      Object.entries({
        ...Object.fromEntries(BROWSER_BUILT.map((path) => [path, ''])),
        'dist/client.js': "import './chunk-1.js'",
        'dist/server.js': "import 'node:http'",
        'dist/chunk-1.js': "import '@geckos.io/client'\nimport 'bitecs'",
        ...added,
      }),
    )

  it('accepts chunks that keep the rules', () => {
    expect(checkBrowserChunks(built({}))).toEqual([])
    expect(checkBuiltImports(built({}), declared)).toEqual([])
    expect(checkBuiltCycles(built({}))).toEqual([])
  })

  it.each(['node:http', 'http', '@geckos.io/server', 'node-datachannel'])(
    'refuses %s in a chunk of the client',
    (name) => {
      expect(checkBrowserChunks(built({ 'dist/chunk-1.js': `import '${name}'` }))).toEqual([
        `dist/client.js → dist/chunk-1.js → ${name}`,
      ])
    },
  )

  it('refuses Node modules after a dynamic import, too', () => {
    expect(checkBrowserChunks(built({ 'dist/chunk-1.js': "await import('node:http')" }))).toHaveLength(1)
  })

  it('refuses server packages in the types, too', () => {
    expect(checkBrowserChunks(built({ 'dist/chunk-1.js': "import type { S } from '@geckos.io/server'" }))).toHaveLength(
      1,
    )
  })

  it('reports an entry that was not built', () => {
    const files = new Map(built({}))
    files.delete('dist/client.js')
    expect(checkBrowserChunks(files)).toEqual(['dist/client.js is missing: run `npm run build`'])
  })

  it.each([
    ["import './chunk-2.js'", 'was not built'],
    ["import 'http'", 'lost its node: prefix'],
    ["import 'sirv'", 'sirv is neither a dependency nor a peer dependency'],
  ])('refuses %s', (text, expected) => {
    const violations = checkBuiltImports(built({ 'dist/server.js': text }), declared)
    expect(violations).toHaveLength(1)
    expect(violations[0]).toContain(expected)
  })

  it('refuses a bundled peer dependency', () => {
    const text = '// node_modules/@geckos.io/server/lib/index.js\nvar a = 1\n// ../node_modules/bitecs/dist/core.js\n'
    expect(checkNotBundled(built({ 'dist/server.js': text }))).toEqual([
      'dist/server.js: contains @geckos.io/server',
      'dist/server.js: contains bitecs',
    ])
  })

  it('refuses chunks that import each other', () => {
    const files = built({ 'dist/chunk-1.js': "import './chunk-2.js'", 'dist/chunk-2.js': "import './chunk-1.js'" })
    expect(checkBuiltCycles(files)).toEqual(['chunk cycle: dist/chunk-1.js → dist/chunk-2.js → dist/chunk-1.js'])
  })
})
