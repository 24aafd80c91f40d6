// Decides which of the two sides of a host's world a verb means, and wraps systems that run on one of them.
import { UsageError } from '../../protocol/errors.js'
import type { Lifecycle } from '../lifecycle.js'
import type { System } from '../loop.js'
import { type ClientWorld, type HostWorld, type Network, networkOf, type ServerWorld, type Side } from '../state.js'

/** Selects a side of a host's world where both are possible. */
export interface SideOptions {
  /** Default: the side whose systems run; see `serverSystems`, `clientSystems` and `withSide`. */
  side?: Side
}

/**
 * The selected side: the one asked for, else the only one that the world has, else the one whose systems run.
 *
 * @throws UsageError when the world is not of the side asked for, or is both and nothing says which; `what` begins the
 * sentence.
 */
export function resolveSide(network: Network, what: string, asked?: Side): Side {
  const { server, client, side } = network
  if (asked !== undefined && network[asked] === undefined) {
    throw new UsageError('wrong-side', `${what}: this world is no ${asked}`)
  }
  if (asked !== undefined) return asked
  if (server === undefined) return 'client'
  if (client === undefined) return 'server'
  if (side !== undefined) return side
  throw new UsageError(
    'which-side',
    `${what}: this world is server and client at once; say { side: ` +
      `'server' } or { side: 'client' }, or call it from a ` +
      'system in serverSystems(…) or clientSystems(…), or within withSide(world, side, …)',
  )
}

/**
 * The side whose events are meant: the one asked for, else the one whose systems run, else the server, or the only one.
 */
export function eventSide(network: Network, asked?: Side): Side {
  return asked ?? network.side ?? (network.server === undefined ? 'client' : 'server')
}

/** The lifecycle events as a side sees them. */
export function lifecycleOf(network: Network, asked?: Side): Lifecycle {
  const ofClient = eventSide(network, asked) === 'client' ? network.clientLifecycle : undefined
  return ofClient ?? network.lifecycle
}

/** Whether a world is server and client at once. */
export function isHost(network: Network): boolean {
  return network.server !== undefined && network.client !== undefined
}

/**
 * Runs `act` as code of one side of a host's world, and returns its result. Verbs that both sides have mean that side
 * meanwhile.
 *
 * @throws UsageError when the world is not a host's.
 */
export function withSide<T>(world: HostWorld, side: Side, act: () => T): T {
  const network = networkOf(world)
  if (network === undefined || !isHost(network)) {
    throw new UsageError('wrong-side', 'this needs a world made by createHostWorld')
  }
  const before = network.side
  network.side = side
  try {
    return act()
  } finally {
    network.side = before
  }
}

/** Wraps the server's systems of a game, so that a host's world runs each as the server's. */
export function serverSystems(systems: readonly System<ServerWorld>[]): System<HostWorld>[] {
  return systems.map((system) => onSide('server', system))
}

/** Wraps the client's systems of a game, so that a host's world runs each as the client's. */
export function clientSystems(systems: readonly System<ClientWorld>[]): System<HostWorld>[] {
  return systems.map((system) => onSide('client', system))
}

function onSide(side: Side, system: System<HostWorld>): System<HostWorld> {
  const run = (world: HostWorld): void => withSide(world, side, () => system(world))
  // A loop reports the name of a system that throws.
  Object.defineProperty(run, 'name', { value: system.name })
  return run
}
