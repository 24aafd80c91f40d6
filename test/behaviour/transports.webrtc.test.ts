// Tests transports of a game's own, and wrapped ones, over real networks.
import { addComponent, addEntity, createEntityIndex, hasComponent, query } from 'bitecs'
import {
  type ClientWorld,
  close,
  connectionOf,
  createClientWorld,
  createServerWorld,
  drain,
  entityOf,
  kick,
  netIdOf,
  sendCommand,
  type ServerWorld,
  setOwner,
} from 'bitecs-net'
import { Connected, Connection, Interrupted, Networked, Ready } from 'bitecs-net/components'
import { connect, connectWebRtc } from 'bitecs-net/node'
import { listen, listenWebRtc, type Server } from 'bitecs-net/server'
import { stats } from 'bitecs-net/stats'
import { clientReceive, clientSend, runSystems, serverReceive, serverSend } from 'bitecs-net/systems'
import { condition, type ConditionedTransport, type Transport } from 'bitecs-net/transport'
import { afterEach, describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { connectTcp, listenTcp, type TcpTransport } from '../support/tcp-transport.js'
import { until } from '../support/until.js'

const entityIndex = createEntityIndex()
const open: (() => unknown)[] = []

afterEach(async () => {
  for (const end of open.splice(0)) await end()
})

interface Match {
  readonly server: ServerWorld
  readonly client: ClientWorld
  readonly listening: Server
  /** Runs both sides until it is so. */
  until(what: string, condition: () => boolean): Promise<void>
}

type Opened = (listening: Server) => (options: Parameters<typeof connectWebRtc>[0]) => Promise<Transport> | Transport

/** A server and one client, connected over the transports that are given. */
async function play(serve: Parameters<typeof listen>[1], join: Opened, url?: (port: number) => string): Promise<Match> {
  const server = createServerWorld(game.arena, { entityIndex })
  const listening = await listen(server, serve)
  open.unshift(() => listening.close())
  const client = createClientWorld(game.arena, { entityIndex })
  open.unshift(() => close(client))
  const step = (): void => {
    runSystems(server, [...serverReceive, ...serverSend])
    runSystems(client, [...clientReceive, ...clientSend])
  }
  const run = (what: string, isSo: () => boolean): Promise<void> =>
    until(what, () => {
      step()
      return isSo()
    })
  let isConnected = false
  const address = url?.(listening.port) ?? 'tcp'
  const connecting = connect(client, { url: address, transport: join(listening) }).then(() => (isConnected = true))
  await run('the client is connected', () => isConnected)
  await connecting
  await run('the client is ready', () => query(server, [Ready]).length === 1)
  return { server, client, listening, until: run }
}

/** Spawns a ship of the client, lets the client command it, and waits until each side has the other's. */
async function exchange(match: Match): Promise<void> {
  const { server, client } = match
  const ship = addEntity(server)
  addComponent(server, ship, game.Position)
  addComponent(server, ship, Networked)
  game.Position.x[ship] = 7
  setOwner(server, ship, query(server, [Connected])[0]!)
  let copy = 0
  await match.until('the ship is there', () => (copy = entityOf(client, netIdOf(server, ship))) !== 0)
  expect(game.Position.x[copy]).toBe(7)
  sendCommand(client, copy, game.Shoot, { power: 3 })
  let power = 0
  await match.until('the command is there', () => {
    for (const { args } of drain(server, game.Shoot)) power = args.power
    return power !== 0
  })
  expect(power).toBe(3)
}

describe('a transport of a game’s own', () => {
  it('carries a whole session: connecting, values, commands, and the reason of its end', async () => {
    const match = await play(
      { transport: listenTcp },
      ({ port }) =>
        ({ now }) =>
          connectTcp(port, now),
    )
    await exchange(match)
    const { server, client } = match
    kick(server, query(server, [Connected])[0]!, 'enough', 'kicked')
    const own = connectionOf(client)
    await match.until('the client has heard', () => !hasComponent(client, own, Connected))
    expect(Connection.reason[own]).toMatchObject({ text: 'enough', by: 'remote' })
  })

  it('is opened again when the link breaks, and the session goes on', async () => {
    const links: TcpTransport[] = []
    const match = await play({ transport: listenTcp }, ({ port }) => async ({ now }) => {
      const link = await connectTcp(port, now)
      links.push(link)
      return link
    })
    const { server, client } = match
    const [connection] = query(server, [Connected])
    links[0]!.cut()
    await match.until('the link is broken', () => hasComponent(client, connectionOf(client), Interrupted))
    await match.until('the session goes on', () => !hasComponent(client, connectionOf(client), Interrupted))
    expect([links.length, ...query(server, [Connected])]).toEqual([2, connection])
    await exchange(match)
  })

  it('makes connect and listen fail with a reason when it throws, and leaves nothing open', async () => {
    const client = createClientWorld(game.arena, { entityIndex })
    const transport = (): never => {
      throw new Error('no such cable')
    }
    await expect(connect(client, { url: 'tcp', transport, timeout: 50 })).rejects.toMatchObject({
      name: 'ConnectionError',
      code: 'transport-failed',
      message: 'the transport did not open: no such cable',
    })
    const server = createServerWorld(game.arena, { entityIndex })
    await expect(listen(server, { transport })).rejects.toThrow('no such cable')
    const listening = await listen(server, { transport: listenTcp })
    expect(listening.port).toBeGreaterThan(0)
    await listening.close()
  })
})

it('a wrapped WebRTC transport has the conditions that it was given, on both sides', async () => {
  const wrapped: ConditionedTransport[] = []
  const worse = (transport: Transport): Transport => {
    const conditioned = condition(transport, { latency: 60, loss: 0.05, seed: 7 })
    wrapped.push(conditioned)
    return conditioned
  }
  const serve = {
    host: '127.0.0.1',
    network: { bindAddress: '127.0.0.1' },
    transport: async (options: Parameters<typeof listenWebRtc>[0]) => worse(await listenWebRtc(options)),
  }
  const match = await play(
    serve,
    () => async (options) => worse(await connectWebRtc(options)),
    (port) => `http://127.0.0.1:${port}`,
  )
  await exchange(match)
  await match.until('a round trip was measured', () => stats(match.client).roundTrip.median > 0)
  expect(stats(match.client).roundTrip.median).toBeGreaterThan(110)
  await match.until('packets were lost', () => wrapped.every((one) => one.stats.lost > 0))
}, 30_000)
