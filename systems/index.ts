// Every system, and the pipelines they stand in. Run a pipeline, or put a system of your own between any two.
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
import { retireConnections } from './retire-connections.js'
import { sendToClients } from './send-to-clients.js'
import { sendToServer } from './send-to-server.js'
import { updateConnection } from './update-connection.js'
import { updateConnections } from './update-connections.js'
import { updateInterest } from './update-interest.js'

/** Before the game's systems, on the server. */
export const serverReceive: readonly System<ServerWorld>[] = [receiveFromClients, updateConnections, dispatchCalls]

/** After the game's systems, on the server. */
export const serverSend: readonly System<ServerWorld>[] = [
  retireConnections,
  updateInterest,
  replicateState,
  sendToClients,
]

/** Before the game's systems, on a client. */
export const clientReceive: readonly System<ClientWorld>[] = [
  receiveFromServer,
  updateConnection,
  applyReplication,
  dispatchCalls,
]

/** After the game's systems, on a client. */
export const clientSend: readonly System<ClientWorld>[] = [interpolate, sendToServer]

/** The systems of a game that a host's world runs, each as on its own side. */
export interface HostSystems {
  readonly server?: readonly System<ServerWorld>[]
  readonly client?: readonly System<ClientWorld>[]
}

/**
 * A whole frame of a host's own client: what arrived, the client's systems, what is to be sent. Run it once per tick, before
 * {@link hostTick}, or as often as the game draws.
 */
export function hostFrame(systems: readonly System<ClientWorld>[] = []): System<HostWorld>[] {
  return clientSystems([...clientReceive, ...systems, ...clientSend])
}

/** A whole tick of a host's server: what arrived, the server's systems, what is to be sent. */
export function hostTick(systems: readonly System<ServerWorld>[] = []): System<HostWorld>[] {
  return serverSystems([...serverReceive, ...systems, ...serverSend])
}

/**
 * Both sides of a host's world, one frame for each tick. The client comes first: what it sends is drained by the server's
 * systems of the same tick, and what the server sends by the client's systems of the next.
 */
export function hostPipeline({ server, client }: HostSystems): System<HostWorld>[] {
  return [...hostFrame(client), ...hostTick(server)]
}

/**
 * Runs systems one after another.
 *
 * @throws UsageError when one returns a promise: systems are synchronous.
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
  retireConnections,
  sendToClients,
  sendToServer,
  updateConnection,
  updateConnections,
  updateInterest,
}
