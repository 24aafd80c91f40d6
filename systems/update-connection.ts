// Shows the state of the session on the connection entity, sends heartbeats, and detects a lost connection.
import { addComponent, removeComponent, type World } from 'bitecs'
import { Connected, Connection } from '../components/connection.js'
import type { ClientSession } from '../src/connection/client/client-session.js'
import type { Session } from '../src/connection/session.js'
import type { ClientState } from '../src/world/client/client-state.js'
import { type LinkTag, linkTagOf } from '../src/world/link-tags.js'
import { clientState } from '../src/world/state.js'

/**
 * Adds `Connected` when the session has opened, sends heartbeats, detects a lost connection and tries to resume it.
 * Adds and removes `Interrupted` and `Stalled`.
 */
export function updateConnection(world: World): void {
  const client = clientState(world)
  if (client.session !== undefined) followSession(client, client.session, true)
}

/**
 * Does the same while the game may not be ticking, as in a hidden tab. `gameTicks`: whether the game's own loop runs
 * this.
 */
export function followSession(client: ClientState, session: ClientSession, gameTicks: boolean): void {
  if (!client.wasOpened && session.session?.connectionId) showOpen(client, session.session)
  session.maintain(gameTicks)
  client.reconnection?.advance(session)
  // In a host's world the server updates the other components.
  if (!client.wasOpened || client.isLocal) return
  followLink(client, session.session!, Math.max(client.stalledAfter, 2 * session.clock.tickMs))
  if (session.state === 'open') Connection.roundTrip[client.connection] = session.session!.roundTrip.smoothed
}

function showOpen(client: ClientState, session: Session): void {
  const { world, connection } = client
  client.wasOpened = true
  session.entity = connection
  if (!client.isLocal) {
    Connection.id[connection] = session.connectionId
    addComponent(world, connection, Connected)
  }
  // The game may have decided already, with `setReady`.
  if (client.autoReady && client.readyToSend === undefined) client.readyToSend = true
}

/** Follows the state of the link, and whether the server's game ticks. */
function followLink(client: ClientState, session: Session, stalledAfter: number): void {
  if (session.state !== 'open') return
  const tag = linkTagOf(session, stalledAfter)
  if (tag !== client.linkTag) showLink(client, session, tag)
}

function showLink(client: ClientState, session: Session, tag: LinkTag | undefined): void {
  const { world, linkTag, replication } = client
  const { entity } = session
  client.linkTag = tag
  if (linkTag !== undefined) replication.copies.guard(() => removeComponent(world, entity, linkTag))
  // An observer may have ended the session.
  if (tag !== undefined && session.state === 'open') {
    replication.copies.guard(() => addComponent(world, entity, tag))
  }
}
