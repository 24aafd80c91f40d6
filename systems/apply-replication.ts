// Applies received packets in order: structure and values to the world, calls and messages to their queues.
import type { World } from 'bitecs'
import type { ClientSession } from '../src/connection/client/client-session.js'
import { Channel } from '../src/transport/transport.js'
import { endScenes } from '../src/world/client/change-scenes.js'
import { type ClientState, serverTick } from '../src/world/client/client-state.js'
import { endSession } from '../src/world/client/end-session.js'
import { searchWaiting } from '../src/world/client/read-packet.js'
import { clientState } from '../src/world/state.js'

/**
 * Applies received packets in order: structure and values to the world, calls and messages to their queues. A session
 * that has ended disappears from the world after its last packet.
 */
export function applyReplication(world: World): void {
  const client = clientState(world)
  const { replication } = client
  replication.locals.beginFrame()
  replication.refreshStores()
  applyReceived(client)
  replication.locals.tell(serverTick(client))
}

/** Applies the queued packets, and shows the end of a session after its last one. */
export function applyReceived(client: ClientState): void {
  const { session, scenes, received, reading } = client
  if (session === undefined) return
  // Packets that wait for a scene were sent before the end, so they are applied without it.
  if (session.state === 'closed' && scenes.isLoading) endScenes(client)
  client.applying = true
  try {
    applyReliable(client, session)
    if (scenes.isLoading) searchWaiting(client)
    applyUnreliable(client, session)
  } finally {
    client.applying = false
  }
  const isFinished = session.state === 'closed' && received[Channel.Reliable].count === 0
  // Like a despawn, the end waits a frame for calls that arrived before it: the game drains them while their entities
  // exist.
  if (client.endRequested || (isFinished && !reading.hasNews)) endSession(client)
}

/** Stops at a packet that pauses; it continues in the next frame. */
function applyReliable(client: ClientState, session: ClientSession): void {
  const { reading, scenes } = client
  const [queue] = client.received
  while (queue.count > 0 && !client.endRequested && !scenes.isLoading) {
    reading.resumeAt = queue.progress > 0 ? queue.start + queue.progress : -1
    session.readData(Channel.Reliable, queue.bytes, queue.start, queue.end, queue.time)
    reading.resumeAt = -1
    const { pausedAt } = reading
    reading.pausedAt = -1
    if (pausedAt >= 0) {
      queue.progress = pausedAt - queue.start
      break
    }
    queue.shift()
  }
}

function applyUnreliable(client: ClientState, session: ClientSession): void {
  const [, queue] = client.received
  while (queue.count > 0 && !client.endRequested) {
    session.readData(Channel.Unreliable, queue.bytes, queue.start, queue.end, queue.time)
    queue.shift()
  }
}
