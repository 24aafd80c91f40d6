// Measures packets that arrive late after an outage over real WebRTC. A bare data channel delivers everything that was
// queued meanwhile.
import { type createEntityIndex, hasComponent } from 'bitecs'
import { close, connectionOf, createClientWorld, createServerWorld, entityOf, netIdOf, serverTick } from 'bitecs-net'
import type { ClientWorld } from 'bitecs-net/client'
import { Interrupted } from 'bitecs-net/components'
import { connect, startLoop } from 'bitecs-net/node'
import { listen } from 'bitecs-net/server'
import { clientReceive, clientSend } from 'bitecs-net/systems'
import { ByteReader } from '../../src/protocol/bytes.js'
import { PacketKind } from '../../src/protocol/packet-kind.js'
import { DataHeader } from '../../src/protocol/packet.js'
import { Channel } from '../../src/transport/transport.js'
import { clientState } from '../../src/world/state.js'
import * as game from './arena.js'
import { startRelay } from './relay.js'
import { until } from './until.js'

const OUTAGE_MS = 6000
/** A packet that is older than this when it arrives is stale. */
const STALE_MS = 500
/** Packets of the time behind the outage, until all that was late must have come. */
const FRESH = 30

interface Arrival {
  readonly at: number
  readonly tick: number
}

/** What a client got behind an outage of six seconds. */
export interface Late {
  readonly tickRate: number
  /** Packets that arrived late, and values of the outage that the game saw. */
  readonly packets: number
  readonly values: number
  readonly isInterrupted: boolean
}

/** Notes every unreliable data packet that arrives at a client. */
function tap(world: ClientWorld): Arrival[] {
  const arrivals: Arrival[] = []
  const session = clientState(world).session!
  const header = new DataHeader()
  const reader = new ByteReader()
  const take = session.packet.bind(session)
  session.packet = (peer, channel, bytes, length, time) => {
    reader.reset(bytes, 0, length)
    if (channel === Channel.Unreliable && reader.u8() === PacketKind.Data) {
      header.read(reader)
      arrivals.push({ at: time, tick: header.tick })
    }
    take(peer, channel, bytes, length, time)
  }
  return arrivals
}

/**
 * Plays over a relay that falls silent for six seconds. `timeout`: when the two sides give the line up. `entityIndex`:
 * that of every world in this process, since their components are the same.
 */
export async function measureOutage(
  tickRate: number,
  timeout: number,
  entityIndex: ReturnType<typeof createEntityIndex>,
): Promise<Late> {
  const server = createServerWorld(game.arena, { entityIndex, tickRate })
  const world = createClientWorld(game.arena, { entityIndex })
  const serving = await listen(server, {
    port: 0,
    host: '127.0.0.1',
    network: { bindAddress: '127.0.0.1' },
    sessions: { timeout },
  })
  const relay = await startRelay({ upstream: `http://127.0.0.1:${serving.port}` })
  const setDown = (down: boolean): void => {
    relay.up.set({ down })
    relay.down.set({ down })
  }
  const ship = game.spawnShip(server)
  const tickedAt = new Map<number, number>()
  // A value that says when it was written, in hundredths.
  const stamp = (): void => {
    tickedAt.set(serverTick(server), performance.now())
    game.Position.x[ship] = serverTick(server) / 100
  }
  serving.run([stamp])
  try {
    await connect(world, { url: relay.url, timeout: 20_000, idleTimeout: timeout })
    const arrivals = tap(world)
    const seen: { at: number; tick: number }[] = []
    const look = (): void => {
      const copy = entityOf(world, netIdOf(server, ship))
      if (copy !== 0) seen.push({ at: performance.now(), tick: Math.round(game.Position.x[copy]! * 100) })
    }
    startLoop<ClientWorld>(world, [...clientReceive, look, ...clientSend], { rate: 60 })
    await until('it plays', () => arrivals.length > 20)
    const downAt = performance.now()
    const lastBefore = serverTick(server)
    setDown(true)
    await until('the outage is over', () => performance.now() - downAt > OUTAGE_MS, OUTAGE_MS + 1000)
    const backAt = performance.now()
    const lastWithin = serverTick(server)
    setDown(false)
    const isFresh = ({ at, tick }: Arrival): boolean => at > backAt && tick > lastWithin
    await until('it plays again', () => arrivals.filter(isFresh).length > FRESH, 20_000)
    const late = arrivals.filter(({ at, tick }) => at > backAt && at - (tickedAt.get(tick) ?? at) > STALE_MS)
    const old = seen.filter(({ at, tick }) => at > backAt && tick > lastBefore && tick < lastWithin - tickRate / 2)
    return {
      tickRate,
      packets: late.length,
      values: new Set(old.map(({ tick }) => tick)).size,
      isInterrupted: hasComponent(world, connectionOf(world), Interrupted),
    }
  } finally {
    await close(world)
    await close(server)
    await relay.close()
  }
}
