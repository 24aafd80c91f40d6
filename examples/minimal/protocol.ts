// Defines what server and client share: one replicated component and one command.
import { defineCommand, defineProtocol, quantized, replicate } from 'bitecs-net'

const percent = quantized(0, 100, 0.1)

export const Position = { x: new Float32Array(1000), y: new Float32Array(1000) }
export const Go = defineCommand({ x: percent, y: percent })

export const protocol = defineProtocol({
  components: { Position: replicate(Position, { x: percent, y: percent }, { interpolate: true }) },
  remote: { Go },
})
