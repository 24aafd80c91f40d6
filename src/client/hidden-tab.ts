// A hidden tab gets no animation frames, so the game's loop stands still, but its messages still arrive. They drive the
// receiving here until frames come again: else the inbox would fill, and the session would be closed for it.
import type { Transport } from '../transport/transport.js'
import { clientRole, type ClientWorld } from '../world/state.js'

/** Milliseconds without a frame after which arrivals take over. */
const STILL_AFTER_MS = 250

/** While nothing arrives, a timer finds a broken line and looks after it; it runs once a second at most in a hidden tab. */
const LOOK_INTERVAL_MS = 1000

/** Keeps a connected client draining while its loop stands still. Ends by itself with the session. */
export function drainWhenHidden(world: ClientWorld): void {
  const role = clientRole(world)
  const { transport } = role
  if (transport === undefined || typeof MessageChannel === 'undefined') return
  const isStill = (): boolean => role.options.now() - role.lastFrameAt >= STILL_AFTER_MS
  let scheduled = false
  const listenTo = (listened: Transport): void => {
    listened.onArrival = () => {
      if (scheduled || !isStill()) return
      scheduled = true
      runSoon(() => {
        scheduled = false
        if (role.transport === listened) role.pump()
      })
    }
  }
  listenTo(transport)
  const { session } = role
  const timer = setInterval(() => {
    if (role.session !== session) clearInterval(timer)
    else if (isStill()) role.pump()
  }, LOOK_INTERVAL_MS)
  role.onMoved = () => {
    if (role.session === session && role.transport !== undefined) listenTo(role.transport)
  }
}

/**
 * Runs a task of its own: nothing of the game may run inside the network's callback, and timers are held back to one a
 * second in a hidden tab, messages are not.
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
