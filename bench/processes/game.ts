// Defines what the library's server and clients share: moving bodies, a stamp in every tick, and a command that all
// clients observe.
import {
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  f32,
  f64,
  quantized,
  replicate,
  u16,
  u32,
} from '../../src/index.js'
import { POSITION_RANGE, POSITION_STEP, Stores } from '../workload.js'

/** Room for the worlds of a process of clients, each of which has all entities. */
const CAPACITY = 1 << 18

export const stores = new Stores(CAPACITY)

const position = quantized(-POSITION_RANGE, POSITION_RANGE, POSITION_STEP)
const rotation = quantized(-1, 1, 2 / 1023)
const rate = { perSecond: 1e6, burst: 1e6 }

/** When a tick began, by the clock that all processes share. */
export const Stamp = defineMessage({ sent: f64 }, { from: 'server', channel: 'unreliable' })
export const Shoot = defineCommand({ sent: f64, x: f32, y: f32, z: f32 }, { requiresAuthority: false, rate })
export const Shot = defineClientRpc({ sent: f64, x: f32, y: f32, z: f32 })
export const Say = defineMessage({ number: u32, x: f32, y: f32 }, { from: 'client', channel: 'unreliable', rate })

export const protocol = defineProtocol({
  components: {
    Position: replicate(stores.position, { x: position, y: position, z: position }),
    Rotation: replicate(stores.rotation, { x: rotation, y: rotation, z: rotation, w: rotation }),
    Health: replicate(stores.health, { hp: u16 }),
  },
  remote: { Shoot, Shot },
  messages: { Stamp, Say },
})
