// The game that the seeded model plays: every way to track, send and name state, and calls of several definitions.
import { addComponent, addEntity, createRelation } from 'bitecs'
import {
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  entity,
  f32,
  f64,
  quantized,
  replicate,
  type ServerWorld,
  u16,
  u32,
} from 'bitecs-net'
import { listOf, type SyncList } from 'bitecs-net/collections'
import { definePrefab } from 'bitecs-net/prefabs'
import { Networked } from 'bitecs-net/components'

const MAX = 10_000

export const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }
export const Heading = { angle: new Float32Array(MAX), seed: new Float64Array(MAX) }
export const Health = { hp: new Uint16Array(MAX) }
/** The entity, and the net id that it had when it was written. */
export const Target = { entity: new Uint32Array(MAX), netId: new Uint32Array(MAX) }
export const Sealed = { value: new Uint32Array(MAX) }
export const Marked = { value: new Uint32Array(MAX) }
export const Steering = { value: new Float32Array(MAX) }
export const Secret = { value: new Uint16Array(MAX) }
export const Flag = {}
export const Follows = createRelation()

/** Every ship has these from its first tick to its last, so a game can mirror them by events alone. */
export const Score = { points: new Uint32Array(MAX) }
export const Bag = { items: [] as SyncList<number>[], friends: [] as SyncList<number>[] }

/** What a ship may have, be given and lose. */
export const OPTIONAL = [Position, Heading, Health, Target, Sealed, Marked, Steering, Secret, Flag] as const

/** Names its shooter twice: as an entity, and as the net id that the entity must turn out to have. */
export const Shot = definePrefab({ components: [Score, Bag], payload: { shooter: entity, netId: u32 } })

export const Zoom = defineCommand({ n: u32 }, { requiresAuthority: false })
export const Aim = defineCommand({ n: u32 }, { requiresAuthority: false })
/** Both ways. */
export const Chat = defineMessage({ n: u32 })
export const Boom = defineClientRpc({ n: u32, at: entity, netId: u32 })
export const Prize = defineTargetRpc({ n: u32 })
export const Spark = defineClientRpc({ at: entity, netId: u32 }, { channel: 'unreliable' })
/** The last one on a ship, which every later observer gets. */
export const Scar = defineClientRpc({ at: entity, netId: u32 }, { buffer: 'last' })

export const game = defineProtocol({
  components: {
    Position: replicate(Position, { x: quantized(-4096, 4096, 0.01), y: quantized(-4096, 4096, 0.01) }),
    Heading: replicate(Heading, { angle: f32, seed: f64 }),
    Health: replicate(Health, { hp: u16 }),
    Target: replicate(Target, { entity, netId: u32 }),
    Sealed: replicate(Sealed, { value: u32 }, { send: 'once' }),
    Marked: replicate(Marked, { value: u32 }, { track: 'marked' }),
    Steering: replicate(Steering, { value: f32 }, { authority: 'client' }),
    Secret: replicate(Secret, { value: u16 }, { to: 'owner' }),
    Flag: replicate(Flag),
    Score: replicate(Score, { points: u32 }, { trackChanges: true }),
    Bag: replicate(Bag, { items: listOf(u16, 24), friends: listOf(entity, 4) }),
  },
  remote: { Zoom, Aim, Boom, Prize, Spark, Scar },
  messages: { Chat },
  prefabs: { Shot },
  relations: { Follows },
})

/** A networked entity of the server with a score and a bag. */
export function spawnShip(world: ServerWorld): number {
  const ship = addEntity(world)
  Score.points[ship] = 0
  addComponent(world, ship, Score)
  addComponent(world, ship, Bag)
  addComponent(world, ship, Networked)
  return ship
}

/** The value that a coordinate arrives as. */
export function quantize(value: number): number {
  return Math.fround(-4096 + Math.floor((Math.fround(value) + 4096) * 100 + 0.5) * 0.01)
}
