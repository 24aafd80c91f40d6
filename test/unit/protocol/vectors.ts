// Writes the golden vectors with the library: single values, and every packet of a scripted run.
import { addComponent, addEntity, removeComponent } from 'bitecs'
import {
  angle,
  bool,
  clearOwner,
  close,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  despawn,
  entity,
  entityOf,
  f32,
  f64,
  i16,
  i32,
  i8,
  netIdOf,
  quantized,
  replicate,
  retire,
  type SchemaType,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setPlayer,
  setReady,
  string,
  u16,
  u32,
  u8,
  unitQuaternion,
  varint,
} from 'bitecs-net'
import { hideFrom } from 'bitecs-net/interest'
import { definePrefab, setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { changeScene, defineScene, loadScene, unloadScene } from 'bitecs-net/scenes'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { ComponentSets } from '../../../src/protocol/component-sets.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { makeNetId } from '../../../src/protocol/net-id.js'
import { SectionKind, writeClose, writeHello, writePing, writeWelcome } from '../../../src/protocol/packet.js'
import { writeLane } from '../../../src/replication/wire/lanes.js'
import { Channel } from '../../../src/transport/transport.js'
import { capture, type Captured, gate, transportOf } from '../world/tap.js'
import { fromHex } from './independent-reader.js'

/** A value of one type in a call or message. Numbers that JSON cannot represent are texts. */
export interface ValueVector {
  readonly name: string
  readonly type: string
  readonly value: number | boolean | string
  readonly hex: string
}

export interface LaneVector {
  readonly name: string
  readonly bits: number
  /** With spaces between them. */
  readonly values: string
  readonly hex: string
}

export interface PacketVector {
  readonly name: string
  readonly description: string
  readonly hex: string
}

/** One packet of the scripted run. */
export interface RunVector {
  readonly from: 'client' | 'server'
  readonly channel: 'reliable' | 'unreliable'
  readonly tick: number
  readonly hex: string
}

const MAX = 1000
const stores = {
  Position: { x: new Float32Array(MAX), y: new Float32Array(MAX) },
  Health: { hp: new Uint16Array(MAX), shield: new Uint8Array(MAX) },
  Aim: { at: new Uint32Array(MAX) },
  Motion: { speed: new Float32Array(MAX), turn: new Int8Array(MAX), seed: new Float64Array(MAX) },
  Flag: {},
}

const Fire = defineCommand({ angle: f32, power: u8 })
const Dash = defineCommand({ step: varint }, { channel: 'unreliable' })
const Boom = defineClientRpc({ x: f32, shooter: entity })
const Prize = defineTargetRpc({ gold: u16 })
const Chat = defineMessage({ text: string(60) })
const Blip = defineMessage({ n: varint }, { channel: 'unreliable', from: 'server' })

const Shell = definePrefab({ components: [stores.Position, stores.Flag], payload: { label: string(20), from: entity } })
const Wall = definePrefab()
const Arena = defineScene({ seed: u16 })
const Hud = defineScene()

export const protocol = defineProtocol({
  components: {
    Position: replicate(stores.Position, { x: quantized(-100, 100, 0.01), y: quantized(-100, 100, 0.01) }),
    Health: replicate(stores.Health, { hp: u16, shield: bool }),
    Aim: replicate(stores.Aim, { at: entity }),
    Motion: replicate(stores.Motion, { speed: f32, turn: i8, seed: f64 }),
    Flag: replicate(stores.Flag),
  },
  remote: { Fire, Dash, Boom, Prize },
  messages: { Chat, Blip },
  prefabs: { Shell, Wall },
  scenes: { Arena, Hud },
})

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function hexOf(write: (writer: ByteWriter) => void): string {
  const writer = new ByteWriter()
  write(writer)
  return toHex(writer.bytes.subarray(0, writer.length))
}

/** The received rotation. */
function rotationText(hex: string): string {
  const reader = new ByteReader()
  const bytes = fromHex(hex)
  reader.reset(bytes, 0, bytes.length)
  const { x, y, z, w } = unitQuaternion.read(reader)
  return [x, y, z, w].map((part) => part.toFixed(6)).join(' ')
}

export function valueVectors(): ValueVector[] {
  const vectors: ValueVector[] = []
  const add = <T extends number | boolean | string>(type: SchemaType<T>, ...values: T[]): void => {
    for (const value of values) {
      vectors.push({
        name: `${type.text} ${JSON.stringify(value)}`,
        type: type.text,
        value: typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
        hex: hexOf((writer) => type.write(writer, value)),
      })
    }
  }
  add(bool, false, true)
  add(u8, 0, 255)
  add(u16, 1, 65_535)
  add(u32, 0x01020304, 4_294_967_295)
  add(i8, -128, -1, 127)
  add(i16, -32_768, -2)
  add(i32, -2_147_483_648, -3)
  add(f32, 0.5, -1.25, Infinity)
  add(f64, 0.1, -Infinity)
  add(varint, 0, 127, 128, 300, 16_384, 4_294_967_295)
  add(quantized(-100, 100, 0.5), -100, 0, 12.5, 100)
  add(quantized(0, 1, 1), 1)
  add(angle(12), 0, Math.PI / 2, -Math.PI)
  add(angle(24), -Math.PI / 2)
  const rotations: [number, number, number, number][] = [
    [0, 0, 0, 1],
    [0.5, -0.5, 0.5, -0.5],
    [0.1, -0.7, 0.3, 0.6],
  ]
  for (const [x, y, z, w] of rotations) {
    const hex = hexOf((writer) => unitQuaternion.write(writer, { x, y, z, w }))
    vectors.push({ name: `unitQuaternion ${x} ${y} ${z} ${w}`, type: 'unitQuaternion', value: rotationText(hex), hex })
  }
  add(string(60), '', 'hello', 'grün \u{1f600}')
  add(string(200), 'a longer limit takes a longer length')
  const names: [string, number][] = [
    ['none', 0],
    ['1.0', makeNetId(1, 0)],
    ['300.5', makeNetId(300, 5)],
    ['1048575.1023', makeNetId(1_048_575, 1023)],
  ]
  for (const [value, netId] of names) {
    const hex = hexOf((writer) => entity.write(writer, netId))
    vectors.push({ name: `entity ${value}`, type: 'entity', value, hex })
  }
  return vectors
}

export function laneVectors(): LaneVector[] {
  const lane = (bits: number, ...values: number[]): LaneVector => {
    const ids = Uint32Array.from(values, (_, i) => i)
    const hex = hexOf((writer) => writeLane(writer, bits, Uint32Array.from(values), ids, values.length))
    return { name: `${values.length} values of ${bits} bits`, bits, values: values.join(' '), hex }
  }
  return [
    lane(1, 1, 0, 1, 1, 0, 0, 0, 1, 1),
    lane(5, 31, 0, 17, 1),
    lane(8, 1, 2, 255),
    lane(15, 32_767, 1, 16_384),
    lane(16, 0x0102, 0xffff),
    lane(20, 0xfffff, 1, 0x80001),
    lane(30, makeNetId(3, 2), 0, makeNetId(1_048_575, 1023)),
    lane(32, 0x01020304, 0xffffffff),
  ]
}

const HELLO = { wireVersion: 1, hashHigh: 0x01234567, hashLow: 0x89abcdef, token: 'key', description: 'wire 1' }
const WELCOME = { connectionId: 7, milliTicksPerSecond: 20_000, tick: 300 }

export function packetVectors(): PacketVector[] {
  const vector = (name: string, description: string, write: (writer: ByteWriter) => void): PacketVector => ({
    name,
    description,
    hex: hexOf(write),
  })
  return [
    vector('hello', 'wire 1, hash 0123456789abcdef, token "key", a description of one line', (writer) =>
      writeHello(writer, HELLO),
    ),
    vector('welcome', 'connection 7 at 20 ticks per second, tick 300', (writer) => writeWelcome(writer, WELCOME)),
    vector('hello that may resume', 'as above, and the session may be resumed', (writer) =>
      writeHello(writer, { ...HELLO, resume: 'may' }),
    ),
    vector('hello that resumes', 'as above, resumes session 00112233…ff, 300 reliable packets have arrived', (writer) =>
      writeHello(writer, { ...HELLO, resume: { token: '00112233445566778899aabbccddeeff', received: 300 } }),
    ),
    vector('welcome with a secret', 'as above, session 00112233…ff, kept for 15,000 ms', (writer) =>
      writeWelcome(writer, { ...WELCOME, resume: { token: '00112233445566778899aabbccddeeff', keptMs: 15_000 } }),
    ),
    vector('welcome back', 'as above, 258 reliable packets have arrived', (writer) =>
      writeWelcome(writer, { ...WELCOME, resume: { received: 258 } }),
    ),
    vector('close', 'kicked: spam', (writer) => writeClose(writer, 'kicked', 'spam')),
    vector('ping', 'clock 1000 ms, tick 20, 258 reliable packets have arrived', (writer) =>
      writePing(writer, 1000, 20, 258),
    ),
    vector('ping of an interrupted session', 'as above; the sender does not hear the receiver', (writer) =>
      writePing(writer, 1000, 20, 258, true),
    ),
    vector('message part', 'bytes 300 and 301 of 70,000 of a message of definition 2', (writer) => {
      for (const byte of [PacketKind.Data, 0, 9, 8, SectionKind.MessagePart, 2]) writer.u8(byte)
      for (const field of [70_000, 300, 2]) writer.varint(field)
      for (const byte of [0xab, 0xcd]) writer.u8(byte)
    }),
    vector('parts taken', '65,536 bytes of parts in all', (writer) => {
      for (const byte of [PacketKind.Data, 0, 9, 8, SectionKind.PartsTaken]) writer.u8(byte)
      writer.varint(65_536)
    }),
    vector('component set', 'components 0, 3 and 9 of 10', (writer) => {
      const sets = new ComponentSets(10)
      sets.write(
        writer,
        [0, 3, 9].reduce((set, component) => sets.with(set, component), 0),
      )
    }),
  ]
}

/** The run that the packets are captured from: one client, two ships, and every feature. */
export function scriptedRun(): RunVector[] {
  const run: RunVector[] = []
  const captured: Captured[] = []
  const net = createTestNetwork(protocol, { clients: 0, seed: 5 })
  const { server } = net
  capture(transportOf(server, 'server'), 'server', captured)
  const client = net.begin({ token: 'sesame', reconnect: 'never' })
  capture(transportOf(client.world, 'client'), 'client', captured)
  const arrivals = gate(transportOf(client.world, 'client'))
  const tick = (count = 1): void => {
    for (let i = 0; i < count; i++) {
      net.tick()
      for (const { from, channel, bytes } of captured.splice(0)) {
        const name = channel === Channel.Reliable ? 'reliable' : 'unreliable'
        run.push({ from, channel: name, tick: net.now / 50, hex: toHex(bytes) })
      }
    }
  }
  const copy = (eid: number): number => entityOf(client.world, netIdOf(server, eid))
  const { Position, Health, Aim, Motion, Flag } = stores

  tick(4)
  // A ship that the client owns.
  const ship = addEntity(server)
  for (const component of [Position, Health]) addComponent(server, ship, component)
  Position.x[ship] = -100
  Position.y[ship] = 12.34
  Health.hp[ship] = 100
  Health.shield[ship] = 1
  addComponent(server, ship, Networked)
  setPlayer(server, client.connection, ship)
  tick(2)
  // Its values change, then a second ship spawns that aims at it.
  Position.x[ship] = 50
  tick()
  const tower = addEntity(server)
  for (const component of [Position, Health, Motion, Aim]) addComponent(server, tower, component)
  Position.x[tower] = 1
  Position.y[tower] = 2
  Health.hp[tower] = 65_535
  Health.shield[tower] = 0
  Motion.speed[tower] = -0.5
  Motion.turn[tower] = -3
  Motion.seed[tower] = 0.1
  Aim.at[tower] = ship
  addComponent(server, tower, Networked)
  tick(2)
  // Both change in one tick, in one component and in different ones.
  for (const eid of [ship, tower]) {
    Position.x[eid] = 99.99
    Position.y[eid] = -99.99
    Health.hp[eid] = 7
  }
  Motion.seed[tower] = -1
  Aim.at[tower] = 0
  tick(2)
  // Components are added and removed.
  addComponent(server, ship, Flag)
  tick()
  removeComponent(server, ship, Flag)
  addComponent(server, ship, Motion)
  Motion.speed[ship] = 1
  Motion.turn[ship] = 127
  Motion.seed[ship] = 4
  tick(2)
  // Calls and messages, in both directions and on both channels.
  sendCommand(client.world, copy(ship), Fire, { angle: 1.5, power: 200 })
  sendCommand(client.world, copy(ship), Dash, { step: 300 })
  sendMessage(client.world, Chat, { text: 'hello' })
  tick()
  sendRpc(server, ship, Boom, { x: 2.5, shooter: ship })
  sendTargetRpc(server, ship, Prize, { gold: 500 })
  sendMessage(server, Chat, { text: 'grün' })
  sendMessage(server, Blip, { n: 128 })
  tick(2)
  // One packet is lost: the acknowledgements have a gap, and its value is sent again.
  arrivals.loseUnreliable = true
  Health.hp[ship] = 8
  tick()
  arrivals.loseUnreliable = true
  tick()
  arrivals.loseUnreliable = false
  for (let i = 0; i < 5; i++) {
    Position.x[ship] = i
    tick()
  }
  tick(2)
  // An entity despawns in the tick of a call on it; then the owner loses its ship.
  sendRpc(server, tower, Boom, { x: 0, shooter: 0 })
  despawn(server, tower)
  tick(3)
  clearOwner(server, ship)
  tick(2)
  // Entities of prefabs: with a payload, with a key, with both; and a key without a prefab.
  spawn(server, Shell, { label: 'big', from: ship }, { set: (eid) => (Position.x[eid] = Position.y[eid] = 0) })
  spawn(server, Wall, {}, { key: 'wall/north' })
  tick()
  spawn(
    server,
    Shell,
    { label: '', from: 0 },
    { key: 'shell 7', set: (eid) => (Position.x[eid] = Position.y[eid] = 0) },
  )
  const door = addEntity(server)
  addComponent(server, door, Networked)
  setSpawnKey(server, door, 'door')
  tick(2)
  // A hidden entity despawns.
  hideFrom(server, door, 'all')
  tick()
  despawn(server, door)
  tick()
  setReady(client.world, false)
  tick(3)
  // Scenes: one replaces all, another is loaded, and unloaded.
  changeScene(server, Arena, { seed: 300 })
  loadScene(server, Hud)
  tick(3)
  unloadScene(server, Hud)
  tick(3)
  // The server announces its close, and closes.
  void retire(server, { grace: 60_000, text: 'a new version' })
  tick(2)
  void close(server, 'the end')
  tick()
  return run
}
