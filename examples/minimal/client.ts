// Shows every dot in the browser, and sends the player's own dot to where the mouse clicks.
import { query } from 'bitecs'
import { sendCommand } from 'bitecs-net'
import { clientReceive, clientSend, connect, createClientWorld, runSystems } from 'bitecs-net/client'
import { LocalPlayer } from 'bitecs-net/components'
import { Go, Position, protocol } from './protocol.js'

const world = createClientWorld(protocol)
await connect(world)

addEventListener('click', ({ clientX, clientY }) => {
  const go = { x: (clientX / innerWidth) * 100, y: (clientY / innerHeight) * 100 }
  for (const dot of query(world, [LocalPlayer])) sendCommand(world, dot, Go, go)
})

requestAnimationFrame(function frame() {
  runSystems(world, [...clientReceive, ...clientSend])
  const dots = [...query(world, [Position])]
  const at = (dot: number): string => `left: ${Position.x[dot]}%; top: ${Position.y[dot]}%`
  document.body.innerHTML = dots.map((dot) => `<b style="position: fixed; ${at(dot)}">●</b>`).join('')
  requestAnimationFrame(frame)
})
