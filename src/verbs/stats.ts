// Reports a world's counters and current state, as plain data.
import { requireNetwork } from '../world/inbound-queue.js'
import { Stalled } from '../../components/connection.js'
import type { Violation } from '../connection/server/client-limits.js'
import type { Counters } from '../connection/counters.js'
import { Channel, createTransportCounters, type TransportCounters } from '../transport/transport.js'
import { type ClientState, isOpen } from '../world/client/client-state.js'
import type { ServerPeer } from '../world/server/server-peer.js'
import type { ServerState } from '../world/server/server-state.js'
import { isHost, lifecycleOf, type SideOptions, resolveSide } from '../world/host/sides.js'
import { type HostWorld, type Network, type NetworkWorld, type Side } from '../world/state.js'

/** Connections by state. Each counts once. */
export interface ConnectionStates {
  /** Its hello was accepted, and the authenticator has not answered. Not yet in `connections`. */
  readonly authenticating: number
  /** Open, and not ready. */
  readonly connected: number
  readonly loading: number
  readonly ready: number
  /** Its link is broken, and its session waits to resume. */
  readonly interrupted: number
  /** Its network answers, but its game does not tick; see `Stalled`. */
  readonly stalled: number
}

/** Current lengths of the queues. */
export interface QueueLengths {
  /** Received packets that wait for the next tick. */
  readonly inboxPackets: number
  /** Calls and messages that wait to be drained. */
  readonly calls: number
  /** Requests of the other side that this side has not answered. */
  readonly requests: number
  /** Entities that wait to be spawned, over all clients. */
  readonly spawns: number
  /** Messages too large for a packet that are being sent in parts. */
  readonly largeMessages: number
  /** Errors that wait to be drained. */
  readonly errors: number
  /** Bytes in the send queues of the reliable channel, over all connections. */
  readonly reliableBytes: number
  /** The same for the unreliable channel. */
  readonly unreliableBytes: number
}

/** Round-trip times of the open connections, in milliseconds; 0 when none is known. */
export interface RoundTrips {
  readonly median: number
  readonly p95: number
  readonly longest: number
}

/** Counters of one side since its world was made, and its current state. */
export interface NetworkStats {
  /** Open connections. */
  readonly connections: number
  /** Connections by state. */
  readonly states: ConnectionStates
  /** The limit of connections; 0 while the world does not listen, and on a client. */
  readonly maxConnections: number
  /** Networked entities. */
  readonly entities: number
  /** Ticks of the server, or frames of the client, that ran. */
  readonly ticks: number
  readonly roundTrip: RoundTrips
  readonly queues: QueueLengths
  /** Undrained errors, and events of a world that did not tick, that were lost because too many were waiting. */
  readonly lostReports: number
  /** Drops and repairs, by reason. */
  readonly counters: Readonly<Counters>
  /** Errors added to `NetworkErrors`, by code. Beyond a hundred codes, further ones count as `others`. */
  readonly errors: Readonly<Record<string, number>>
  /** Connections that ended, by the code of their reason; limited like `errors`. */
  readonly closed: Readonly<Record<string, number>>
  /**
   * Protocol violations that no honest client commits, by kind. Each counted against the error budget of its
   * connection. Kinds that never occurred are left out.
   */
  readonly violations: Readonly<Partial<Record<Violation, number>>>
  /** Packets and bytes of the current transport. */
  readonly transport: Readonly<TransportCounters>
}

/**
 * A copy of the counters of this world's side, and its current state, for metrics and tests. It visits every
 * connection, so do not call it in every tick. In a host's world it reports `side`, or the side whose systems run.
 * Without either, it reports the server's connections and entities, and the sum of both sides' counters.
 */
export function stats(world: NetworkWorld): NetworkStats
export function stats(world: HostWorld, options: SideOptions): NetworkStats
export function stats(world: NetworkWorld, { side }: SideOptions = {}): NetworkStats {
  const network = requireNetwork(world)
  if (isHost(network) && side === undefined && network.side === undefined) {
    return addStats(statsOf(network, 'server'), statsOf(network, 'client'))
  }
  return statsOf(network, resolveSide(network, 'stats', side))
}

function statsOf(network: Network, side: Side): NetworkStats {
  const own = side === 'server' ? serverStats(network.server!) : clientStats(network.client!)
  const state = network[side]!
  const transport = { ...(state.transport?.counters ?? createTransportCounters()) }
  const local = side === 'server' ? network.server!.local?.sessions?.transport : undefined
  const ofObservers = side === 'server' ? network.server!.replication.observerEvents.dropped : 0
  return {
    ...own,
    entities: (network.server ?? network.client)!.replication.entities.alive,
    lostReports:
      state.errors.dropped +
      lifecycleOf(network, side).dropped +
      state.replication.changes.dropped +
      (state.replication.collections?.queues.dropped ?? 0) +
      state.scenes.events.dropped +
      ofObservers,
    counters: { ...state.counters },
    errors: state.errors.codes.totals,
    closed: state.errors.closes.totals,
    violations: state.errors.violations.totals,
    transport: local === undefined ? transport : addCounts(transport, local.counters),
  }
}

type OwnStats = Pick<NetworkStats, 'connections' | 'states' | 'maxConnections' | 'ticks' | 'roundTrip' | 'queues'>

function serverStats(server: ServerState): OwnStats {
  const { peers, authenticating } = server
  const roundTrips: number[] = []
  const states = { authenticating: authenticating.size, connected: 0, loading: 0, ready: 0, interrupted: 0, stalled: 0 }
  const waiting = { spawns: 0, largeMessages: 0, reliableBytes: 0, unreliableBytes: 0 }
  for (const peer of peers) {
    const { session, observer, outgoingParts } = peer
    states[stateOf(peer)]++
    if (session.roundTrip.smoothed > 0) roundTrips.push(session.roundTrip.smoothed)
    waiting.spawns += observer.pending.size
    waiting.largeMessages += outgoingParts.count
    waiting.reliableBytes += session.transport.buffered(session.peer, Channel.Reliable)
    waiting.unreliableBytes += session.transport.buffered(session.peer, Channel.Unreliable)
  }
  return {
    connections: peers.length,
    states,
    maxConnections: server.sessions?.options.maxConnections ?? 0,
    ticks: server.tick,
    roundTrip: distribution(roundTrips),
    queues: { ...waiting, ...waitingIn(server) },
  }
}

function stateOf({ session, scenes, linkTag }: ServerPeer): keyof ConnectionStates {
  if (session.isInterrupted) return 'interrupted'
  if (linkTag === Stalled) return 'stalled'
  if (scenes.isLoading) return 'loading'
  return session.ready ? 'ready' : 'connected'
}

function clientStats(client: ClientState): OwnStats {
  const session = isOpen(client) ? client.session?.session : undefined
  const states = { authenticating: 0, connected: 0, loading: 0, ready: 0, interrupted: 0, stalled: 0 }
  const isInterrupted = client.session?.isInterrupted === true
  if (session !== undefined) {
    if (isInterrupted) states.interrupted = 1
    else if (client.linkTag === Stalled) states.stalled = 1
    else if (client.scenes.isLoading) states.loading = 1
    else if (session.ready) states.ready = 1
    else states.connected = 1
  }
  const buffered = (channel: Channel): number => session?.transport.buffered(session.peer, channel) ?? 0
  const { smoothed = 0 } = session?.roundTrip ?? {}
  return {
    connections: session === undefined ? 0 : 1,
    states,
    maxConnections: 0,
    ticks: client.frame,
    roundTrip: distribution(smoothed > 0 ? [smoothed] : []),
    queues: {
      spawns: 0,
      largeMessages: client.outgoingParts.count,
      reliableBytes: buffered(Channel.Reliable),
      unreliableBytes: buffered(Channel.Unreliable),
      ...waitingIn(client),
    },
  }
}

function waitingIn(
  state: ServerState | ClientState,
): Pick<QueueLengths, 'inboxPackets' | 'calls' | 'requests' | 'errors'> {
  return {
    inboxPackets: state.transport?.waiting ?? 0,
    calls: state.inbound.queues.reduce((sum, queue) => sum + queue.waiting, 0),
    requests: state.openRequests.size,
    errors: state.errors.waiting,
  }
}

function distribution(values: number[]): RoundTrips {
  values.sort((a, b) => a - b)
  // The nearest rank: the smallest value that is not exceeded by this part of all values.
  const rank = (part: number): number => values[Math.max(0, Math.ceil(part * values.length) - 1)] ?? 0
  return { median: rank(0.5), p95: rank(0.95), longest: rank(1) }
}

function addStats(server: NetworkStats, client: NetworkStats): NetworkStats {
  return {
    ...server,
    queues: addCounts(server.queues, client.queues),
    lostReports: server.lostReports + client.lostReports,
    counters: addCounts(server.counters, client.counters),
    errors: addTotals(server.errors, client.errors),
    closed: addTotals(server.closed, client.closed),
    violations: server.violations,
    transport: addCounts(server.transport, client.transport),
  }
}

function addCounts<T extends Counters | TransportCounters | QueueLengths>(a: Readonly<T>, b: Readonly<T>): T {
  const sum = { ...a }
  for (const key of Object.keys(b) as (keyof T)[]) (sum[key] as number) = Number(a[key]) + Number(b[key])
  return sum
}

function addTotals(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a }
  for (const [name, count] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + count
  return sum
}
