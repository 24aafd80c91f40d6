// Every system, and the four pipelines they stand in. Run a pipeline, or put a system of your own between any two.
import type { World } from 'bitecs'
import type { System } from '../src/world/loop.js'
import type { ClientWorld, ServerWorld } from '../src/world/state.js'
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

/** Runs systems one after another. */
export function runSystems<W extends World>(world: W, systems: readonly System<W>[]): void {
  for (let i = 0; i < systems.length; i++) systems[i]!(world)
}

export type { System } from '../src/world/loop.js'
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
