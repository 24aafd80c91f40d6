// Keeps a client connected in a hidden tab, where the browser runs no animation frames: received packets run the
// systems.
//
// Without this the inbox would fill up, and the server would close the session.
import { applyReceived } from '../../systems/apply-replication.js'
import { sendToServer } from '../../systems/send-to-server.js'
import { followSession } from '../../systems/update-connection.js'
import type { Transport } from '../transport/transport.js'
import { advanceScenes } from '../world/client/change-scenes.js'
import { markDrained } from '../world/client/read-packet.js'
import { clientState, type ClientWorld } from '../world/state.js'

/** Milliseconds without a frame after which received packets run the systems. */
const STILL_AFTER_MS = 250

/**
 * Milliseconds between two runs without packets, which detect a lost connection. A hidden tab's timers run once a
 * second.
 */
const LOOK_INTERVAL_MS = 1000

/** Milliseconds without a frame for which the end of an entity waits for the game to drain its calls. */
const FRAME_PATIENCE_MS = 2000

/** Keeps a connected client receiving while its loop does not run. Stops with the session. */
export function receiveWhenHidden(world: ClientWorld): void {
  const client = clientState(world)
  const { transport } = client
  if (transport === undefined || typeof MessageChannel === 'undefined') return
  const isBlocked = (): boolean => client.options.now() - client.lastFrameAt >= STILL_AFTER_MS
  let scheduled = false
  const listenTo = (listened: Transport): void => {
    listened.onArrival = () => {
      if (scheduled || !isBlocked()) return
      scheduled = true
      runSoon(() => {
        scheduled = false
        if (client.transport === listened) pump(world)
      })
    }
  }
  listenTo(transport)
  const { session } = client
  const timer = setInterval(() => {
    if (client.session !== session) clearInterval(timer)
    else if (isBlocked()) pump(world)
  }, LOOK_INTERVAL_MS)
  client.onMoved = () => {
    if (client.session === session && client.transport !== undefined) listenTo(client.transport)
  }
}

/**
 * Runs the client's systems while the game's loop does not: applies received packets and acknowledges them. Calls wait
 * in their queues.
 */
export function pump(world: ClientWorld): void {
  const client = clientState(world)
  client.session?.receive()
  if (client.session !== undefined) followSession(client, client.session, false)
  // A slow game still gets its chance to drain calls before their entities end. A stopped one does not.
  if (client.options.now() - client.lastFrameAt >= FRAME_PATIENCE_MS) markDrained(client)
  applyReceived(client)
  advanceScenes(client)
  sendToServer(world)
}

/**
 * Runs a separate task: no game code may run inside the network's callback. A hidden tab limits timers to one a second,
 * but not messages.
 */
function runSoon(task: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => {
    port1.close()
    task()
  })
  port1.start()
  port2.postMessage(undefined)
}
