// Loading and checking game modules: what a module may be, and the sentence for each that is not.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { defineProtocol } from 'bitecs-net'
import { checkBotGame, checkServerGame, loadBotGame, loadServerGame } from '../../../src/cli/game-module.js'
import { UserError } from '../../../src/cli/user-error.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bitecs-net-games-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0

/** Writes a module and gives its path. */
function write(name: string, text: string): string {
  const path = join(folder, `${files++}`, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

/** Looks like a protocol; real ones come from a copy of the library that a folder of its own does not have. */
const PROTOCOL = '{ componentList: [], definitions: [], hashHigh: 1 }'

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(UserError)
  const { message } = error as UserError
  expect(message).not.toContain('\n')
  return message
}

describe('a game module', () => {
  it('may be TypeScript, with imports of its own', async () => {
    const path = write(
      'game.ts',
      `import type { World } from 'bitecs'
       import { rate } from './rate.js'
       enum Kind { A = 1 }
       export const protocol = ${PROTOCOL}
       export const tickRate: number = rate * Kind.A
       export const systems = [(_world: World): void => {}]`,
    )
    writeFileSync(join(dirname(path), 'rate.ts'), 'export const rate: number = await Promise.resolve(30)')
    const game = await loadServerGame(path)
    expect(game.tickRate).toBe(30)
    expect(game.systems).toHaveLength(1)
    expect(game.setup).toBeUndefined()
  })

  it.each(['game.mjs', 'game.js', 'game.mts'])('may be %s', async (name) => {
    const path = write(name, `export const protocol = ${PROTOCOL}; export const createBot = () => []`)
    const game = await loadBotGame(path)
    expect(game.createBot({} as never, 0)).toEqual([])
  })

  it('may be CommonJS', async () => {
    const path = write('game.cjs', `exports.protocol = ${PROTOCOL}; exports.systems = []`)
    expect((await loadServerGame(path)).systems).toEqual([])
  })

  it('is named with its full path when it does not exist', async () => {
    const path = join(folder, 'nowhere', 'game.ts')
    expect(await refusalOf(loadServerGame(path))).toBe(`the game module does not exist: ${path}`)
  })

  it('is refused when it is a folder', async () => {
    expect(await refusalOf(loadServerGame(folder))).toContain('is not a file')
  })

  it('is named with file, line and message when it throws', async () => {
    const path = write('game.ts', `\nexport const protocol = 1\nthrow new Error('no such map: arena')\n`)
    const message = await refusalOf(loadServerGame(path))
    expect(message).toMatch(/^cannot load .*game\.ts(:3:\d+)?: no such map: arena$/)
    expect(message).toContain(path)
  })

  it('is named with file and place when it does not parse', async () => {
    const path = write('game.ts', 'export const protocol = {\n')
    const message = await refusalOf(loadServerGame(path))
    expect(message).toContain(path)
    expect(message).toMatch(/^cannot load /)
  })

  it('is named with the missing import', async () => {
    const path = write('game.ts', `import { x } from './nothing.js'\nexport const protocol = x`)
    expect(await refusalOf(loadServerGame(path))).toMatch(/cannot load .*nothing\.js/)
  })
})

describe('the exports', () => {
  const protocol = defineProtocol({})
  const systems = [() => undefined]

  it('for a server are protocol and systems, and optionally tickRate and setup', () => {
    expect(checkServerGame({ protocol, systems }, 'g.ts').protocol).toBe(protocol)
    checkServerGame({ protocol, systems: [], tickRate: 60, setup: () => undefined }, 'g.ts')
  })

  it.each([
    [{ systems }, 'g.ts must export protocol, a protocol made by defineProtocol; it exports systems'],
    [{}, 'g.ts must export protocol, a protocol made by defineProtocol; it exports nothing'],
    [{ protocol, System: 1 }, 'g.ts must export systems, an array of functions; it exports protocol, System'],
    [{ protocol: {}, systems }, 'the export protocol of g.ts must be a protocol made by defineProtocol, not an object'],
    [{ protocol: null, systems }, 'the export protocol of g.ts must be a protocol made by defineProtocol, not null'],
    [{ protocol, systems: systems[0] }, 'the export systems of g.ts must be an array of functions, not a function'],
    [
      { protocol, systems: [...systems, 'move'] },
      'the export systems of g.ts must be an array of functions, not an array with a string at 1',
    ],
    [{ protocol, systems, tickRate: 0 }, 'the export tickRate of g.ts must be a number from 1 to 1000, not 0'],
    [
      { protocol, systems, tickRate: '20' },
      'the export tickRate of g.ts must be a number from 1 to 1000, not a string',
    ],
    [
      { protocol, systems, options: { limits: { maxConections: 5 } } },
      'the export options of g.ts has limits.maxConections, which is not an option of listen; did you mean limits.maxConnections?',
    ],
    [{ protocol, systems, setup: true }, 'the export setup of g.ts must be a function, not true'],
  ])('of a server are named when wrong (%#)', (exports, text) => {
    expect(() => checkServerGame(exports, 'g.ts')).toThrow(new UserError(text))
  })

  it.each([
    [{ protocol, systems }, 'b.ts must export createBot, a function; it exports protocol, systems'],
    [{ protocol, createBot: [] }, 'the export createBot of b.ts must be a function, not an array'],
    [
      { protocol, createBot: () => [], rate: Number.NaN },
      'the export rate of b.ts must be a number from 1 to 1000, not NaN',
    ],
  ])('of bots are named when wrong (%#)', (exports, text) => {
    expect(() => checkBotGame(exports, 'b.ts')).toThrow(new UserError(text))
  })
})
