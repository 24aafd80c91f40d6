// Defines the network state of a world, split by side, and how verbs and systems find it.
import type { World } from 'bitecs'
import { UsageError } from '../protocol/errors.js'
import type { Side } from '../remote/call-id.js'
import { heldIdsOf } from '../replication/held-ids.js'
import type { ClientState } from './client/client-state.js'
import type { Lifecycle } from './lifecycle.js'
import type { ServerState } from './server/server-state.js'

export type { Side } from '../remote/call-id.js'

/** Registered, so that two copies of this library in one process recognise each other's worlds. */
export const $network: unique symbol = Symbol.for('bitecs-net') as never

/** The network of one world. A host's world, which is both sides at once, has both states. */
export interface Network {
  server?: ServerState
  client?: ClientState
  readonly lifecycle: Lifecycle
  /** In a host's world: the same events for the client's systems, which run at another point of the tick. */
  clientLifecycle?: Lifecycle
  /** In a host's world: the side whose systems run. */
  side?: Side
}

/** A world of the server's side. The brand keeps verbs of the client's side from compiling. */
export type ServerWorld = World & { readonly [$network]: Network & { server: ServerState } }

/** A world of the client's side. The brand keeps verbs of the server's side from compiling. */
export type ClientWorld = World & { readonly [$network]: Network & { client: ClientState } }

/** A world of both sides: a server with its own client. Verbs of either side compile with it. */
export type HostWorld = ServerWorld & ClientWorld

/** A networked world of either side. */
export type NetworkWorld = ServerWorld | ClientWorld

export function networkOf(world: World): Network | undefined {
  return (world as { [$network]?: Network })[$network]
}

/** @throws UsageError when the world is not a server's. */
export function serverState(world: World): ServerState {
  const server = networkOf(world)?.server
  if (server === undefined)
    throw new UsageError('wrong-side', 'this needs a world made by createServerWorld or createHostWorld')
  return server
}

/** @throws UsageError when the world is not a client's. */
export function clientState(world: World): ClientState {
  const client = networkOf(world)?.client
  if (client === undefined)
    throw new UsageError('wrong-side', 'this needs a world made by createClientWorld or createHostWorld')
  return client
}

/** Clears the events of an earlier session of a server or host: they are not news for the next one. */
export function forgetEvents(world: World): void {
  const network = networkOf(world)
  if (network !== undefined) heldIdsOf(world).forget()
  network?.lifecycle.clear()
  network?.clientLifecycle?.clear()
  network?.server?.replication.changes.clear()
  network?.server?.replication.observerEvents.clear()
  if (network?.clientLifecycle !== undefined) network.client?.replication.changes.clear()
}

/** Adds missing parts to a world's network. */
export function extendNetwork(world: World, make: () => Network): Network {
  const existing = networkOf(world)
  if (existing !== undefined) return existing
  const network = make()
  Object.defineProperty(world, $network, { value: network, enumerable: false, configurable: true })
  return network
}
