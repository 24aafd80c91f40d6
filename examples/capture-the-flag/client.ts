// Starts the page that plays on a server: creates a client world, builds the page around it and connects.
import { clientReceive, clientSend, connect, createClientWorld, runSystems } from 'bitecs-net/client'
import { createPage } from './client/page.js'
import { protocol } from './protocol.js'

const world = createClientWorld(protocol)
const { view, systems } = createPage(world, () => void join())
const frame = [...clientReceive, ...systems, ...clientSend]

function loop(): void {
  // Request the next frame first, so that the loop goes on when this frame throws.
  requestAnimationFrame(loop)
  runSystems(world, frame)
}

async function join(): Promise<void> {
  view.status = 'connecting'
  view.reason = ''
  try {
    await connect(world)
  } catch (error) {
    view.status = 'ended'
    view.reason = error instanceof Error ? error.message : String(error)
  }
}

requestAnimationFrame(loop)
await join()
