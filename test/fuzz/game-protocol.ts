// Defines the game of the fuzz tests: every type, every kind of component, call, message, scene and relation.
//
// Packets in the corpus contain the numbers of definitions and components, which follow the sorted names. Let a new
// name begin with Z, so that it does not change the meaning of old packets.
import {
  angle,
  array,
  bool,
  bytes,
  custom,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  entity,
  enumOf,
  f32,
  f64,
  i16,
  i32,
  i8,
  optional,
  quantized,
  replicate,
  string,
  struct,
  u16,
  u32,
  u8,
  unitQuaternion,
  varint,
} from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { definePrefab } from 'bitecs-net/prefabs'
import { defineScene } from 'bitecs-net/scenes'
import { createRelation } from 'bitecs'

const MAX = 60_000
export const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }
export const Health = { hp: new Uint16Array(MAX), alive: new Uint8Array(MAX) }
export const Motion = { vx: new Float32Array(MAX), seed: new Float64Array(MAX), turn: new Int8Array(MAX) }
export const Aim = { at: new Uint32Array(MAX) }
export const Bag = {
  notes: [] as SyncList<{ who: number; text: string }>[],
  blobs: [] as SyncMap<number, Uint8Array>[],
  friends: [] as SyncSet<number>[],
}
export const Flag = {}
export const Pose = {
  yaw: new Float32Array(MAX),
  qx: new Float32Array(MAX),
  qy: new Float32Array(MAX),
  qz: new Float32Array(MAX),
  qw: new Float32Array(MAX),
}
export const Purse = { gold: new Int32Array(MAX), debt: new Int16Array(MAX), level: new Uint8Array(MAX) }
export const Look = { yaw: new Float32Array(MAX), at: new Uint32Array(MAX), far: new Float32Array(MAX) }
/** Components whose values are read together: two, three and four lanes of whole words, and one of few bits. */
export const ZTwo = { a: new Float32Array(MAX), b: new Float32Array(MAX) }
export const ZThree = { a: new Uint32Array(MAX), b: new Uint32Array(MAX), c: new Uint32Array(MAX) }
export const ZFour = {
  a: new Float32Array(MAX),
  b: new Float32Array(MAX),
  c: new Float32Array(MAX),
  d: new Float32Array(MAX),
}
export const ZNarrow = { a: new Float32Array(MAX) }
export const ChildOf = createRelation({ exclusive: true, autoRemoveSubject: true })
export const Likes = createRelation()

export const Move = defineCommand({ dx: f32, step: varint })
export const Dash = defineCommand({ step: varint }, { channel: 'unreliable' })
export const Knock = defineCommand({ door: u16, who: entity, loud: bool }, { requiresAuthority: false })
export const Boom = defineClientRpc({ x: f32, shooter: entity })
export const Prize = defineTargetRpc({ gold: u32 })
export const Trade = defineCommand(
  { item: u16 },
  { returns: { gold: u32, note: string(20) }, refuses: ['stolen', 'broken'] },
)
export const Query = defineTargetRpc({ text: string(20) }, { returns: { at: entity } })
export const Chat = defineMessage({ text: string(200) })
export const Login = defineMessage({ text: string(20) }, { beforeAuthentication: true })
export const Blip = defineMessage({ n: varint }, { channel: 'unreliable' })
export const Blob = defineMessage({ data: bytes(60_000) }, { large: true })
/** A message that may claim a size of sixteen megabytes. */
export const Huge = defineMessage(
  { data: bytes(16_000_000) },
  { large: true, from: 'client', rate: { perSecond: 1, burst: 2 } },
)
export const Tint = defineClientRpc({ colour: u8 }, { buffer: 'last' })
/** Every type of argument that the other calls do not have. */
export const Craft = defineCommand({
  kind: enumOf('axe', 'bow', 'cap'),
  from: array(u16, 20),
  near: optional(entity),
  at: struct({ x: i16, y: i32 }),
  facing: angle(10),
  turned: unitQuaternion,
  mood: custom({
    text: 'mood',
    maxBytes: 2,
    zero: 0,
    check: () => {},
    write: (writer, value) => writer.u16(value),
    read: (reader) => reader.u16(),
  }),
})

/** Values of fixed size, which are read without checking each call. */
export const ZMix = defineCommand({ a: i8, b: i16, c: i32, d: f64, e: bool, f: u8, g: quantized(0, 1, 0.001) })
/** It may overtake the spawn of its entity. */
export const ZFlash = defineClientRpc({ n: u8 }, { channel: 'unreliable' })

export const Mine = definePrefab({ components: [Position, Health], payload: { label: string(40), owner: entity } })
export const Hud = defineScene()
export const Match = defineScene({ seed: u32, name: string(20) })

export const protocol = defineProtocol({
  components: {
    Position: replicate(
      Position,
      { x: quantized(-100, 100, 0.01), y: quantized(-100, 100, 0.01) },
      { interpolate: true, trackChanges: true },
    ),
    Health: replicate(Health, { hp: u16, alive: bool }, { trackChanges: true }),
    Motion: replicate(Motion, { vx: f32, seed: f64, turn: i8 }),
    Aim: replicate(Aim, { at: entity }),
    Bag: replicate(Bag, {
      notes: listOf(struct({ who: entity, text: string(20) }), 8),
      blobs: mapOf(varint, bytes(20), 8),
      friends: setOf(entity, 4),
    }),
    Flag: replicate(Flag),
    Pose: replicate(Pose, { yaw: angle(12), ...unitQuaternion.fields('qx', 'qy', 'qz', 'qw') }, { trackChanges: true }),
    Purse: replicate(Purse, { gold: i32, debt: i16, level: u8 }, { to: 'owner' }),
    ZTwo: replicate(ZTwo, { a: f32, b: f32 }),
    ZThree: replicate(ZThree, { a: u32, b: u32, c: u32 }),
    ZFour: replicate(ZFour, { a: f32, b: f32, c: f32, d: f32 }, { trackChanges: true }),
    ZNarrow: replicate(ZNarrow, { a: quantized(0, 10, 0.01) }),
    Look: replicate(Look, { yaw: quantized(-4, 4, 0.01), at: entity, far: f32 }, { authority: 'client' }),
  },
  remote: { Move, Dash, Knock, Boom, Prize, Trade, Query, Tint, Craft, ZMix, ZFlash },
  messages: { Chat, Blip, Blob, Huge, Login },
  prefabs: { Mine },
  scenes: { Hud, Match },
  relations: { ChildOf, Likes },
})

/** Clears the arrays of an earlier game in this process, because a run must depend only on its seed. */
export function resetStores(): void {
  for (const { store } of protocol.componentList) {
    for (const values of Object.values(store)) {
      if (ArrayBuffer.isView(values)) new Uint8Array(values.buffer).fill(0)
      else if (Array.isArray(values)) values.length = 0
    }
  }
}
