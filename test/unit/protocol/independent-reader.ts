// Reads the wire a second time, written from docs/protocol.md alone, without any code of the library.
//
// It turns packets into sentences. When it and the library disagree, one of the two, or the page, is wrong.
import { isCollection, readOperations, readWhole, type Source, splitParts } from './independent-collections.js'

/** A type of a field, from its text in a description. */
interface FieldType {
  readonly text: string
  readonly name: string
  readonly numbers: readonly number[]
}

interface Field {
  readonly name: string
  readonly type: FieldType
}

interface Component {
  readonly name: string
  /** The fields that are columns, and those that are collections. */
  readonly fields: readonly Field[]
  readonly collections: readonly Field[]
}

/** A definition with a name and a record. */
interface Listed {
  readonly name: string
  readonly fields: readonly Field[]
}

interface Definition {
  readonly kind: string
  readonly name: string
  readonly fields: readonly Field[]
  readonly channel: string
  /** The fields of replies, and the reasons of refusals; empty for a definition without replies. */
  readonly returns: readonly Field[]
  readonly refuses: readonly string[]
}

/** A protocol, parsed from its description. */
export interface DescribedProtocol {
  readonly components: readonly Component[]
  readonly definitions: readonly Definition[]
  /** Prefabs, each with the fields of its payload. */
  readonly prefabs: readonly Listed[]
  readonly scenes: readonly Listed[]
  /** Names of relations. */
  readonly relations: readonly string[]
}

export type Value = number | boolean | string

export function parseType(text: string): FieldType {
  const open = text.indexOf('(')
  if (open < 0) return { text, name: text, numbers: [] }
  return {
    text,
    name: text.slice(0, open),
    numbers: text
      .slice(open + 1, -1)
      .split(',')
      .map(Number),
  }
}

function parseFields(text: string): Field[] {
  const inner = text.slice(1, -1)
  if (inner === '') return []
  // A comma inside of parentheses belongs to a type.
  return splitParts(inner).map((part) => {
    const colon = part.indexOf(':')
    return { name: part.slice(0, colon), type: parseType(part.slice(colon + 1)) }
  })
}

function parseComponent(name: string, fields: readonly Field[]): Component {
  return {
    name,
    fields: fields.filter(({ type }) => !isCollection(type.text)),
    collections: fields.filter(({ type }) => isCollection(type.text)),
  }
}

export function parseProtocol(description: string): DescribedProtocol {
  const components: Component[] = []
  const definitions: Definition[] = []
  const prefabs: Listed[] = []
  const scenes: Listed[] = []
  const relations: string[] = []
  for (const line of description.split('\n').slice(1)) {
    const [kind = '', name = '', fields = '', channel = '', ...rest] = line.split(' ')
    const behind = (word: string): string => (rest.includes(word) ? rest[rest.indexOf(word) + 1]! : '')
    const returns = parseFields(behind('returns') || '{}')
    const refuses = behind('refuses').split(',').filter(Boolean)
    if (kind === 'component') components.push(parseComponent(name, parseFields(fields)))
    else if (kind === 'prefab') prefabs.push({ name, fields: parseFields(fields) })
    else if (kind === 'scene') scenes.push({ name, fields: parseFields(fields) })
    else if (kind === 'relation') relations.push(name)
    else definitions.push({ kind, name, fields: parseFields(fields), channel, returns, refuses })
  }
  return { components, definitions, prefabs, scenes, relations }
}

/** FNV-1a, 64 bits, in two halves, without the arithmetic that the library uses. */
export function fnv1a(text: string): [high: number, low: number] {
  let limbs = [0x2325, 0x8422, 0x9ce4, 0xcbf2]
  for (const byte of new TextEncoder().encode(text)) {
    limbs[0]! ^= byte
    const [a = 0, b = 0, c = 0, d = 0] = limbs
    const sums = [a * 0x1b3, b * 0x1b3, c * 0x1b3 + a * 0x100, d * 0x1b3 + b * 0x100]
    let carry = 0
    limbs = sums.map((sum) => {
      const whole = sum + carry
      carry = Math.floor(whole / 0x10000)
      return whole % 0x10000
    })
  }
  const [a = 0, b = 0, c = 0, d = 0] = limbs
  return [d * 0x10000 + c, b * 0x10000 + a]
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

class Cursor {
  at = 0
  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at === this.bytes.length
  }

  u8(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new Error('the packet ends in the middle of a field')
    return byte
  }

  unsigned(bytes: number): number {
    let value = 0
    for (let i = 0; i < bytes; i++) value += this.u8() * 2 ** (8 * i)
    return value
  }

  hex(bytes: number): string {
    let text = ''
    for (let i = 0; i < bytes; i++) text += this.u8().toString(16).padStart(2, '0')
    return text
  }

  float(bytes: 4 | 8): number {
    const view = new DataView(new ArrayBuffer(8))
    for (let i = 0; i < bytes; i++) view.setUint8(i, this.u8())
    return bytes === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
  }

  varint(): number {
    let value = 0
    for (let i = 0; i < 5; i++) {
      const byte = this.u8()
      value += (byte % 128) * 128 ** i
      if (byte < 128) {
        if (value > 0xffffffff) throw new Error('a varint above 32 bits')
        return value
      }
    }
    throw new Error('a varint without an end')
  }

  text(most: number): string {
    const length = this.varint()
    if (length > most || this.at + length > this.bytes.length) throw new Error('a text that is too long')
    this.at += length
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      this.bytes.slice(this.at - length, this.at),
    )
  }

  /** "slot.generation", or "none". */
  netId(): string {
    const slot = this.varint()
    if (slot === 0) return 'none'
    const generation = this.varint()
    if (slot > 1_048_575 || generation > 1023) throw new Error('a net id out of range')
    return `${slot}.${generation}`
  }
}

const INTEGERS: Record<string, [bytes: 1 | 2 | 4, signed: boolean]> = {
  u8: [1, false],
  u16: [2, false],
  u32: [4, false],
  i8: [1, true],
  i16: [2, true],
  i32: [4, true],
}

function stepsOf({ numbers: [min = 0, max = 0, step = 1] }: FieldType): number {
  return Math.round((max - min) / step)
}

function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value
}

function unquantize(type: FieldType, number: number): number {
  const [min = 0, max = 0, step = 1] = type.numbers
  if (number > stepsOf(type)) throw new Error('a step above the last')
  return Math.min(max, min + number * step)
}

function angleOf(type: FieldType, number: number): number {
  const [bits = 0] = type.numbers
  if (number >= 2 ** bits) throw new Error('an angle beyond a turn')
  return (number * 2 * Math.PI) / 2 ** bits - Math.PI
}

function rotationOf(number: number): number[] {
  const largest = Math.floor(number / 2 ** 30)
  const numbers = [20, 10, 0].map((shift) => (Math.floor(number / 2 ** shift) % 1024) - 511)
  const squares = numbers.reduce((sum, each) => sum + each * each, 0)
  if (squares > 393_000 || numbers.includes(512)) throw new Error('no rotation')
  const parts = numbers.map((each) => each / (Math.SQRT2 * 511))
  parts.splice(largest, 0, Math.sqrt(1 - squares / (2 * 511 * 511)))
  return parts
}

/** A value of a call or message. */
function readValue(cursor: Cursor, type: FieldType): Value {
  const integer = INTEGERS[type.name]
  if (integer !== undefined) {
    const value = cursor.unsigned(integer[0])
    return integer[1] ? signed(value, 8 * integer[0]) : value
  }
  switch (type.name) {
    case 'bool': {
      const byte = cursor.u8()
      if (byte > 1) throw new Error('a bool that is neither')
      return byte === 1
    }
    case 'f32':
      return cursor.float(4)
    case 'f64':
      return cursor.float(8)
    case 'varint':
      return cursor.varint()
    case 'quantized':
      return unquantize(type, cursor.unsigned(Math.ceil(bitsOf(type) / 8)))
    case 'angle':
      return angleOf(type, cursor.unsigned(Math.ceil(bitsOf(type) / 8)))
    case 'unitQuaternion':
      return rotationOf(cursor.unsigned(4))
        .map((part) => part.toFixed(6))
        .join(' ')
    case 'string':
      return cursor.text(type.numbers[0] ?? 0)
    case 'entity':
      return cursor.netId()
    default:
      throw new Error(`no such type: ${type.name}`)
  }
}

/** A value by the text of its type; the bytes must end with it. */
export function decodeValue(typeText: string, bytes: Uint8Array): Value {
  const cursor = new Cursor(bytes)
  const value = readValue(cursor, parseType(typeText))
  if (!cursor.done) throw new Error('bytes behind the value')
  return value
}

/** Bits of one lane of a column. */
function bitsOf(type: FieldType): number {
  const integer = INTEGERS[type.name]
  if (integer !== undefined) return 8 * integer[0]
  if (type.name === 'bool') return 1
  if (type.name === 'entity') return 30
  if (type.name === 'quantized') return Math.floor(Math.log2(stepsOf(type))) + 1
  if (type.name === 'angle') return type.numbers[0]!
  return 32
}

/** The first field of a rotation contains all of it, the others nothing. */
function lanesOf(type: FieldType, name: string): number {
  if (type.name === 'f64') return 2
  if (type.name !== 'unitQuaternion') return 1
  return type.text
    .slice(type.text.indexOf('(') + 1, type.text.indexOf(')'))
    .split(',')
    .sort()[0] === name
    ? 1
    : 0
}

/** The values of the integers in a column's lanes. */
function fromLanes(type: FieldType, low: number, high: number): Value {
  const integer = INTEGERS[type.name]
  if (integer !== undefined) return integer[1] ? signed(low, 8 * integer[0]) : low
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, low, true)
  view.setUint32(4, high, true)
  if (type.name === 'f32') return view.getFloat32(0, true)
  if (type.name === 'f64') return view.getFloat64(0, true)
  if (type.name === 'quantized') return unquantize(type, low)
  if (type.name === 'angle') return angleOf(type, low)
  if (type.name === 'unitQuaternion')
    return `[${rotationOf(low)
      .map((part) => part.toFixed(6))
      .join(' ')}]`
  if (type.name === 'bool') return low === 1
  if (type.name === 'entity') return low === 0 ? 'none' : `${low % 2 ** 20}.${Math.floor(low / 2 ** 20)}`
  return low
}

function sourceOf(cursor: Cursor): Source {
  return {
    u8: () => cursor.u8(),
    varint: () => cursor.varint(),
    value: (type) => readValue(cursor, parseType(type)),
  }
}

function readRow(cursor: Cursor, component: Component): string {
  const fields = component.fields.map(({ name, type }) => {
    if (lanesOf(type, name) === 0) return name
    const bytes = Math.ceil(bitsOf(type) / 8)
    const low = cursor.unsigned(bytes)
    const high = lanesOf(type, name) === 2 ? cursor.unsigned(bytes) : 0
    return `${name}=${fromLanes(type, low, high)}`
  })
  const source = sourceOf(cursor)
  const wholes = component.collections.map(({ name, type }) => `${name}=${readWhole(source, type.text)}`)
  return `${component.name}(${[...fields, ...wholes].join(' ')})`
}

/** Reads a lane bit by bit. */
export function readLaneBits(bytes: Uint8Array, start: number, bits: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    let value = 0
    for (let b = 0; b < bits; b++) {
      const bit = i * bits + b
      const byte = bytes[start + Math.floor(bit / 8)]
      if (byte === undefined) throw new Error('a lane that is cut off')
      if (Math.floor(byte / 2 ** (bit % 8)) % 2 === 1) value += 2 ** b
    }
    return value
  })
}

function readLane(cursor: Cursor, bits: number, count: number): number[] {
  const values = readLaneBits(cursor.bytes, cursor.at, bits, count)
  cursor.at += Math.ceil((bits * count) / 8)
  return values
}

function readSet(cursor: Cursor, protocol: DescribedProtocol): Component[] {
  const members: Component[] = []
  const bytes = Math.ceil(protocol.components.length / 8)
  for (let id = 0; id < bytes * 8; id += 8) {
    const mask = cursor.u8()
    for (let bit = 0; bit < 8; bit++) {
      if (Math.floor(mask / 2 ** bit) % 2 === 0) continue
      const component = protocol.components[id + bit]
      if (component === undefined) throw new Error('a component that does not exist')
      members.push(component)
    }
  }
  return members
}

function readRequestNumber(cursor: Cursor): number {
  const number = cursor.varint()
  if (number === 0) throw new Error('requests count from 1')
  return number
}

const STATUSES = [
  'ok',
  'refused',
  'not ready',
  'not owner',
  'despawned',
  'not observed',
  'over rate',
  'malformed',
  'undrained',
  'overloaded',
  'handler threw',
]

/** A reply does not name its definition, so its content stays bytes. */
function readReply(cursor: Cursor): string {
  const number = readRequestNumber(cursor)
  const status = cursor.u8()
  const name = STATUSES[status]
  const length = cursor.varint()
  const bytes = Array.from({ length }, () => cursor.u8().toString(16).padStart(2, '0'))
  if (name === undefined || (status > 1 && length > 0)) throw new Error('a reply that says what it cannot')
  return ['reply', number, name, ...bytes].join(' ')
}

/** Decodes the content of a reply by the requested definition. */
export function decodeReply(definition: Definition, status: string, bytes: Uint8Array): string {
  const cursor = new Cursor(bytes)
  const fields = (): string =>
    definition.returns.map(({ name, type }) => `${name}=${readValue(cursor, type)}`).join(' ')
  const reason = (): string =>
    definition.refuses.length > 0 ? (definition.refuses[cursor.u8()] ?? 'no such reason') : cursor.text(200)
  const text = status === 'ok' ? fields() : reason()
  if (!cursor.done) throw new Error('bytes behind an answer')
  return text
}

function readScene(cursor: Cursor, protocol: DescribedProtocol): string {
  const change = cursor.varint()
  const action = ['replace', 'load', 'unload'][cursor.u8()]
  const scene = protocol.scenes[cursor.varint()]
  if (change === 0 || action === undefined || scene === undefined) throw new Error('a change of scenes that cannot be')
  return `change ${change} ${action} ${scene.name}(${readFields(cursor, action === 'unload' ? [] : scene.fields)})`
}

function readSceneReport(cursor: Cursor): string {
  const change = cursor.varint()
  const report = cursor.u8()
  if (report > 100 && report < 254) throw new Error('more than a hundred percent')
  return `change ${change} ${['failed', 'loaded'][report - 254] ?? `${report}%`}`
}

function readRecord(cursor: Cursor, protocol: DescribedProtocol, requested = false): string {
  const definition = protocol.definitions[cursor.varint()]
  if (definition === undefined) throw new Error('a definition that does not exist')
  const number = requested ? `${readRequestNumber(cursor)} ` : ''
  return `${number}${definition.name}(${readFields(cursor, definition.fields)})`
}

/** A length, and a record of that length. */
function readFields(cursor: Cursor, described: readonly Field[]): string {
  const length = cursor.varint()
  if (cursor.at + length > cursor.bytes.length) throw new Error('a record that is cut off')
  const record = new Cursor(cursor.bytes.slice(cursor.at, cursor.at + length))
  cursor.at += length
  const fields = described.map(({ name, type }) => `${name}=${readValue(record, type)}`)
  if (!record.done) throw new Error('bytes behind a record')
  return fields.join(' ')
}

function readUpdate(cursor: Cursor, protocol: DescribedProtocol): string {
  const members = readSet(cursor, protocol)
  const count = cursor.varint()
  const slots: number[] = []
  for (let i = 0; i < count; i++) {
    const step = cursor.varint()
    if (step === 0) throw new Error('slots that do not ascend')
    slots.push((slots.at(-1) ?? 0) + step)
  }
  const columns = members.map(({ name, fields }) => {
    const lanes = fields.map((field) => {
      if (lanesOf(field.type, field.name) === 0) return field.name
      const low = readLane(cursor, bitsOf(field.type), count)
      const high = lanesOf(field.type, field.name) === 2 ? readLane(cursor, 32, count) : []
      return `${field.name}=${low.map((value, i) => fromLanes(field.type, value, high[i] ?? 0)).join(',')}`
    })
    return `${name}(${lanes.join(' ')})`
  })
  return `update ${slots.join(',')} ${columns.join(' ')}`
}

/** The origin of an entity: its prefab and its key, if it has them. */
function readOrigin(cursor: Cursor, protocol: DescribedProtocol): string {
  const flags = cursor.u8()
  if (flags > 3) throw new Error('an origin that does not exist')
  let says = ''
  if (flags % 2 === 1) {
    const prefab = protocol.prefabs[cursor.varint()]
    if (prefab === undefined) throw new Error('a prefab that does not exist')
    says += `${prefab.name}{${readFields(cursor, prefab.fields)}} `
  }
  if (flags >= 2) {
    const key = cursor.text(64)
    if (key === '') throw new Error('a key that is empty')
    says += `key "${key}" `
  }
  return says
}

function readSection(cursor: Cursor, protocol: DescribedProtocol): string {
  const kind = cursor.u8()
  const rows = (members: Component[]): string => members.map((component) => readRow(cursor, component)).join(' ')
  switch (kind) {
    case 1: {
      const netId = cursor.netId()
      const origin = readOrigin(cursor, protocol)
      return `spawn ${netId} ${origin}${rows(readSet(cursor, protocol))}`.trimEnd()
    }
    case 2:
      return `despawn ${cursor.varint()} ${['destroyed', 'hidden'][cursor.u8()]}`
    case 3: {
      const slot = cursor.varint()
      return `add ${slot} ${rows(readSet(cursor, protocol))}`
    }
    case 4: {
      const slot = cursor.varint()
      return `remove ${slot} ${readSet(cursor, protocol)
        .map(({ name }) => name)
        .join(' ')}`
    }
    case 5: {
      const slot = cursor.varint()
      return `${['loses', 'owns'][cursor.u8()]} ${slot}`
    }
    case 6:
      return `player ${cursor.netId()}`
    case 7: {
      const netId = cursor.netId()
      if (netId === 'none') throw new Error('a call on no entity')
      return `call ${netId} ${readRecord(cursor, protocol)}`
    }
    case 8:
      return `message ${readRecord(cursor, protocol)}`
    case 9:
      return readUpdate(cursor, protocol)
    case 10:
      return ['not ready', 'ready'][cursor.u8()] ?? 'ready?'
    case 11: {
      const netId = cursor.netId()
      if (netId === 'none') throw new Error('a request on no entity')
      return `request ${netId} ${readRecord(cursor, protocol, true)}`
    }
    case 12:
      return readReply(cursor)
    case 13:
      return `cancel ${readRequestNumber(cursor)}`
    case 14:
      return readScene(cursor, protocol)
    case 15:
      return readSceneReport(cursor)
    case 16: {
      const definition = protocol.definitions[cursor.varint()]
      if (definition === undefined) throw new Error('a definition that does not exist')
      const total = cursor.varint()
      const from = cursor.varint()
      const size = cursor.varint()
      if (size === 0 || from + size > total) throw new Error('a part that is not within its message')
      const bytes = Array.from({ length: size }, () => cursor.u8().toString(16).padStart(2, '0'))
      return `part ${definition.name} ${from} to ${from + size} of ${total}: ${bytes.join('')}`
    }
    case 17: {
      const slot = cursor.varint()
      const component = protocol.components[cursor.varint()]
      const field = component?.collections[cursor.varint()]
      if (slot === 0 || field === undefined) throw new Error('a collection that does not exist')
      return `collection ${slot} ${component!.name}.${field.name}: ${readOperations(sourceOf(cursor), field.type.text)}`
    }
    case 18:
      return `parts taken ${cursor.varint()}`
    case 19:
      return `owner ${readUpdate(cursor, protocol)}`
    case 20: {
      const slot = cursor.varint()
      return `correction ${slot} ${rows(readSet(cursor, protocol))}`
    }
    case 21: {
      const subject = cursor.varint()
      const relation = protocol.relations[cursor.varint()]
      const state = ['no pair', 'pair'][cursor.u8()]
      const target = cursor.varint()
      if (relation === undefined || state === undefined || subject === 0 || target === 0)
        throw new Error('no such pair')
      return `${state} ${subject} ${relation} ${target}`
    }
    case 22: {
      const total = cursor.varint()
      const left = cursor.varint()
      if (left > total) throw new Error('more to come than was promised')
      return `join ${left} of ${total} to come`
    }
    case 23: {
      const left = cursor.varint()
      return `draining, closes in ${left} ms: ${cursor.text(512)}`
    }
    case 24: {
      const key = cursor.text(64)
      if (key === '') throw new Error('no key is empty')
      return `the entity with the key ${JSON.stringify(key)} has ended`
    }
    case 25: {
      const netId = cursor.netId()
      if (netId === 'none') throw new Error('nothing is announced')
      const key = cursor.text(64)
      return `announce ${netId}${key === '' ? '' : ` with the key ${JSON.stringify(key)}`}`
    }
    default:
      throw new Error(`no such section: ${kind}`)
  }
}

function readAcknowledgement(cursor: Cursor): string {
  const newest = cursor.unsigned(2)
  const mask = Array.from({ length: cursor.u8() }, () => cursor.u8())
  if (mask.length > 32) throw new Error('a mask that is too long')
  const numbers: number[] = []
  mask.forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit++) {
      if (Math.floor(byte / 2 ** bit) % 2 === 1) numbers.push((newest - i * 8 - bit + 65_536) % 65_536)
    }
  })
  return `newest ${newest} acknowledges ${numbers.join(',') || 'none'}`
}

function readData(cursor: Cursor, protocol: DescribedProtocol): string[] {
  const flags = cursor.u8()
  if (flags > 7) throw new Error('a flag that does not exist')
  const head: string[] = ['data']
  if (flags % 2 === 1) head.push(`number ${cursor.unsigned(2)}`)
  if (Math.floor(flags / 2) % 2 === 1) head.push(readAcknowledgement(cursor))
  head.push(`tick ${cursor.varint()}`, `structure ${cursor.varint()}`)
  if (flags >= 4) head.push('complete')
  const lines = [head.join(' ')]
  while (!cursor.done) lines.push(readSection(cursor, protocol))
  return lines
}

/** Describes a packet, with one line for its head and one for each section. @throws Error when it is malformed. */
export function readPacket(bytes: Uint8Array, protocol: DescribedProtocol): string[] {
  const cursor = new Cursor(bytes)
  const lines = readKind(cursor, protocol)
  if (!cursor.done) throw new Error('bytes behind the packet')
  return lines
}

/** The end of a hello and a welcome: 0, 1 or 2, and its content. */
function readResume(cursor: Cursor, now: () => string, may = () => 'may resume'): string {
  const kind = cursor.u8()
  if (kind > 2) throw new Error(`no such resumption: ${kind}`)
  return kind === 0 ? '' : ` ${kind === 1 ? may() : now()}`
}

function describeReceived(last: number): string {
  return last < 2 ** 31 ? `received ${last}` : `received ${last - 2 ** 31} interrupted`
}

function readKind(cursor: Cursor, protocol: DescribedProtocol): string[] {
  const kind = cursor.u8()
  switch (kind) {
    case 0:
      return readData(cursor, protocol)
    case 1: {
      const version = cursor.unsigned(2)
      const hash = [cursor.unsigned(4), cursor.unsigned(4)].map((half) => half.toString(16).padStart(8, '0'))
      const token = cursor.text(4096)
      const description = cursor.text(11_000)
      const resume = readResume(cursor, () => `resumes ${cursor.hex(16)} received ${cursor.unsigned(4)}`)
      return [`hello wire ${version} hash ${hash.join('')} token "${token}"${resume}`, ...description.split('\n')]
    }
    case 2: {
      const head = `welcome connection ${cursor.varint()} rate ${cursor.unsigned(4)} tick ${cursor.varint()}`
      const issued = (): string => `session ${cursor.hex(16)} kept ${cursor.unsigned(4)}`
      return [head + readResume(cursor, () => `resumed received ${cursor.unsigned(4)}`, issued)]
    }
    case 3: {
      const code = cursor.text(64)
      return [`close ${code}: ${cursor.text(512)}`]
    }
    case 4:
      return [`ping clock ${cursor.unsigned(4)} tick ${cursor.unsigned(4)} ${describeReceived(cursor.unsigned(4))}`]
    case 5:
      return [`pong clock ${cursor.unsigned(4)}`]
    default:
      throw new Error(`no such packet: ${kind}`)
  }
}
