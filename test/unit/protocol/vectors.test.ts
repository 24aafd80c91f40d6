// Golden vectors: the library writes them byte for byte and reads them, and a reader written from docs/protocol.md
// alone reads them, too.
import { readFileSync } from 'node:fs'
import { createEntityIndex, hasComponent, query } from 'bitecs'
import { connectionOf, createClientWorld, drain, removed } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, Networked } from 'bitecs-net/components'
import { clientReceive, runSystems } from 'bitecs-net/systems'
import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../../src/protocol/bytes.js'
import { angle } from '../../../src/protocol/types/angle.js'
import { type Quaternion, unitQuaternion } from '../../../src/protocol/types/quaternion.js'
import { readClose, readHello, readWelcome } from '../../../src/protocol/packet.js'
import {
  bool,
  entity,
  f32,
  f64,
  i16,
  i32,
  i8,
  quantized,
  type SchemaType,
  string,
  u16,
  u32,
  u8,
  varint,
} from '../../../src/protocol/types/schema.js'
import { readLane } from '../../../src/replication/wire/read-lanes.js'
import { Channel, createTransportCounters, type Transport } from '../../../src/transport/transport.js'
import { startSession } from '../../../src/world/client/start-session.js'
import { clientState } from '../../../src/world/state.js'
import { decodeValue, fnv1a, fromHex, parseProtocol, readLaneBits, readPacket } from './independent-reader.js'
import {
  type LaneVector,
  laneVectors,
  type PacketVector,
  packetVectors,
  protocol,
  type RunVector,
  scriptedRun,
  type ValueVector,
  valueVectors,
} from './vectors.js'

interface Vectors {
  readonly values: readonly ValueVector[]
  readonly lanes: readonly LaneVector[]
  readonly packets: readonly PacketVector[]
  readonly description: string
  /** Each packet with its content in words: its head, then its sections. */
  readonly run: readonly (RunVector & { readonly says: string })[]
}

const described = parseProtocol(protocol.description)

function write(): Vectors {
  const run = scriptedRun().map(({ from, channel, tick, hex }) => ({
    from,
    channel,
    tick,
    hex,
    says: readPacket(fromHex(hex), described).join('; '),
  }))
  return {
    values: valueVectors(),
    lanes: laneVectors(),
    packets: packetVectors(),
    description: protocol.description,
    run,
  }
}

const token = '00112233445566778899aabbccddeeff'

const golden = (): Vectors => JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vectors

function readerOf(hex: string): ByteReader {
  const reader = new ByteReader()
  const bytes = fromHex(hex)
  reader.reset(bytes, 0, bytes.length)
  return reader
}

const partsOf = ({ x, y, z, w }: Quaternion): string => [x, y, z, w].map((part) => part.toFixed(6)).join(' ')

describe('the library', () => {
  it('writes the golden vectors byte for byte', async () => {
    // After an intended change, raise the wire version, and run this file with `-u`.
    await expect(`${JSON.stringify(write(), null, 2)}\n`).toMatchFileSnapshot('vectors.json')
  })

  it('reads the golden values', () => {
    const types: readonly SchemaType<unknown>[] = [
      ...([u8, u16, u32, i8, i16, i32, f32, f64, varint, entity] as SchemaType<unknown>[]),
      bool as SchemaType<unknown>,
      quantized(-100, 100, 0.5) as SchemaType<unknown>,
      quantized(0, 1, 1) as SchemaType<unknown>,
      angle(12) as SchemaType<unknown>,
      angle(24) as SchemaType<unknown>,
      unitQuaternion as SchemaType<unknown>,
      string(60) as SchemaType<unknown>,
      string(200) as SchemaType<unknown>,
    ]
    for (const { type, value, hex } of golden().values) {
      const reader = readerOf(hex)
      const read = types.find(({ text }) => text === type)!.read(reader)
      expect([reader.failed, reader.left]).toEqual([false, 0])
      const netId = (id: number): string => (id === 0 ? 'none' : `${id & 0xfffff}.${id >>> 20}`)
      const text =
        type === 'entity' ? netId(read as number) : type === 'unitQuaternion' ? partsOf(read as Quaternion) : read
      expect(String(text)).toBe(String(value))
    }
  })

  it('reads the golden lanes', () => {
    for (const { bits, values: text, hex } of golden().lanes) {
      const values = text.split(' ').map(Number)
      const reader = readerOf(hex)
      const out = new Uint32Array(values.length)
      readLane(reader, bits, out, values.length)
      expect([...out]).toEqual(values)
      expect([reader.failed, reader.left]).toEqual([false, 0])
    }
  })

  it('reads the golden control packets', () => {
    const packet = (name: string): ByteReader => {
      const reader = readerOf(golden().packets.find((vector) => vector.name === name)!.hex)
      reader.u8()
      return reader
    }
    expect(readHello(packet('hello'))).toEqual({
      wireVersion: 1,
      hashHigh: 0x01234567,
      hashLow: 0x89abcdef,
      token: 'key',
      description: 'wire 1',
    })
    expect(readWelcome(packet('welcome'))).toEqual({ connectionId: 7, milliTicksPerSecond: 20_000, tick: 300 })
    expect(readHello(packet('hello that may resume')).resume).toBe('may')
    expect(readHello(packet('hello that resumes')).resume).toEqual({ token, received: 300 })
    expect(readWelcome(packet('welcome with a secret')).resume).toEqual({ token, keptMs: 15_000 })
    expect(readWelcome(packet('welcome back')).resume).toEqual({ received: 258 })
    expect(readClose(packet('close'))).toEqual({ code: 'kicked', text: 'spam' })
  })

  it('applies the golden run on a client', () => {
    const { run } = golden()
    const world = createClientWorld(protocol, { entityIndex: createEntityIndex(), now: () => 0 })
    const arriving: RunVector[] = []
    let begun = false
    const transport: Transport = {
      send: () => true,
      receive(sink) {
        if (!begun) sink.opened(1)
        begun = true
        for (const { channel, hex } of arriving.splice(0)) {
          const bytes = fromHex(hex)
          const number = channel === 'reliable' ? Channel.Reliable : Channel.Unreliable
          sink.packet(1, number, bytes, bytes.length, 0)
        }
      },
      buffered: () => 0,
      disconnect: () => undefined,
      close: () => Promise.resolve(),
      counters: createTransportCounters(),
      onArrival: undefined,
      answer: undefined,
    }
    startSession(clientState(world), transport, {})
    let most = 0
    let reason = ''
    for (let tick = 0; tick <= run.at(-1)!.tick + 1; tick++) {
      arriving.push(...run.filter((packet) => packet.from === 'server' && packet.tick === tick))
      runSystems(world, [...clientReceive])
      // The run's client sent one packet that was acknowledged.
      if (tick === 2) clientState(world).session!.session!.delivery.send(0)
      most = Math.max(most, query(world, [Networked]).length)
      for (const event of drain(world, removed(Connected))) ({ reason } = event)
    }
    expect(most).toBe(5)
    expect(reason).toBe('server-stopped')
    expect(Connection.reason[connectionOf(world)]).toEqual({ code: 'server-stopped', text: 'the end', by: 'remote' })
    expect(hasComponent(world, connectionOf(world), Connected)).toBe(false)
    const { malformedPackets, malformedCalls, unknownDefinitions } = stats(world).counters
    expect([malformedPackets, malformedCalls, unknownDefinitions]).toEqual([0, 0, 0])
  })
})

describe('a reader written from docs/protocol.md alone', () => {
  it('reads the same values', () => {
    for (const { name, type, value, hex } of golden().values) {
      expect(String(decodeValue(type, fromHex(hex))), `value ${name}`).toBe(String(value))
    }
  })

  it('reads the same lanes', () => {
    for (const { bits, values, hex } of golden().lanes) {
      const count = values.split(' ').length
      expect(readLaneBits(fromHex(hex), 0, bits, count).join(' ')).toBe(values)
    }
  })

  it('reads the same control packets', () => {
    const says = Object.fromEntries(
      golden()
        .packets.filter(({ name }) => name !== 'component set')
        .map(({ name, hex }) => [name, readPacket(fromHex(hex), described)]),
    )
    expect(says).toEqual({
      hello: ['hello wire 1 hash 0123456789abcdef token "key"', 'wire 1'],
      welcome: ['welcome connection 7 rate 20000 tick 300'],
      'hello that may resume': ['hello wire 1 hash 0123456789abcdef token "key" may resume', 'wire 1'],
      'hello that resumes': [`hello wire 1 hash 0123456789abcdef token "key" resumes ${token} received 300`, 'wire 1'],
      'welcome with a secret': [`welcome connection 7 rate 20000 tick 300 session ${token} kept 15000`],
      'welcome back': ['welcome connection 7 rate 20000 tick 300 resumed received 258'],
      close: ['close kicked: spam'],
      ping: ['ping clock 1000 tick 20 received 258'],
      'ping of an interrupted session': ['ping clock 1000 tick 20 received 258 interrupted'],
      'message part': ['data tick 9 structure 8', 'part Chat 300 to 302 of 70000: abcd'],
      'parts taken': ['data tick 9 structure 8', 'parts taken 65536'],
    })
  })

  it('computes the same hash of the description', () => {
    expect(fnv1a(protocol.description)).toEqual([protocol.hashHigh, protocol.hashLow])
  })

  it('reads every packet of the run completely, and gets the actions of the script', () => {
    const said = golden().run.flatMap(({ from, channel, hex }) =>
      readPacket(fromHex(hex), described).map((line) => `${from} ${channel}: ${line}`),
    )
    const inOrder = [
      'client reliable: hello wire 1 hash',
      'server reliable: welcome connection 1 rate 20000',
      'client reliable: ready',
      'server reliable: spawn 1.0 Health(hp=100 shield=true) Position(x=-100 y=12.34',
      'server reliable: owns 1',
      'server reliable: player 1.0',
      'server unreliable: update 1 Position(x=50 y=12.34',
      'server reliable: spawn 2.0 Aim(at=1.0) Health(hp=65535 shield=false) Motion(seed=0.1 speed=-0.5 turn=-3) Position(x=1 y=2',
      'server unreliable: update 1 Health(hp=7 shield=true) Position(x=99.99',
      'server unreliable: update 2 Aim(at=none) Health(hp=7 shield=false) Motion(seed=-1 speed=-0.5 turn=-3) Position(x=99.99',
      'server reliable: add 1 Flag()',
      'server reliable: remove 1 Flag',
      'server reliable: add 1 Motion(seed=4 speed=1 turn=127)',
      'client reliable: call 1.0 Fire(angle=1.5 power=200)',
      'client reliable: message Chat(text=hello)',
      'client unreliable: call 1.0 Dash(step=300)',
      'server reliable: call 1.0 Boom(shooter=1.0 x=2.5)',
      'server reliable: call 1.0 Prize(gold=500)',
      'server reliable: message Chat(text=grün)',
      'server unreliable: message Blip(n=128)',
      'server unreliable: update 1 Health(hp=8 shield=true)',
      'server unreliable: update 1 Health(hp=8 shield=true)',
      'server reliable: call 2.0 Boom(shooter=none x=0)',
      'server reliable: despawn 2 destroyed',
      'server reliable: loses 1',
      'server reliable: spawn 2.1 Shell{from=1.0 label=big} Flag() Position(x=0 y=0)',
      'server reliable: spawn 3.0 Wall{} key "wall/north"',
      'server reliable: spawn 4.0 Shell{from=none label=} key "shell 7" Flag() Position(x=0 y=0)',
      'server reliable: spawn 5.0 key "door"',
      'client reliable: not ready',
      'server reliable: despawn 1 hidden',
      'server reliable: change 1 replace Arena(seed=300)',
      'server reliable: change 2 load Hud()',
      'client reliable: change 2 loaded',
      'server reliable: change 3 unload Hud()',
      'client reliable: change 3 loaded',
      'server reliable: close server-stopped: the end',
    ]
    let at = -1
    for (const wanted of inOrder) {
      at = said.findIndex((line, i) => i > at && line.startsWith(wanted))
      expect(at, `${wanted} in\n${said.join('\n')}`).toBeGreaterThanOrEqual(0)
    }
  })

  it('refuses packets that the page calls malformed', () => {
    for (const hex of [
      '',
      '06',
      '0008',
      '000003',
      '0000000000',
      '0000010063',
      '0000010107000100',
      '000001010900',
      // A spawn: of an origin, a prefab and a payload that cannot be, and with an empty key.
      '000001000101000400',
      '00000100010100010200',
      '0000010001010001000100',
      '000001000101000200',
      '000001010e0000000000',
      '000001010e01030000',
      '000001010f01fd',
      '04',
      '0300',
    ]) {
      expect(() => readPacket(fromHex(hex), described), `value ${hex}`).toThrow(/./)
    }
  })
})

describe('docs/protocol.md', () => {
  it('quotes only vectors that exist', () => {
    const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')
    const section = page.slice(page.indexOf('## Vectors'))
    const quoted = [...section.matchAll(/\| `((?:[0-9a-f]{2} ?)+)` \|/g)].map((match) => match[1]!.replaceAll(' ', ''))
    const { values, lanes, packets, run } = golden()
    const others = ['request-vectors.json', 'collection-vectors.json', 'relation-vectors.json'].flatMap(
      (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as readonly RunVector[],
    )
    const known = new Set([...values, ...lanes, ...packets, ...run, ...others].map(({ hex }) => hex))
    expect(quoted.length).toBeGreaterThan(10)
    for (const hex of quoted) expect(known.has(hex), `value ${hex}`).toBe(true)
  })
})
