// The page that plays offline: server and client in one world, in the browser, with bots. The game's code is the same.
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
  // First, so that a frame that fails is not the last one.
  requestAnimationFrame(loop)
  runSystems(world, frame)
}

requestAnimationFrame(loop)
