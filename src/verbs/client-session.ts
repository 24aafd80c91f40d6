// Begins and closes a client's session for the verbs and entries.
import { sendToServer } from '../../systems/send-to-server.js'
import type { Transport } from '../transport/transport.js'
import type { ClientState } from '../world/client/client-state.js'
import { endSession } from '../world/client/end-session.js'
import type { JoinOptions } from '../world/client/join-options.js'
import { requireNotApplying, startSession } from '../world/client/start-session.js'

/**
 * Begins a session over a transport that is open or about to open. It replaces an earlier one.
 *
 * @throws UsageError when received packets are being applied (`busy`), or the token is too long (`bad-option`).
 */
export function beginSession(client: ClientState, transport: Transport, options: JoinOptions): void {
  requireNotApplying(client)
  if (client.session !== undefined) void closeSession(client, 'client-closed', 'a new connection took its place')
  startSession(client, transport, options)
}

/** Closes the session from this side, and shows its end at once. Resolves when the transport is closed. */
export async function closeSession(client: ClientState, code: string, text: string): Promise<void> {
  client.pendingConnect?.abort()
  // The game wants no new session after this one.
  client.onEnded = () => {}
  const { session, transport, reconnection } = client
  if (session === undefined || transport === undefined) return
  // Calls that the game made before it closed the session are sent before the close.
  if (client.outgoing.count > 0) sendToServer(client.world)
  session.close(code, text)
  endSession(client)
  await Promise.all([transport.close(), reconnection?.end(), session.abandoned])
}
