// Ends a session on the client: removes what it showed in the world and clears its queues.
import { removeComponent } from 'bitecs'
import {
  Connected,
  Connection,
  Draining,
  Interrupted,
  Loading,
  Ready,
  Stalled,
} from '../../../components/connection.js'
import type { ClientSession } from '../../connection/client/client-session.js'
import { endScenes } from './change-scenes.js'
import type { ClientState } from './client-state.js'
import { forgetPackets } from './read-packet.js'

/** In the reverse order of their adding. */
const TAGS = [Ready, Loading, Interrupted, Stalled, Draining, Connected]

/** Ends the session, in the reverse order of its beginning. While packets are being applied, it ends after them. */
export function endSession(client: ClientState): void {
  if (client.applying) {
    client.endRequested = true
    return
  }
  client.endRequested = false
  const { session, transport, counters, connection, replication, outgoing, outgoingParts } = client
  void client.reconnection?.end()
  client.session = undefined
  client.transport = undefined
  client.pendingRequests.end(session?.reason?.text ?? '')
  client.openRequests.forget(connection)
  if (!client.isLocal) showEnd(client, session)
  replication.locals.giveUpAll()
  client.wasOpened = false
  client.linkTag = undefined
  client.readyToSend = undefined
  client.isReady = false
  endScenes(client)
  for (const queue of client.received) counters.packetsAfterEnd += queue.clear()
  forgetPackets(client)
  counters.unsentCalls += outgoing.count + outgoingParts.count
  outgoing.clear()
  outgoingParts.clear()
  client.incomingParts.clear()
  void transport?.close()
  client.onEnded(session?.reason)
}

function showEnd(client: ClientState, session: ClientSession | undefined): void {
  const { world, connection, replication } = client
  Connection.reason[connection] = session?.reason
  replication.despawnAll()
  // An observer of a despawn may have ended the session already.
  if (!client.wasOpened) return
  for (const tag of TAGS) removeComponent(world, connection, tag)
}
