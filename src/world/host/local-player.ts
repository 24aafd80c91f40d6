// Moves `LocalPlayer` of a host's own client.
import type { ServerState } from '../server/server-state.js'

/** Moves `LocalPlayer` to an entity, or to none. `reason`: why the old one ends for the client, if it does. */
export function showLocalPlayer({ guarded, local }: ServerState, player: number, reason = ''): void {
  guarded.make(() => local?.showPlayer(player, reason))
}

/**
 * Removes `LocalPlayer` from a client's player before `Owned` is removed. A remote client's player loses it with this
 * tick's packets.
 */
export function hideLocalPlayer(server: ServerState, connection: number): void {
  const peer = server.peerOfConnection.get(connection)
  if (connection === server.local?.connection) showLocalPlayer(server, 0)
  else if (peer !== undefined) peer.observer.losesPlayer = true
}
