// Closes every session and forgets the transports. The systems of the same tick show it in the world.
import { hasComponent, removeComponent } from 'bitecs'
import { Draining, Listening } from '../../../components/connection.js'
import { isServing } from './connections.js'
import type { ServerState } from './server-state.js'

/** Closes every session, that of the host's own client included. Resolves when the transports are closed. */
export async function stopServing(server: ServerState, code: string, text: string): Promise<void> {
  const { local } = server
  const own = local?.sessions
  if (local !== undefined) local.sessions = undefined
  own?.closeAll(code, text)
  await Promise.all([stopListening(server, code, text), own?.transport.close()])
}

/** Closes the sessions over the network, and cancels an unfinished `listen`. The host's own client plays on. */
export async function stopListening(server: ServerState, code: string, text: string): Promise<void> {
  const { sessions, transport } = server
  const cancelled = server.cancelListen?.()
  server.sessions = undefined
  server.transport = undefined
  endRetirement(server)
  sessions?.closeAll(code, text)
  server.authentication = undefined
  // Received calls go before their senders do: dropping them is no fault of theirs.
  if (hasStopped(server)) server.inbound.clear()
  await Promise.all([transport?.close(), cancelled])
}

/** Whether the server has stopped, but the world still has `Listening`. */
export function hasStopped(server: ServerState): boolean {
  return !isServing(server) && hasComponent(server.world, server.networkEntity, Listening)
}

function endRetirement(server: ServerState): void {
  const { retirement, world, networkEntity, guarded } = server
  server.retirement = undefined
  retirement?.finish()
  if (hasComponent(world, networkEntity, Draining)) {
    guarded.make(() => removeComponent(world, networkEntity, Draining))
  }
}
