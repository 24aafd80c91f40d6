// Tests that the unchanged systems of capture-the-flag play the same match on a host and on a server with clients.
import { afterEach, describe, expect, test } from 'vitest'
import { asHost, inMemory, type MakePeers } from '../../support/peers.js'
import { beginMatch, errorsOf, type Match, playBots, playScript, scoreOf, type Told } from './three-modes.js'

/** More captures than bots manage: the match goes on. */
const ENDLESS = 200

const open: Match[] = []

async function begin(make: MakePeers, players: number, capturesToWin?: number): Promise<Match> {
  const match = await beginMatch(make, players, capturesToWin)
  open.push(match)
  return match
}

afterEach(async () => {
  for (const { peers } of open.splice(0)) await peers.close()
})

interface Outcome {
  readonly trace: string[]
  readonly told: readonly Told[]
  readonly scores: unknown[]
}

async function bots(make: MakePeers): Promise<Outcome> {
  const match = await begin(make, 4, ENDLESS)
  const trace = await playBots(match, 3000)
  await match.peers.settle(3)
  expect(errorsOf(match)).toEqual([])
  return { trace, told: match.told, scores: match.peers.clients.map(({ world }) => scoreOf(world)) }
}

describe('16: capture the flag', () => {
  test('four players with the same inputs have the same positions in every tick and the same messages', async () => {
    const beside = await bots(inMemory)
    const host = await bots(asHost)
    expect(host.trace).toEqual(beside.trace)
    expect(host.told).toEqual(beside.told)
    expect(host.scores).toEqual(beside.scores)
    // The match must not be empty.
    const [first] = beside.told as [Told]
    for (const name of ['Burst', 'Tagged', 'YouWereFrozen', 'FlagTaken', 'FlagDropped', 'FlagReturned'] as const) {
      expect([name, beside.told.some((told) => told[name].length > 0)]).toEqual([name, true])
    }
    expect(first.FlagTaken.length).toBeGreaterThan(2)
  })

  test('a scripted match has the same result on a host and on a server', async () => {
    const ends: unknown[] = []
    for (const make of [inMemory, asHost]) {
      const match = await begin(make, 2)
      await playScript(match)
      expect(errorsOf(match)).toEqual([])
      ends.push([match.told, match.peers.clients.map(({ world }) => scoreOf(world))])
    }
    expect(ends[1]).toEqual(ends[0])
  })
})
