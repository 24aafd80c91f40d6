// Checks the architecture of the source tree: layers, packages, cycles, browser entries, and the shape of each file.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { root } from '../../scripts/entries.js'
import { listCode } from '../../scripts/imports.js'
import { routesIntoSources } from '../../scripts/public-tests.js'
import {
  checkBrowserReach,
  checkConstants,
  checkCycles,
  checkFirstLines,
  checkFolders,
  checkImports,
  checkLengths,
  checkWidths,
  countExports,
  type Files,
} from './rules.js'
import { checkSlices, checkStates, checkSystems } from './state-rules.js'
import { checkParameters, HOT_KERNELS } from './parameters.js'

function readAll(...folders: string[]): Files {
  return new Map(
    folders.flatMap((folder) => listCode(root, folder)).map((path) => [path, readFileSync(root + path, 'utf8')]),
  )
}

describe('the sources', () => {
  const library = readAll('src', 'systems', 'components')

  it('include every entry', () => {
    for (const entry of ['src/index.ts', 'src/client.ts', 'src/server.ts', 'systems/index.ts', 'components/index.ts']) {
      expect([...library.keys()]).toContain(entry)
    }
  })

  it('import lower layers only, and each package only where it is allowed', () => {
    expect(checkImports(library)).toEqual([])
  })

  it('have no import cycle', () => {
    expect(checkCycles(library)).toEqual([])
  })

  it('keep Node and server code out of browser entries', () => {
    expect(checkBrowserReach(library)).toEqual([])
  })

  it('describe each file in its first line', () => {
    expect(checkFirstLines(readAll('src', 'systems', 'components', 'test', 'bench', 'examples', 'scripts'))).toEqual([])
  })

  it('export at most 130 names from the main entry', () => {
    expect(countExports(library.get('src/index.ts')!)).toBeLessThanOrEqual(130)
    expect(countExports("export { a, type B } from './c.js'\nexport type { D } from './d.js'")).toBe(3)
  })

  it('have no function with more than five parameters, except the listed kernels', () => {
    expect(checkParameters(library, HOT_KERNELS)).toEqual([])
  })

  it('have no file above the maximum length', () => {
    expect(checkLengths(library)).toEqual([])
  })

  it('declare each constant in one place', () => {
    expect(checkConstants(library)).toEqual([])
    const twice = new Map([
      ['a.ts', 'const LIMIT_MS = 3000'],
      ['b.ts', 'export const LIMIT_MS = 3000'],
      ['c.ts', 'const LIMIT_MS = 4000'],
    ])
    expect(checkConstants(twice)).toEqual(['b.ts: LIMIT_MS = 3000 is declared in a.ts too'])
  })

  it('have no line longer than 120 columns', () => {
    expect(checkWidths(library)).toEqual([])
    expect(checkWidths(new Map([['a.ts', `\n${'x'.repeat(121)}`]]))).toEqual(['a.ts:2: 121 columns'])
  })

  it('have no folder above the maximum number of files', () => {
    expect(checkFolders(library)).toEqual([])
  })

  it('have no system that is only one call', () => {
    expect(checkSystems(library)).toEqual([])
  })

  it('have no interface that repeats a part of the state of a side', () => {
    expect(checkSlices(library)).toEqual([])
  })

  it('have no class that holds the tick of a side', () => {
    expect(checkStates(library)).toEqual([])
  })
})

describe('the tests', () => {
  it('for behaviours use public names only, so that they also run against dist', () => {
    const routes = [...routesIntoSources(['test/behaviour'])].filter(([, route]) => route.length > 0)
    expect(routes.map(([, route]) => route.join(' → '))).toEqual([])
  })
})
