// Exports every system, and the pipelines that they form. Run a pipeline, or put your own system between any two.
import { requireSynchronous } from '../src/world/async-systems.js'
import type { World } from 'bitecs'
import type { System } from '../src/world/loop.js'
import { clientSystems, serverSystems } from '../src/world/host/sides.js'
import type { ClientWorld, HostWorld, ServerWorld } from '../src/world/state.js'
import { applyReplication } from './apply-replication.js'
import { dispatchCalls } from './dispatch-calls.js'
import { interpolate } from './interpolate.js'
import { receiveFromClients } from './receive-from-clients.js'
import { receiveFromServer } from './receive-from-server.js'
import { replicateState } from './replicate-state.js'
import { endConnections } from './end-connections.js'
import { sendToClients } from './send-to-clients.js'
import { sendToServer } from './send-to-server.js'
import { updateConnection } from './update-connection.js'
import { updateConnections } from './update-connections.js'
import { updateInterest } from './update-interest.js'

/** Runs before the game's systems, on the server. */
export const serverReceive: readonly System<ServerWorld>[] = [receiveFromClients, updateConnections, dispatchCalls]

/** Runs after the game's systems, on the server. */
export const serverSend: readonly System<ServerWorld>[] = [
  endConnections,
  updateInterest,
  replicateState,
  sendToClients,
]

/** Runs before the game's systems, on a client. */
export const clientReceive: readonly System<ClientWorld>[] = [
  receiveFromServer,
  updateConnection,
  applyReplication,
  dispatchCalls,
]

/** Runs after the game's systems, on a client. */
export const clientSend: readonly System<ClientWorld>[] = [interpolate, sendToServer]

/** A game's systems for a host's world. Each runs as code of its own side. */
export interface HostSystems {
  readonly server?: readonly System<ServerWorld>[]
  readonly client?: readonly System<ClientWorld>[]
}

/**
 * A whole frame of a host's own client: receives, runs the client's systems, sends. Run it once per tick before {@link
 * hostTick}, or as often as the game draws.
 */
export function hostFrame(systems: readonly System<ClientWorld>[] = []): System<HostWorld>[] {
  return clientSystems([...clientReceive, ...systems, ...clientSend])
}

/** A whole tick of a host's server: receives, runs the server's systems, sends. */
export function hostTick(systems: readonly System<ServerWorld>[] = []): System<HostWorld>[] {
  return serverSystems([...serverReceive, ...systems, ...serverSend])
}

/**
 * Both sides of a host's world, one frame per tick. The client comes first: the server's systems drain its calls in the
 * same tick, and the client's systems drain the server's calls in the next one.
 */
export function hostPipeline({ server, client }: HostSystems): System<HostWorld>[] {
  return [...hostFrame(client), ...hostTick(server)]
}

/**
 * Runs systems one after another.
 *
 * @throws UsageError when a system returns a promise: systems are synchronous.
 */
export function runSystems<W extends World>(world: W, systems: readonly System<W>[]): void {
  for (let i = 0; i < systems.length; i++) {
    const system = systems[i]!
    requireSynchronous(system.name, system(world))
  }
}

export type { System } from '../src/world/loop.js'
export { clientSystems, serverSystems } from '../src/world/host/sides.js'
export {
  applyReplication,
  dispatchCalls,
  interpolate,
  receiveFromClients,
  receiveFromServer,
  replicateState,
  endConnections,
  sendToClients,
  sendToServer,
  updateConnection,
  updateConnections,
  updateInterest,
}
