// What a networked world carries under its symbol, split by role, and how verbs and systems find it.
import type { World } from 'bitecs'
import { UsageError } from '../protocol/errors.js'
import type { ClientRole } from './client-role.js'
import type { Lifecycle } from './lifecycle.js'
import type { ServerRole } from './server-role.js'

/** Registered, so that two copies of this library in one process see each other's worlds. */
export const $network: unique symbol = Symbol.for('bitecs-net') as never

/** The network of one world. A world that is both sides at once has both roles. */
export interface Network {
  server?: ServerRole
  client?: ClientRole
  readonly lifecycle: Lifecycle
}

/** A world of the server's side. The brand keeps verbs of the client's side from compiling. */
export type ServerWorld = World & { readonly [$network]: Network & { server: ServerRole } }

/** A world of the client's side. The brand keeps verbs of the server's side from compiling. */
export type ClientWorld = World & { readonly [$network]: Network & { client: ClientRole } }

/** A networked world of either side. */
export type NetworkWorld = ServerWorld | ClientWorld

export function networkOf(world: World): Network | undefined {
  return (world as { [$network]?: Network })[$network]
}

/** @throws UsageError when the world is not a server's. */
export function serverRole(world: World): ServerRole {
  const role = networkOf(world)?.server
  if (role === undefined) throw new UsageError('wrong-side', 'this needs a world made by createServerWorld')
  return role
}

/** @throws UsageError when the world is not a client's. */
export function clientRole(world: World): ClientRole {
  const role = networkOf(world)?.client
  if (role === undefined) throw new UsageError('wrong-side', 'this needs a world made by createClientWorld')
  return role
}

/** Adds what is missing to a world's network. */
export function extendNetwork(world: World, make: () => Network): Network {
  const existing = networkOf(world)
  if (existing !== undefined) return existing
  const network = make()
  Object.defineProperty(world, $network, { value: network, enumerable: false, configurable: true })
  return network
}
