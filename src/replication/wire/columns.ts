// Converts one replicated field of a component between the game's array and the integers of the wire.
//
// The server finds changes by comparing the game's memory with a copy of it. Where that memory holds the bits of the
// wire, as with f32 in a Float32Array, updates are written straight from it. Otherwise the wire form is kept as well,
// so that a value is converted once and every client gets the same one. All tables are by entity id.
import { angleStep } from '../../protocol/types/angle.js'
import type { ByteWriter } from '../../protocol/bytes.js'
import type { ReplicatedComponent, ReplicatedField, TypedStore } from '../../protocol/definitions.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { LARGEST_F32 } from '../../protocol/types/record.js'
import { ColumnKind, type ColumnSpec, storedMax, storedMin } from '../../protocol/types/schema.js'
import type { Members } from './component-members.js'
import { type RawArray, scanRaw } from './raw-scan.js'
import { growTo } from '../slot-set.js'

const scratchFloat = new Float64Array(1)
const scratchBits = new Uint32Array(scratchFloat.buffer)
const scratchF32 = new Float32Array(1)
const scratchF32Bits = new Uint32Array(scratchF32.buffer)

/** Bits of entities whose memory changed, for columns that convert values. All 0 between scans. */
let moved = new Uint32Array(64)

/** The integers of lanes. */
export type WireArray = Uint8Array | Uint16Array | Uint32Array

/** The same memory as whole numbers, or unchanged where elements have 64 bits. */
export function rawOf(array: TypedStore): RawArray {
  if (array instanceof Float64Array) return array
  const { buffer, byteOffset, length, BYTES_PER_ELEMENT } = array
  if (BYTES_PER_ELEMENT === 4) return new Uint32Array(buffer, byteOffset, length)
  return BYTES_PER_ELEMENT === 2
    ? new Uint16Array(buffer, byteOffset, length)
    : new Uint8Array(buffer, byteOffset, length)
}

/** Returns whether an array's memory holds exactly the bits of the wire, so that no value can be out of range. */
export function holdsWire({ kind, bits }: ColumnSpec, array: TypedStore): boolean {
  if (array.BYTES_PER_ELEMENT * 8 !== bits) return false
  if (kind === ColumnKind.F32) return array instanceof Float32Array
  if (kind === ColumnKind.Signed) {
    return array instanceof Int8Array || array instanceof Int16Array || array instanceof Int32Array
  }
  if (kind !== ColumnKind.Unsigned) return false
  return (
    array instanceof Uint8Array ||
    array instanceof Uint8ClampedArray ||
    array instanceof Uint16Array ||
    array instanceof Uint32Array
  )
}

export class Column {
  readonly spec: ColumnSpec
  /** By entity, the source of lanes: the array's own memory, or the wire form; for an f64 its lower half. */
  wire: WireArray = new Uint32Array(0)
  /** The upper half of an f64, by entity. */
  wireHigh = new Uint32Array(0)
  /** `wire` is the array's own memory. */
  isDirect = false
  /** The typed array, its length and its memory as of the last refresh; undefined for other stores. */
  private typed: TypedStore | undefined
  private length = 0
  private raw: RawArray | undefined
  /** By entity: the content of the store when it was last compared. */
  private shadow: RawArray = new Float64Array(0)
  /** The kind of store has changed, so it cannot be compared with `shadow`. */
  protected isNew = false
  private readonly scale: number
  private readonly mask: number
  /** Values that had to be clamped, or were NaN, since this was last set to 0. */
  outOfRange = 0

  constructor(
    readonly field: ReplicatedField,
    protected readonly entities: EntityMapper,
  ) {
    const spec = field.type.column
    this.spec = spec
    this.scale = 1 / spec.step
    this.mask = spec.bits === 32 ? 0xffffffff : 2 ** spec.bits - 1
    this.bind()
    this.isNew = false
  }

  /** Picks up an array that the game put in place of the known one. */
  refresh(): boolean {
    const { store } = this.field
    store.refresh()
    const { typed } = store
    if (typed === this.typed && (typed === undefined || typed.length === this.length)) return false
    this.bind()
    return true
  }

  private bind(): void {
    const { typed } = this.field.store
    const wasDirect = this.isDirect
    this.typed = typed
    this.length = typed === undefined ? 0 : typed.length
    this.raw = typed === undefined ? undefined : rawOf(typed)
    this.isDirect = typed !== undefined && holdsWire(this.spec, typed)
    if (this.isDirect) this.wire = this.raw as WireArray
    else if (wasDirect) this.wire = new Uint32Array(0)
    const kind = this.raw?.constructor ?? Float64Array
    if (this.shadow.constructor === kind) return
    this.isNew = true
    this.shadow = new (kind as new (length: number) => RawArray)(0)
  }

  /** The value last read, as a client's game sees it: quantized, and an entity by this world's id. */
  value(eid: number): number {
    const { kind } = this.spec
    const wire = this.wire[eid]!
    if (kind === ColumnKind.F64) return f64FromWire(wire, this.wireHigh[eid]!)
    if (kind === ColumnKind.Entity) return this.entities.entityOf(wire)
    const value = fromWire(this.spec, wire)
    return this.field.store.rounds ? Math.fround(value) : value
  }

  /** Begins with an entity, and reads its value. `scanned`: scans will find its changes. */
  start(eid: number, scanned: boolean): void {
    if (!this.isDirect) {
      this.reserve(eid)
      this.wire[eid] = this.initialWire
      this.take(eid)
    }
    if (scanned) this.remember(eid)
  }

  /** The wire form of 0, or of the nearest value: used for an entity whose game has set no value that can be sent. */
  protected get initialWire(): number {
    const { kind, min, max } = this.spec
    if (kind === ColumnKind.Angle) return angleStep(0, this.mask + 1)
    if (kind !== ColumnKind.Quantized) return 0
    return ((Math.min(max, Math.max(min, 0)) - min) * this.scale + 0.5) >>> 0
  }

  private reserve(eid: number): void {
    this.wire = growTo(this.wire, eid + 1)
    if (this.spec.lanes === 2) this.wireHigh = growTo(this.wireHigh, eid + 1)
  }

  /** Notes an entity's content of the store, so that a scan finds when it changes. */
  protected remember(eid: number): void {
    this.shadow = growTo(this.shadow, (eid | 31) + 1)
    this.shadow[eid] = this.raw === undefined ? this.field.store.read(eid) : this.raw[eid]!
  }

  /** Notes the store's content for all members. */
  protected rememberAll(members: Members): void {
    this.isNew = false
    for (let w = 0; w < members.words.length; w++) {
      for (let bits = members.words[w]!; bits !== 0; bits &= bits - 1)
        this.remember(w * 32 + 31 - Math.clz32(bits & -bits))
    }
  }

  /** Reads the values of entities that changed, or may have. */
  takeAll(eids: Uint32Array, count: number): void {
    if (this.isDirect) return
    const { typed, wire } = this
    if (this.spec.kind === ColumnKind.Quantized && typed !== undefined && wire instanceof Uint32Array) {
      this.quantizeAll(typed, wire, eids, count)
    } else for (let i = 0; i < count; i++) this.take(eids[i]!)
  }

  /** Reads what changed of all members, and sets their bits in `hits`; bits of others may be set too. */
  scan(members: Members, hits: Uint32Array): boolean {
    if (this.isNew) return this.takeAnew(members, hits)
    if (this.isDirect) return scanRaw(this.raw!, this.shadow, members, hits)
    // The entity that an id names can change without the store.
    if (this.spec.kind === ColumnKind.Entity) return this.takeEach(members.words, members.words, hits)
    moved = growTo(moved, hits.length)
    if (!this.scanStore(members, moved)) return false
    const found = this.takeEach(moved, members.words, hits)
    moved.fill(0, 0, members.words.length)
    return found
  }

  /** Sets the bits of the members whose content of the store changed. */
  scanStore(members: Members, into: Uint32Array): boolean {
    if (this.raw !== undefined) return scanRaw(this.raw, this.shadow, members, into)
    const { shadow } = this
    const { store } = this.field
    let found = false
    for (let w = 0; w < members.words.length; w++) {
      for (let bits = members.words[w]!; bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits
        const eid = w * 32 + 31 - Math.clz32(bit)
        const now = store.read(eid)
        if (Object.is(now, shadow[eid])) continue
        shadow[eid] = now
        into[w]! |= bit
        found = true
      }
    }
    return found
  }

  /** Counts every member as changed, because the kind of store has changed. */
  private takeAnew(members: Members, hits: Uint32Array): boolean {
    const { words } = members
    this.rememberAll(members)
    if (!this.isDirect) {
      this.reserve(words.length * 32 - 1)
      this.takeEach(words, words, hits)
    }
    for (let w = 0; w < words.length; w++) hits[w]! |= words[w]!
    return true
  }

  /** Reads the values of entities in both sets of bits, and sets the bits of those whose wire form changed. */
  private takeEach(words: Uint32Array, members: Uint32Array, hits: Uint32Array): boolean {
    let found = false
    for (let w = 0; w < members.length; w++) {
      for (let bits = words[w]! & members[w]!; bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits
        if (!this.take(w * 32 + 31 - Math.clz32(bit))) continue
        hits[w]! |= bit
        found = true
      }
    }
    return found
  }

  /** Reads the value of one entity. Returns whether its wire form changed. */
  private take(eid: number): boolean {
    if (this.spec.kind === ColumnKind.F64) return this.takeF64(eid)
    const wire = this.toWire(eid)
    if (wire === this.wire[eid]) return false
    this.wire[eid] = wire
    return true
  }

  private quantizeAll(array: TypedStore, wire: Uint32Array, eids: Uint32Array, count: number): void {
    const { min, max } = this.spec
    const { scale } = this
    const fours = count - 3
    let i = 0
    // The loop handles four at a time, as array-loops.ts explains. It has the same expression as `toWire`; the tests
    // send NaN here too.
    for (; i < fours; i += 4) {
      const p = eids[i]!
      const q = eids[i + 1]!
      const r = eids[i + 2]!
      const s = eids[i + 3]!
      const a = array[p]!
      const b = array[q]!
      const c = array[r]!
      const d = array[s]!
      wire[p] = a >= min && a <= max ? ((a - min) * scale + 0.5) >>> 0 : this.toWire(p)
      wire[q] = b >= min && b <= max ? ((b - min) * scale + 0.5) >>> 0 : this.toWire(q)
      wire[r] = c >= min && c <= max ? ((c - min) * scale + 0.5) >>> 0 : this.toWire(r)
      wire[s] = d >= min && d <= max ? ((d - min) * scale + 0.5) >>> 0 : this.toWire(s)
    }
    for (; i < count; i++) {
      const eid = eids[i]!
      const value = array[eid]!
      wire[eid] = value >= min && value <= max ? ((value - min) * scale + 0.5) >>> 0 : this.toWire(eid)
    }
  }

  /** The wire form of the store's content. An invalid value keeps the last one. */
  protected toWire(eid: number): number {
    const { spec } = this
    const value = this.field.store.read(eid)
    switch (spec.kind) {
      case ColumnKind.Bool:
        return value === 0 ? 0 : 1
      case ColumnKind.F32:
        return this.floatToWire(value)
      case ColumnKind.Entity:
        return this.entities.netIdOf(value)
      case ColumnKind.Angle:
        if (Number.isFinite(value)) return angleStep(value, this.mask + 1)
        this.outOfRange++
        return this.wire[eid]!
      default: {
        // Unsigned, signed and quantized: NaN keeps the last value, the rest is clamped.
        if (Number.isNaN(value)) {
          this.outOfRange++
          return this.wire[eid]!
        }
        let clamped = value
        if (value < spec.min || value > spec.max) {
          const isEnd =
            spec.kind === ColumnKind.Quantized && value >= storedMin(spec.min) && value <= storedMax(spec.max)
          if (!isEnd) this.outOfRange++
          clamped = value < spec.min ? spec.min : spec.max
        }
        if (spec.kind === ColumnKind.Quantized) return ((clamped - spec.min) * this.scale + 0.5) >>> 0
        return (Math.round(clamped) & this.mask) >>> 0
      }
    }
  }

  /** The bits of a 32-bit float. A finite number does not become an infinite one. */
  private floatToWire(value: number): number {
    scratchF32[0] = value
    if (!Number.isFinite(scratchF32[0]!) && Number.isFinite(value)) {
      this.outOfRange++
      scratchF32[0] = value < 0 ? -LARGEST_F32 : LARGEST_F32
    }
    return scratchF32Bits[0]!
  }

  private takeF64(eid: number): boolean {
    scratchFloat[0] = this.field.store.read(eid)
    const low = scratchBits[0]!
    const high = scratchBits[1]!
    if (low === this.wire[eid] && high === this.wireHigh[eid]) return false
    this.wire[eid] = low
    this.wireHigh[eid] = high
    return true
  }

  /** Writes one entity's value, each lane in whole bytes. */
  writeRow(writer: ByteWriter, eid: number): void {
    const { bits, lanes } = this.spec
    if (lanes === 0) return
    const bytes = (bits + 7) >> 3
    writer.uint(this.wire[eid]!, bytes)
    if (lanes === 2) writer.uint(this.wireHigh[eid]!, bytes)
  }
}

/** The value of a wire integer, as a number for the game's array. Not for f64 and entities. */
export function fromWire(spec: ColumnSpec, wire: number): number {
  switch (spec.kind) {
    case ColumnKind.Quantized:
    case ColumnKind.Angle:
      return Math.min(spec.max, spec.min + wire * spec.step)
    case ColumnKind.Signed:
      return (wire << (32 - spec.bits)) >> (32 - spec.bits)
    case ColumnKind.F32:
      scratchF32Bits[0] = wire
      return scratchF32[0]!
    default:
      return wire
  }
}

export function f64FromWire(low: number, high: number): number {
  scratchBits[0] = low
  scratchBits[1] = high
  return scratchFloat[0]!
}

/** The largest wire integer of a column; a larger one in a packet is malformed. */
export function maxWire(spec: ColumnSpec): number {
  if (spec.kind === ColumnKind.Quantized) return Math.round((spec.max - spec.min) / spec.step)
  return spec.bits === 32 ? 0xffffffff : 2 ** spec.bits - 1
}

/** Bytes of one value in a row, where each lane takes whole bytes. */
export function rowBytes(component: Pick<ReplicatedComponent, 'fields'>): number {
  let bytes = 0
  for (const { type } of component.fields) bytes += ((type.column.bits + 7) >> 3) * type.column.lanes
  return bytes
}
