// Starts the page that plays offline against bots: server and client share one world, and the game code is the same.
import { createHostWorld, hostFrame, runSystems, startHost, withSide } from 'bitecs-net/host'
import { createPage } from './client/page.js'
import { protocol, setup, systems, tickRate } from './server.js'
import { addHouseBots, playHouseBots } from './systems/house-bots.js'

const BOTS = 5

const world = createHostWorld(protocol, { tickRate })
withSide(world, 'server', () => {
  setup(world)
  addHouseBots(world, BOTS)
})
startHost(world).run({ server: [...systems, playHouseBots] })

const page = createPage(world, () => location.reload())
const frame = hostFrame(page.systems)

function loop(): void {
  // Request the next frame first, so that the loop goes on when this frame throws.
  requestAnimationFrame(loop)
  runSystems(world, frame)
}

requestAnimationFrame(loop)
