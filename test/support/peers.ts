// A server and clients, in memory or over real WebRTC, behind one interface: a behaviour is written once, and run over
// both.
import { createEntityIndex } from 'bitecs'
import {
  type ClientWorld,
  close,
  ConnectionError,
  connectionOf,
  createClientWorld,
  createServerWorld,
  type Protocol,
  type ServerWorld,
} from 'bitecs-net'
import { createHostWorld, type HostWorld, type Side, withSide } from 'bitecs-net/host'
import { Connection, Connected, LocalConnection, Ready } from 'bitecs-net/components'
import { startHost } from 'bitecs-net/host'
import { connect } from 'bitecs-net/node'
import { listen, type ListenOptions } from 'bitecs-net/server'
import {
  clientReceive,
  clientSend,
  hostFrame,
  hostTick,
  runSystems,
  serverReceive,
  serverSend,
  type System,
} from 'bitecs-net/systems'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { hasComponent, query } from 'bitecs'
import { until } from './until.js'

export interface Peer {
  readonly world: ClientWorld
  /** Its connection entity in the server's world. */
  readonly connection: number
}

export interface Peers {
  readonly server: ServerWorld
  readonly clients: readonly Peer[]
  /** Runs everyone's pipelines until `condition` holds; fails, naming `what`, when it never does. */
  until(what: string, condition: () => boolean): Promise<void>
  /** Runs everyone's pipelines `count` times, and lets the network deliver in between. */
  settle(count?: number): Promise<void>
  /** Runs the server's pipelines before and behind `act`, so that all that `act` does is of one tick. */
  onServer(act: () => void): Promise<void>
  /**
   * Adds a client, connected and ready; `prepare` sees its world before it connects. Rejects with a ConnectionError
   * when it is refused.
   */
  join(prepare?: (world: ClientWorld) => void, joining?: Joining): Promise<Peer>
  close(): Promise<void>
}

export interface Joining {
  token?: string
  /** Another protocol than the server's. */
  protocol?: Protocol
  /** What the game does while its client connects, between two runs of everyone's pipelines. */
  meanwhile?: (world: ClientWorld) => void
}

/** Whom a server may be told to let in. */
export type Serving = Pick<ListenOptions, 'users' | 'limits'>

/** What runs in every tick, how often that is, and whom the server lets in. */
export interface PeersGame extends Serving {
  readonly tickRate?: number
  readonly serverSystems?: readonly System<ServerWorld>[]
  readonly clientSystems?: readonly System<ClientWorld>[]
}

export type MakePeers = (protocol: Protocol, clients: number, game?: PeersGame) => Promise<Peers>

/** Over the network in memory. */
export const inMemory: MakePeers = (protocol, count, game) => {
  const entityIndex = createEntityIndex()
  const network = createTestNetwork(protocol, { clients: 0, entityIndex, ...game })
  return inNetwork(network, protocol, entityIndex, count)
}

/** In memory, with a server that is a host: its own client is the first, the others are remote. */
export const asHost: MakePeers = (protocol, count, game) => {
  const entityIndex = createEntityIndex()
  const network = createTestNetwork(protocol, { host: true, clients: 0, entityIndex, ...game })
  return inNetwork(network, protocol, entityIndex, count)
}

async function inNetwork(
  network: TestNetwork,
  protocol: Protocol,
  entityIndex: ReturnType<typeof createEntityIndex>,
  count: number,
): Promise<Peers> {
  const { server, host } = network
  const peers: Peer[] = host === undefined ? [] : [host]
  const join = async (prepare?: (world: ClientWorld) => void, joining: Joining = {}): Promise<Peer> => {
    const world = createClientWorld(joining.protocol ?? protocol, { entityIndex, now: () => network.now })
    prepare?.(world)
    const client = network.begin({ world, token: joining.token, address: '127.0.0.1' })
    const isReady = (): boolean => client.connection !== 0 && hasComponent(server, client.connection, Ready)
    for (let i = 0; i < 400 && client.reason === undefined && !isReady(); i++) {
      network.tick()
      joining.meanwhile?.(world)
      // An authenticator may answer with a promise.
      await Promise.resolve()
    }
    if (client.reason !== undefined) throw new ConnectionError(client.reason.code, client.reason.text)
    // One more, so that what the server sent on joining is applied.
    network.tick()
    peers.push(client)
    return client
  }
  while (peers.length < count) await join()
  return {
    server,
    clients: peers,
    async until(what, condition) {
      // What a remote client waits for may be there at once for a host's, and is in its sight from the next tick on.
      if (host !== undefined) network.tick()
      // Looked at once in each turn: a condition may drain what it looks for.
      for (let i = 0; i < 400; i++) {
        if (condition()) return
        network.tick()
        // What a game awaits, such as the loader of a scene, goes on in between.
        await Promise.resolve()
      }
      throw new Error(`in vain for 400 ticks: ${what}`)
    },
    async settle(ticks = 6) {
      network.tick(ticks)
    },
    async onServer(act) {
      network.tick()
      onSide(server, 'server', act)
      network.tick()
    },
    join,
    async close() {
      await Promise.all(network.clients.map((client) => close(client.world)))
      await close(server)
    },
  }
}

/** Runs `act` as code of one side, where a world may be both. */
export function onSide<T>(world: ClientWorld | ServerWorld, side: Side, act: () => T): T {
  return query(world, [LocalConnection]).length > 0 ? withSide(world as HostWorld, side, act) : act()
}

const TICK_RATE = 60

/** Puts something between client and server: the address to connect to, and what happens once all are connected. */
export type Relayed = (url: string) => Promise<{ url: string; opened: () => void }>

/**
 * Over real WebRTC, between a geckos server and Node clients. With `host` the server's world has a client of its own,
 * which is the first.
 */
export const overWebRtc = (relayed?: Relayed, host = false): MakePeers => {
  return async (protocol, count, { tickRate = TICK_RATE, serverSystems = [], clientSystems = [], ...serving } = {}) => {
    const entityIndex = createEntityIndex()
    const hostWorld = host ? createHostWorld(protocol, { entityIndex, tickRate }) : undefined
    const server = hostWorld ?? createServerWorld(protocol, { entityIndex, tickRate })
    const handle = await listen(server, { port: 0, host: '127.0.0.1', ...serving })
    const direct = `http://127.0.0.1:${handle.port}`
    const relay = await relayed?.(direct)
    const url = relay?.url ?? direct
    const peers: Peer[] = []
    const step = (): void => {
      if (hostWorld !== undefined) runSystems(hostWorld, hostFrame(clientSystems))
      for (const { world } of peers) {
        if (world !== hostWorld) runSystems(world, [...clientReceive, ...clientSystems, ...clientSend])
      }
      if (hostWorld !== undefined) runSystems(hostWorld, hostTick(serverSystems))
      else runSystems(server, [...serverReceive, ...serverSystems, ...serverSend])
    }

    async function join(prepare?: (world: ClientWorld) => void, joining: Joining = {}): Promise<Peer> {
      const { token, meanwhile } = joining
      const world = createClientWorld(joining.protocol ?? protocol, { entityIndex })
      prepare?.(world)
      // The server must tick for the handshake to be answered.
      let settled = false
      const connecting = connect(world, { url, token, timeout: 20_000 }).finally(() => (settled = true))
      // A refusal is looked at below, when the loop has ended.
      connecting.catch(() => {})
      await until(
        'the client is let in',
        () => {
          step()
          if (meanwhile !== undefined && !settled) {
            runSystems(world, clientReceive)
            meanwhile(world)
            runSystems(world, clientSend)
          }
          return settled
        },
        21_000,
      )
      await connecting
      const before = new Set(peers.map((peer) => peer.connection))
      const peer = { world, connection: 0 }
      peers.push(peer)
      await until('the client is ready', () => {
        step()
        peer.connection = query(server, [Connected, Ready]).find((eid) => !before.has(eid)) ?? 0
        return peer.connection !== 0
      })
      return peer
    }

    if (hostWorld !== undefined) {
      startHost(hostWorld)
      const connection = connectionOf(hostWorld)
      peers.push({ world: hostWorld, connection })
      while (!hasComponent(hostWorld, connection, Ready)) step()
    }
    while (peers.length < count) await join()
    relay?.opened()
    return {
      server,
      clients: peers,
      until: (what, condition) =>
        until(
          what,
          () => {
            step()
            return condition()
          },
          20_000,
        ),
      settle(ticks = 6) {
        const end = performance.now() + (ticks * 1000) / tickRate
        return until(`${ticks} ticks`, () => {
          step()
          return performance.now() >= end
        })
      },
      async onServer(act) {
        onSide(server, 'server', () => {
          runSystems(server, serverReceive)
          act()
          runSystems(server, serverSend)
        })
      },
      join,
      async close() {
        await Promise.all(peers.map((peer) => close(peer.world)))
        await handle.close()
      },
    }
  }
}

/** The reason that a world's connection entity shows. */
export function reasonOf(connection: number): string | undefined {
  return Connection.reason[connection]?.code
}

export const has = hasComponent
