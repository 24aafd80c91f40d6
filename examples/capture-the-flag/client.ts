// The page that plays on a server: a world that the server fills, and the page around it.
import { clientReceive, clientSend, connect, createClientWorld, runSystems } from 'bitecs-net/client'
import { createPage } from './client/page.js'
import { protocol } from './protocol.js'

const world = createClientWorld(protocol)
const { view, systems } = createPage(world, () => void join())
const frame = [...clientReceive, ...systems, ...clientSend]

function loop(): void {
  // First, so that a frame that fails is not the last one.
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
