// Tests capture-the-flag in memory over many kinds of bad networks, seeded for exact repetition.
import { hasComponent, query } from 'bitecs'
import { connectionOf } from 'bitecs-net'
import { Connected, Connection, Interrupted, Networked } from 'bitecs-net/components'
import { type Conditions, createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { TICK_RATE } from '../../../examples/capture-the-flag/rules.js'
import { connectionIn, protocol, RoughGame } from '../../support/rough-game.js'

const PLAYERS = 4
const PERFECT: Partial<Conditions> = { latency: 0, jitter: 0, loss: 0, duplicate: 0, reorder: 0, rate: 0, down: false }

class Match {
  readonly game = new RoughGame()
  readonly net: TestNetwork
  private readonly clientSystems = new Map<object, (() => void)[]>()

  constructor(seed: number) {
    this.net = createTestNetwork(protocol, {
      clients: 0,
      tickRate: TICK_RATE,
      seed,
      serverSystems: this.game.serverSystems,
      clientSystems: [(world) => this.systemsOf(world).forEach((system) => system())],
    })
    this.game.begin(this.net.server)
    for (let i = 0; i < PLAYERS; i++) this.net.connect()
    this.until('everyone is on the field', () => this.game.players.every((player) => this.game.isInMatch(player)))
  }

  private systemsOf(world: TestClient['world']): (() => void)[] {
    let own = this.clientSystems.get(world)
    if (own === undefined) {
      own = this.game.addPlayer(world).map((system) => () => system(world))
      this.clientSystems.set(world, own)
    }
    return own
  }

  /** In both directions. */
  set(conditions: Partial<Conditions>): void {
    this.net.setServerConditions(conditions)
    for (const client of this.net.clients) client.setConditions(conditions)
  }

  seconds(count: number): void {
    this.net.tick(Math.round(count * TICK_RATE))
  }

  until(what: string, holds: () => boolean, limit = 1500): void {
    for (let i = 0; i < limit; i++) {
      if (holds()) return
      this.net.tick()
    }
    throw new Error(`in vain for ${limit} ticks: ${what}`)
  }

  /**
   * Everyone stops, and within a few seconds everyone has everything; returns what is wrong still. What a player did
   * during an outage arrives at once and may be more than its rate allows; tries to come back that came to nothing are
   * told as well.
   */
  settle(afterOutage = false): string[] {
    this.game.quieten()
    for (let i = 0; i < 20 * TICK_RATE && this.game.differences().length > 0; i++) this.net.tick()
    const errors = this.game.errors().filter((error) => !afterOutage || !/^(over-rate|handshake-timeout): /.test(error))
    return [...this.game.differences(), ...this.game.faults, ...errors]
  }

  /** How many sessions each player has had, and how often they were interrupted. */
  get lives(): string[] {
    return this.game.players.map((player) => `${player.sessions} sessions, ${player.interruptions} interruptions`)
  }
}

const LASTING: Record<string, Partial<Conditions>> = {
  'loss of 5 %': { loss: 0.05, latency: 20 },
  'loss of 20 %': { loss: 0.2, latency: 20 },
  'loss of 40 %': { loss: 0.4, latency: 20 },
  'delay of 250 ms': { latency: 250 },
  'jitter of 150 ms': { latency: 20, jitter: 150 },
  'reordering of every third packet': { latency: 20, reorder: 0.33, reorderBy: 80 },
  'duplication of every fourth packet': { latency: 20, duplicate: 0.25 },
  'a rate of 3 KB a second': { latency: 20, rate: 3000, queue: 4000 },
  'all of it at once': { latency: 60, jitter: 60, loss: 0.15, reorder: 0.2, duplicate: 0.2, rate: 8000, queue: 8000 },
}

it.each(Object.entries(LASTING))(
  'a match through %s: every client ends with the state of the server',
  (_, conditions) => {
    const match = new Match(11)
    match.set(conditions)
    match.seconds(10)
    // The network stays bad while the state settles.
    expect(match.settle()).toEqual([])
    expect(new Set(match.lives)).toEqual(new Set(['1 sessions, 0 interruptions']))
  },
)

/** The connection and player of each client, by the server's ids and by its own. */
function holdings({ net, game }: Match): unknown[] {
  return game.players.map(({ world }) => {
    const connection = connectionIn(net.server, world)
    const copies = [...query(world, [Networked])].sort((a, b) => a - b)
    const player = Connection.player[connectionOf(world)]!
    return { connection, body: Connection.player[connection], player, hasPlayer: copies.includes(player) }
  })
}

it('a match through an outage of a second: no session is interrupted', () => {
  const match = new Match(12)
  match.seconds(3)
  const before = holdings(match)
  match.set({ down: true })
  match.seconds(1)
  match.set(PERFECT)
  match.seconds(2)
  expect(holdings(match)).toEqual(before)
  expect(match.settle()).toEqual([])
  expect(new Set(match.lives)).toEqual(new Set(['1 sessions, 0 interruptions']))
})

it('a match through an outage of five seconds: the sessions resume with their players and entities', () => {
  const match = new Match(13)
  match.set({ latency: 30, loss: 0.05 })
  match.seconds(3)
  const before = holdings(match)
  match.set({ down: true })
  match.seconds(4)
  const { server } = match.net
  for (const { world } of match.game.players) {
    expect(hasComponent(world, connectionOf(world), Interrupted)).toBe(true)
    expect(hasComponent(server, connectionIn(server, world), Interrupted)).toBe(true)
  }
  match.seconds(1)
  match.set({ down: false })
  match.seconds(3)
  expect(holdings(match)).toEqual(before)
  expect(match.settle(true)).toEqual([])
  expect(new Set(match.lives)).toEqual(new Set(['1 sessions, 1 interruptions']))
})

it('a match through addresses that change repeatedly: the sessions resume on other links', () => {
  const match = new Match(14)
  match.set({ latency: 30, loss: 0.1, reorder: 0.1 })
  match.seconds(2)
  const before = holdings(match)
  for (let i = 0; i < 12; i++) {
    match.net.clients[i % PLAYERS]!.cut()
    match.seconds(0.7)
  }
  match.seconds(1)
  expect(holdings(match)).toEqual(before)
  expect(match.settle()).toEqual([])
  expect(new Set(match.game.players.map(({ sessions }) => sessions))).toEqual(new Set([1]))
})

it('a match through an outage of twenty seconds: the sessions end, and later sessions contain nothing of them', () => {
  const match = new Match(15)
  match.seconds(3)
  const { net, game } = match
  const before = game.players.map(({ world }) => connectionIn(net.server, world))
  const ids = before.map((connection) => Connection.id[connection])
  match.set({ down: true })
  match.seconds(20)
  expect(query(net.server, [Connected]).length).toBe(0)
  for (const client of net.clients) {
    expect([client.reason?.code, query(client.world, [Networked]).length]).toEqual(['timeout', 0])
    expect(Connection.player[connectionOf(client.world)]).toBe(0)
    client.running = false
  }
  match.set(PERFECT)
  for (const { world } of game.players) net.connect({ world })
  match.until('everyone is on the field again', () => game.players.every((player) => game.isInMatch(player)))
  match.seconds(3)
  const after = game.players.map(({ world }) => Connection.id[connectionIn(net.server, world)])
  for (const id of after) expect(ids).not.toContain(id)
  // The world contains the current players only.
  expect(game.peopleAndPlayers()).toEqual({ people: new Set(after), players: new Set(after) })
  expect(match.settle(true)).toEqual([])
  expect(new Set(game.players.map(({ sessions }) => sessions))).toEqual(new Set([2]))
})
