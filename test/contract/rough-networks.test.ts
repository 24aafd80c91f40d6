// Capture-the-flag over real WebRTC through bad networks, all of them at the same time: players of one match come over
// relays that lose, delay, jitter, swap, double, throttle, fall silent, and change addresses.
//
// With BITECS_NET_LONG=1 (`npm run test:long`) there are more of them, and the match takes longer.
import { createEntityIndex } from 'bitecs'
import {
  connectionOf,
  close,
  createClientWorld,
  createServerWorld,
  type ClientWorld,
  type ServerWorld,
} from 'bitecs-net'
import { Connection } from 'bitecs-net/components'
import { connect, startLoop } from 'bitecs-net/node'
import { listen, type Server } from 'bitecs-net/server'
import { clientReceive, clientSend } from 'bitecs-net/systems'
import type { Conditions } from 'bitecs-net/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TICK_RATE } from '../../examples/capture-the-flag/rules.js'
import { type Relay, startRelay } from '../support/relay.js'
import { connectionIn, type Player, protocol, RoughGame } from '../support/rough-game.js'
import { isLong } from '../support/seeds.js'
import { type Late, measureOutage } from '../support/stale-packets.js'
import { until } from '../support/until.js'

const PLAY_MS = isLong ? 40_000 : 8000
/** A window of eight packets, and what is probed with meanwhile. */
const MOST_STALE = 18

interface Network {
  /** From the beginning of the match on. */
  readonly conditions?: Partial<Conditions>
  /** Milliseconds of silence, a second after that. */
  readonly outage?: number
  /** Milliseconds between two changes of the address. */
  readonly newAddressEvery?: number
  /** The session of before is over; or it may be: what is so bad that a line breaks, and no other is made in time. */
  readonly ends?: true | 'perhaps'
}

const SHORT: Record<string, Network> = {
  'loss of 20 %': { conditions: { loss: 0.2 } },
  'delay, jitter, reordering and duplication': {
    conditions: { latency: 60, jitter: 60, reorder: 0.2, reorderBy: 60, duplicate: 0.2 },
  },
  'an outage of five seconds': { outage: 5000 },
  'an address that changes': { newAddressEvery: 60_000 },
}

const LONG: Record<string, Network> = {
  ...SHORT,
  'an address that changes again and again': { newAddressEvery: 9000 },
  'loss of 5 %': { conditions: { loss: 0.05 } },
  'loss of 40 %': { conditions: { loss: 0.4 }, ends: 'perhaps' },
  'delay of 250 ms': { conditions: { latency: 250 } },
  'jitter of 150 ms': { conditions: { jitter: 150 } },
  'reordering of every third packet': { conditions: { reorder: 0.33, reorderBy: 80 } },
  'duplication of every fourth packet': { conditions: { duplicate: 0.25 } },
  'a rate of 12 KB a second': { conditions: { rate: 12_000, queue: 8000 } },
  'an outage of a second': { outage: 1000 },
  'an outage of twenty seconds': { outage: 20_000, ends: true },
}

const networks = Object.entries(isLong ? LONG : SHORT)
const game = new RoughGame()
const relays: Relay[] = []
const players: Player[] = []
/** What each player had when the match began: the number of its connection, and its player in both worlds. */
const before: unknown[] = []
let late: Late[] = []
let server: ServerWorld
let serving: Server

async function join(url: string, entityIndex: ReturnType<typeof createEntityIndex>): Promise<Player> {
  const world: ClientWorld = createClientWorld(protocol, { entityIndex })
  const systems = game.addPlayer(world)
  const player = game.players.at(-1)!
  await connect(world, { url, timeout: 30_000, reconnect: 'always' })
  startLoop<ClientWorld>(world, [...clientReceive, ...systems, ...clientSend], { rate: TICK_RATE })
  return player
}

function holdings({ world }: Player): unknown {
  const own = connectionOf(world)
  const connection = connectionIn(server, world)
  return { id: Connection.id[own], player: Connection.player[own], connection, body: Connection.player[connection] }
}

/** Does to a network what there is to be done, and resolves when it is over. */
async function worsen(relay: Relay, { conditions = {}, outage, newAddressEvery }: Network): Promise<void> {
  const set = (changed: Partial<Conditions>): void => {
    relay.up.set(changed)
    relay.down.set(changed)
  }
  set(conditions)
  const start = performance.now()
  const passed = (milliseconds: number): Promise<void> =>
    until('time passes', () => performance.now() - start >= milliseconds, milliseconds + 10_000)
  await passed(1000)
  if (outage !== undefined) {
    set({ down: true })
    await passed(1000 + outage)
    set({ down: false })
  }
  for (let at = 1000; at < PLAY_MS; at += newAddressEvery ?? PLAY_MS) {
    await passed(at)
    if (newAddressEvery !== undefined) await relay.changeAddresses()
  }
  await passed(Math.max(PLAY_MS, 1000 + (outage ?? 0) + 3000))
}

beforeAll(async () => {
  const entityIndex = createEntityIndex()
  server = createServerWorld(protocol, { entityIndex, tickRate: TICK_RATE })
  serving = await listen(server, { port: 0, host: '127.0.0.1', network: { bindAddress: '127.0.0.1' } })
  game.begin(server)
  serving.run(game.serverSystems)
  for (const [i] of networks.entries()) {
    relays.push(await startRelay({ upstream: `http://127.0.0.1:${serving.port}`, seed: 100 + i }))
    players.push(await join(relays[i]!.url, entityIndex))
  }
  await until('everyone is on the field', () => players.every((player) => game.isInMatch(player)), 30_000)
  before.push(...players.map(holdings))
  const outages = Promise.all([measureOutage(20, 3000, entityIndex), measureOutage(60, 20_000, entityIndex)])
  await Promise.all(networks.map(([, network], i) => worsen(relays[i]!, network)))
  late = await outages
  game.quieten()
  await until('all settles', () => game.differences().length === 0, isLong ? 60_000 : 20_000).catch(() => {})
}, 200_000)

afterAll(async () => {
  await Promise.all(game.players.map(({ world }) => close(world)))
  await serving?.close()
  await Promise.all(relays.map((relay) => relay.close()))
}, 30_000)

describe('a match over real WebRTC', () => {
  it('ends with the same state everywhere, and every reliable call has arrived once, in order, both ways', () => {
    expect([game.differences(), game.faults]).toEqual([[], []])
  })

  it.each(networks)('goes on through %s', (name, { ends }) => {
    const i = networks.findIndex(([other]) => other === name)
    const { sessions, interruptions, counting } = players[i]!
    if (isLong) console.log(`${name}: ${sessions} sessions, ${interruptions} interruptions, ${counting.said} said`)
    const isSame = JSON.stringify(holdings(players[i]!)) === JSON.stringify(before[i])
    const wanted = ends === 'perhaps' ? sessions : ends ? 2 : 1
    // A session that ended leaves nothing to the one behind it; any other keeps all that it had.
    expect({ sessions, isSame }).toEqual({ sessions: wanted, isSame: wanted === 1 })
    expect(counting.said > 20 || ends === 'perhaps').toBe(true)
  })

  it('did meet networks that are bad', () => {
    const interrupted = networks.flatMap(([name], i) => (players[i]!.interruptions > 0 ? [name] : []))
    expect(interrupted).toContain('an outage of five seconds')
    expect(interrupted).toContain('an address that changes')
    for (const [i, [, { conditions = {} }]] of networks.entries()) {
      expect(relays[i]!.down.lost / relays[i]!.down.seen).toBeGreaterThanOrEqual((conditions.loss ?? 0) / 2)
    }
  })
})

it(`after an outage of six seconds, at 20 and at 60 Hz, at most ${MOST_STALE} packets come late, and values jump to the newest`, () => {
  if (isLong) console.log(late)
  expect(late.map(({ tickRate, isInterrupted }) => [tickRate, isInterrupted])).toEqual([
    [20, false],
    [60, false],
  ])
  for (const { packets, values } of late) {
    expect(packets).toBeLessThanOrEqual(MOST_STALE)
    expect(values).toBeLessThanOrEqual(packets)
  }
})
