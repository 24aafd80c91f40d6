// The short attacks, against our server while others play on it; and those that end a bare server, as evidence.
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildProgram } from '../support/bundle.js'
import { ATTACKS } from './attacks.js'
import { LINK_ATTACKS } from './link-attacks.js'
import { OUTAGES } from './outages.js'
import { Arena, attackBare } from './suite.js'
import { WITHHOLDING } from './withheld-acknowledgements.js'

const ALL = [...ATTACKS, ...LINK_ATTACKS, ...WITHHOLDING, ...OUTAGES]

let program: string
let arena: Arena

beforeAll(async () => {
  program = await buildProgram(fileURLToPath(new URL('process.ts', import.meta.url)))
  arena = await Arena.start(program, 1, 4)
})

afterAll(() => arena?.stop())

describe('our server, while four play on it', () => {
  it.each(ALL.filter(({ isQuick }) => isQuick))('is not harmed by $name', async (attack) => {
    expect(await arena.attack(attack)).toEqual({ state: 'serves', words: '' })
  })

  it('counts what it held off, by kind, and shows nobody the key to a connection', async () => {
    const { transport, visible } = await arena.look()
    expect(transport).toMatchObject({ textFrames: 2, foreignOrigins: 3, oversizedRequests: 0, callbackErrors: 0 })
    for (const kind of [
      'malformedRequests',
      'unknownConnections',
      'repeatedAnswers',
      'unauthorizedRequests',
      'rateLimitedRequests',
      'strippedCandidates',
    ] as const) {
      expect([kind, transport[kind]]).not.toEqual([kind, 0])
    }
    expect(visible).not.toMatch(/[0-9a-f]{32}/)
  })
})

describe('a bare server', () => {
  it('dies of what ours does not feel', async () => {
    const deadly = ATTACKS.filter(({ bare, isQuick }) => bare === 'dies' && isQuick)
    const states = await Promise.all(
      deadly.map(async (attack) => [attack.name, (await attackBare(program, attack)).state]),
    )
    expect(states).toEqual(deadly.map(({ name }) => [name, 'dies']))
  })
})
