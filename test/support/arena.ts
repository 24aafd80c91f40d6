// The small game that behaviour tests are written in: one protocol with something of everything.
import { addComponent, addEntity, createRelation, query } from 'bitecs'
import {
  type ClientWorld,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  entity,
  entityOf,
  f32,
  f64,
  netIdOf,
  quantized,
  replicate,
  type ServerWorld,
  string,
  u16,
  u8,
  varint,
} from 'bitecs-net'
import { definePrefab } from 'bitecs-net/prefabs'
import { Networked } from 'bitecs-net/components'

/** Room for 10,000 entities in a server's and two clients' worlds at once, whose ids come from one index. */
const MAX = 40_000

export const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }
export const Heading = { angle: new Float32Array(MAX), seed: new Float64Array(MAX) }
export const Health = { hp: new Uint16Array(MAX) }
export const Target = { entity: new Uint32Array(MAX) }
export const Flag = {}
export const Follows = createRelation()
/** Not replicated. */
export const Glow = { strength: new Float32Array(MAX) }

export const Move = defineCommand({ dx: f32, dy: f32 })
export const Nudge = defineCommand({ dx: f32, dy: f32 })
export const Dash = defineCommand({ step: varint }, { channel: 'unreliable' })
export const Knock = defineCommand({ door: u8 }, { requiresAuthority: false })
export const Shoot = defineCommand({ power: u8 }, { rate: { perSecond: 2, burst: 3 } })
export const Aim = defineCommand({ at: entity })

export const Boom = defineClientRpc({ x: f32, shooter: entity })
export const Others = defineClientRpc({ n: varint }, { includeOwner: false })
export const Spark = defineClientRpc({ n: varint }, { channel: 'unreliable' })
export const Prize = defineTargetRpc({ gold: u16 })
export const Whisper = defineTargetRpc({ n: varint }, { channel: 'unreliable' })

export const Chat = defineMessage({ text: string(200) })
export const Ping = defineMessage({ n: varint }, { channel: 'unreliable' })
export const News = defineMessage({ text: string(16_000) }, { from: 'server' })
export const Order = defineMessage({ item: u16 }, { from: 'client' })

export const Ball = definePrefab({
  components: [Position, Health, Glow],
  payload: { color: u8, thrower: entity, name: string(20) },
})
export const Door = definePrefab({ components: [Position] })

export const arena = defineProtocol({
  components: {
    Position: replicate(Position, { x: quantized(-4096, 4096, 0.01), y: quantized(-4096, 4096, 0.01) }),
    Heading: replicate(Heading, { angle: f32, seed: f64 }),
    Health: replicate(Health, { hp: u16 }),
    Target: replicate(Target, { entity }),
    Flag: replicate(Flag),
  },
  remote: { Move, Nudge, Dash, Knock, Shoot, Aim, Boom, Others, Spark, Prize, Whisper },
  messages: { Chat, Ping, News, Order },
  prefabs: { Ball, Door },
  relations: { Follows },
})

/** A networked entity of the server with a position and health. */
export function spawnShip(world: ServerWorld, x = 0, y = 0, hp = 100): number {
  const eid = addEntity(world)
  addComponent(world, eid, Position)
  addComponent(world, eid, Health)
  Position.x[eid] = x
  Position.y[eid] = y
  Health.hp[eid] = hp
  addComponent(world, eid, Networked)
  return eid
}

/** The client's copy of an entity of the server, or 0. */
export function copyOf(client: ClientWorld, server: ServerWorld, eid: number): number {
  return entityOf(client, netIdOf(server, eid))
}

/** The networked entities of a world; a copy, since the query's result is live. */
export function networked(world: ServerWorld | ClientWorld): number[] {
  return [...query(world, [Networked])]
}

/** The value that a coordinate arrives as. */
export function quantize(value: number): number {
  return Math.fround(-4096 + Math.floor((Math.fround(value) + 4096) * 100 + 0.5) * 0.01)
}
