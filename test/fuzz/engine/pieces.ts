// Splits a packet into its fields, each with its role. The mutators work on these pieces.
import { createWorld } from 'bitecs'
import { createCounters } from '../../../src/connection/counters.js'
import { ByteReader } from '../../../src/protocol/bytes.js'
import { readMembers } from '../../../src/protocol/component-sets.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { PacketFlag, SectionKind } from '../../../src/protocol/packet.js'
import type { Protocol } from '../../../src/protocol/protocol.js'
import type { RecordCodec } from '../../../src/protocol/types/record.js'
import { ClientEntities } from '../../../src/replication/client/client-entities.js'
import { ClientComponent } from '../../../src/replication/client/client-columns.js'
import { ClientCollections } from '../../../src/replication/collections/client-collections.js'

/** The role of a field. A `blob` has unknown content. */
export type Role =
  | 'kind'
  | 'flags'
  | 'sequence'
  | 'newest'
  | 'mask'
  | 'tick'
  | 'structure'
  | 'section'
  | 'slot'
  | 'generation'
  | 'definition'
  | 'request'
  | 'length'
  | 'count'
  | 'set'
  | 'varint'
  | 'fixed'
  | 'float'
  | 'blob'

/** One field: its bytes, and its role. */
export interface Piece {
  readonly role: Role
  readonly bytes: Uint8Array
}

/** The bytes of all pieces, one after another. */
export function join(pieces: readonly Piece[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  for (const { bytes } of pieces) {
    joined.set(bytes, at)
    at += bytes.length
  }
  return joined
}

/** The indices of the pieces where sections begin, followed by the end of the last section. */
export function sectionStarts(pieces: readonly Piece[]): number[] {
  const starts = pieces.flatMap(({ role }, i) => (role === 'section' ? [i] : []))
  return starts.length === 0 ? [] : [...starts, pieces.length]
}

const NO_ENTITIES = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId & 0xffff }

/** A reader that records each read. The library's own decoders use it, so it knows every field. */
class NotingReader extends ByteReader {
  readonly pieces: Piece[] = []
  private noted = 0
  /** Whether a number of several parts is being read. */
  private isInside = false

  begin(bytes: Uint8Array): void {
    this.reset(bytes, 0, bytes.length)
    this.pieces.length = 0
    this.noted = 0
    this.entities = NO_ENTITIES
  }

  /** Records everything up to here as one piece. */
  note(role: Role): void {
    const { offset } = this
    if (this.isInside || offset <= this.noted) return
    this.pieces.push({ role, bytes: this.bytes.slice(this.noted, offset) })
    this.noted = offset
  }

  /** Records the unread bytes before here as a blob. */
  private catchUp(): void {
    this.note('blob')
  }

  as<T>(role: Role, read: () => T): T {
    this.catchUp()
    this.isInside = true
    const value = read()
    this.isInside = false
    this.note(role)
    return value
  }

  private one<T>(role: Role, read: () => T): T {
    return this.isInside ? read() : this.as(role, read)
  }

  override u8(): number {
    return this.one('fixed', () => super.u8())
  }

  override u16(): number {
    return this.one('fixed', () => super.u16())
  }

  override u32(): number {
    return this.one('fixed', () => super.u32())
  }

  override uint(bytes: number): number {
    return this.one('fixed', () => super.uint(bytes))
  }

  override f32(): number {
    return this.one('float', () => super.f32())
  }

  override f64(): number {
    return this.one('float', () => super.f64())
  }

  override varint(): number {
    return this.one('varint', () => super.varint())
  }

  override string(limit: number): string {
    if (!this.isInside) {
      // A separate piece for the length, so that it can be falsified.
      const start = this.offset
      this.as('length', () => super.varint())
      const behind = this.offset
      this.offset = start
      return this.as('blob', () => {
        const text = super.string(limit)
        if (this.failed) this.offset = behind
        return text
      })
    }
    return super.string(limit)
  }

  override skip(count: number): void {
    if (!this.isInside) this.catchUp()
    super.skip(count)
    this.note('blob')
  }
}

/** Splits packets of one protocol into pieces. */
export class Layout {
  private readonly reader = new NotingReader()
  private readonly components: readonly ClientComponent[]
  private readonly collections: ClientCollections
  private readonly members: Uint16Array

  constructor(private readonly protocol: Protocol) {
    const { componentList, componentNames } = protocol
    this.components = componentList.map(
      (component, id) => new ClientComponent(id, componentNames[id]!, component, NO_ENTITIES),
    )
    const entities = new ClientEntities(componentList.length)
    this.collections = new ClientCollections(createWorld(), protocol, entities, createCounters())
    this.members = new Uint16Array(componentList.length)
  }

  /** The pieces of a packet; unreadable bytes are a blob. */
  take(bytes: Uint8Array): Piece[] {
    const { reader } = this
    reader.begin(bytes)
    const kind = reader.as('kind', () => reader.u8())
    if (kind === PacketKind.Data) this.readData()
    else if (kind === PacketKind.Hello) this.readHello()
    else if (kind === PacketKind.Welcome) this.readWelcome()
    else if (kind === PacketKind.Close) {
      reader.string(64)
      reader.string(512)
    } else {
      while (!reader.failed && reader.offset + 4 <= reader.end) reader.u32()
    }
    reader.offset = reader.end
    reader.note('blob')
    return [...reader.pieces]
  }

  private readHello(): void {
    const { reader } = this
    reader.u16()
    reader.u32()
    reader.u32()
    reader.string(4096)
    reader.string(11_000)
    if (reader.u8() === 2) reader.skip(16)
  }

  private readWelcome(): void {
    const { reader } = this
    reader.varint()
    reader.u32()
    reader.as('tick', () => reader.varint())
    if (reader.u8() === 1) reader.skip(16)
  }

  private readData(): void {
    const { reader } = this
    const flags = reader.as('flags', () => reader.u8())
    if ((flags & PacketFlag.Sequenced) !== 0) reader.as('sequence', () => reader.u16())
    if ((flags & PacketFlag.Acknowledges) !== 0) {
      reader.as('newest', () => reader.u16())
      const size = reader.as('length', () => reader.u8())
      reader.as('mask', () => reader.skip(size))
    }
    reader.as('tick', () => reader.varint())
    reader.as('structure', () => reader.varint())
    while (!reader.failed && reader.left > 0) {
      const kind = reader.as('section', () => reader.u8())
      this.readSection(kind)
    }
  }

  private readSection(kind: number): void {
    const { reader, protocol } = this
    switch (kind) {
      case SectionKind.Spawn:
        this.readNetId()
        this.readOrigin()
        return this.readRows()
      case SectionKind.Despawn:
      case SectionKind.Ownership:
        this.readSlot()
        return void reader.u8()
      case SectionKind.AddComponents:
      case SectionKind.Correction:
        this.readSlot()
        return this.readRows()
      case SectionKind.RemoveComponents:
        this.readSlot()
        return void this.readSet()
      case SectionKind.Player:
        return this.readNetId()
      case SectionKind.Call:
        this.readNetId()
        return this.readCall()
      case SectionKind.Message:
        return this.readCall()
      case SectionKind.Update:
      case SectionKind.ClientUpdate:
        return this.readColumns()
      case SectionKind.Request:
        this.readNetId()
        return this.readCall(true)
      case SectionKind.Reply:
        reader.as('request', () => reader.varint())
        reader.u8()
        return this.readSized()
      case SectionKind.Cancel:
        return void reader.as('request', () => reader.varint())
      case SectionKind.Scene: {
        reader.as('request', () => reader.varint())
        reader.u8()
        const scene = reader.as('definition', () => reader.varint())
        return this.readSized(protocol.scenes[scene]?.codec)
      }
      case SectionKind.SceneProgress:
        reader.as('request', () => reader.varint())
        return void reader.u8()
      case SectionKind.MessagePart:
        reader.as('definition', () => reader.varint())
        reader.as('length', () => reader.varint())
        reader.as('length', () => reader.varint())
        return this.readSized()
      case SectionKind.Relation:
        this.readSlot()
        reader.as('definition', () => reader.varint())
        reader.u8()
        return this.readSlot()
      case SectionKind.Collection:
        return this.collections.check(reader)
      case SectionKind.PartsTaken:
        return void reader.varint()
      case SectionKind.Draining:
        reader.varint()
        return void reader.string(512)
      case SectionKind.KeyEnded:
        return void reader.string(64)
      case SectionKind.Announce:
        this.readNetId()
        return void reader.string(64)
      case SectionKind.JoinProgress:
        reader.varint()
        return void reader.varint()
      default:
        return void reader.fail()
    }
  }

  private readNetId(): void {
    const { reader } = this
    if (reader.as('slot', () => reader.varint()) !== 0) reader.as('generation', () => reader.varint())
  }

  private readSlot(): void {
    this.reader.as('slot', () => this.reader.varint())
  }

  private readOrigin(): void {
    const { reader, protocol } = this
    const flags = reader.as('flags', () => reader.u8())
    if ((flags & 1) !== 0) {
      const prefab = reader.as('definition', () => reader.varint())
      this.readSized(protocol.prefabs[prefab]?.codec)
    }
    if ((flags & 2) !== 0) reader.string(64)
  }

  private readSet(): number {
    const { reader } = this
    return reader.as('set', () => readMembers(reader, this.components.length, this.members))
  }

  private readRows(): void {
    const count = this.readSet()
    for (let i = 0; i < count; i++) {
      const id = this.members[i]!
      this.components[id]!.checkRow(this.reader)
      this.collections.checkRow(this.reader, id)
    }
  }

  private readColumns(): void {
    const { reader } = this
    const members = this.readSet()
    const count = reader.as('count', () => reader.varint())
    for (let i = 0; i < count && !reader.failed; i++) this.readSlot()
    for (let i = 0; i < members && !reader.failed; i++) {
      this.components[this.members[i]!]!.checkColumns(reader, Math.min(count, 2048))
      reader.note('blob')
    }
  }

  private readCall(isRequest = false): void {
    const { reader, protocol } = this
    const id = reader.as('definition', () => reader.varint())
    if (isRequest) reader.as('request', () => reader.varint())
    this.readSized(protocol.definitions[id]?.codec)
  }

  /** A length and that many bytes: a record if its definition is known, else a blob. */
  private readSized(codec?: RecordCodec): void {
    const { reader } = this
    const length = reader.as('length', () => reader.varint())
    const end = reader.offset + length
    if (reader.failed || end > reader.end) return void reader.fail()
    if (codec !== undefined) codec.read(reader, codec.createView())
    reader.failed = false
    reader.offset = end
    reader.note('blob')
  }
}
