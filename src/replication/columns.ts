// Columns: one replicated field of a component, between the game's array and the integers of the wire.
//
// The server keeps, for each slot, the wire form of what it last took over. Finding changes, sending spawns, updates and
// repeats all work on these integers, so a value is quantized once, and every client gets the same one.
import type { ReplicatedComponent, ReplicatedField, TypedStore } from '../protocol/definitions.js'
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { ColumnKind, type ColumnSpec, storedMax, storedMin } from '../protocol/schema.js'
import { growTo } from './slot-set.js'

const scratchFloat = new Float64Array(1)
const scratchBits = new Uint32Array(scratchFloat.buffer)
const scratchF32 = new Float32Array(1)
const scratchF32Bits = new Uint32Array(scratchF32.buffer)

/** Which array element types hold every value of a column of integers, so that nothing can be out of its range. */
function holdsOnlyValid(spec: ColumnSpec, array: TypedStore): boolean {
  if (spec.kind === ColumnKind.Unsigned) {
    const unsigned =
      array instanceof Uint8Array ||
      array instanceof Uint8ClampedArray ||
      array instanceof Uint16Array ||
      array instanceof Uint32Array
    return unsigned && array.BYTES_PER_ELEMENT * 8 <= spec.bits
  }
  if (spec.kind === ColumnKind.Signed) {
    const signed = array instanceof Int8Array || array instanceof Int16Array || array instanceof Int32Array
    return signed && array.BYTES_PER_ELEMENT * 8 <= spec.bits
  }
  return false
}

export class Column {
  readonly spec: ColumnSpec
  readonly array: TypedStore
  /** The wire form by slot; of an f64 its lower half. */
  wire = new Uint32Array(0)
  /** The upper half of an f64, by slot. */
  wireHigh = new Uint32Array(0)
  /** The same memory as the game's array, as bits; only for a Float32Array. */
  private readonly floatBits: Uint32Array | undefined
  /** By slot: the bits that `wire` was made of, so that a value at rest is not quantized again in every tick. */
  private seen = new Uint32Array(0)
  private readonly scale: number
  private readonly direct: boolean
  private readonly mask: number
  /** Values that had to be clamped, or were NaN, since this was last set to 0. */
  outOfRange = 0

  constructor(
    readonly field: ReplicatedField,
    private readonly entities: EntityMapper,
  ) {
    this.spec = field.type.column
    this.array = field.array
    const { array, spec } = this
    this.floatBits =
      array instanceof Float32Array ? new Uint32Array(array.buffer, array.byteOffset, array.length) : undefined
    this.scale = 1 / spec.step
    this.direct = holdsOnlyValid(spec, array)
    this.mask = spec.bits === 32 ? 0xffffffff : 2 ** spec.bits - 1
  }

  /** The value last taken over, as the game of a client sees it: quantized, and an entity by this world's id. */
  value(slot: number): number {
    const { kind } = this.spec
    if (kind === ColumnKind.F64) return f64FromWire(this.wire[slot]!, this.wireHigh[slot]!)
    if (kind === ColumnKind.Entity) return this.entities.entityOf(this.wire[slot]!)
    const value = fromWire(this.spec, this.wire[slot]!)
    return this.floatBits === undefined ? value : Math.fround(value)
  }

  private get remembersBits(): boolean {
    return this.spec.kind === ColumnKind.Quantized && this.floatBits !== undefined
  }

  reserve(slots: number): void {
    this.wire = growTo(this.wire, slots)
    if (this.spec.lanes === 2) this.wireHigh = growTo(this.wireHigh, slots)
    if (this.remembersBits) this.seen = growTo(this.seen, slots)
  }

  /** Takes over the value of one entity. Returns whether its wire form changed. */
  take(slot: number, eid: number): boolean {
    if (this.spec.kind === ColumnKind.F64) return this.takeF64(slot, eid)
    if (this.remembersBits) this.seen[slot] = this.floatBits![eid] ?? 0
    const wire = this.toWire(slot, eid)
    if (wire === this.wire[slot]) return false
    this.wire[slot] = wire
    return true
  }

  /**
   * Takes over the values of `count` entities, and sets `changed[i]` to 1 where one changed. `eidOf` is by slot.
   */
  scan(slots: Uint32Array, count: number, eidOf: Uint32Array, changed: Uint8Array): void {
    const { wire, array, floatBits } = this
    if (floatBits !== undefined && this.spec.kind === ColumnKind.F32) {
      for (let i = 0; i < count; i++) {
        const slot = slots[i]!
        const bits = floatBits[eidOf[slot]!]!
        if (bits !== wire[slot]) {
          wire[slot] = bits
          changed[i] = 1
        }
      }
    } else if (this.direct) {
      const { mask } = this
      for (let i = 0; i < count; i++) {
        const slot = slots[i]!
        const value = (array[eidOf[slot]!]! & mask) >>> 0
        if (value !== wire[slot]) {
          wire[slot] = value
          changed[i] = 1
        }
      }
    } else if (this.remembersBits) {
      const { min, max } = this.spec
      const { scale, seen } = this
      for (let i = 0; i < count; i++) {
        const slot = slots[i]!
        const eid = eidOf[slot]!
        const bits = floatBits![eid]!
        if (bits === seen[slot]) continue
        seen[slot] = bits
        const value = array[eid]!
        // The same expression as in `toWire`; the test also sends NaN there.
        const quantum = value >= min && value <= max ? ((value - min) * scale + 0.5) >>> 0 : this.toWire(slot, eid)
        if (quantum !== wire[slot]) {
          wire[slot] = quantum
          changed[i] = 1
        }
      }
    } else {
      for (let i = 0; i < count; i++) if (this.take(slots[i]!, eidOf[slots[i]!]!)) changed[i] = 1
    }
  }

  private toWire(slot: number, eid: number): number {
    const { spec } = this
    const value = this.array[eid] ?? 0
    switch (spec.kind) {
      case ColumnKind.Bool:
        return value === 0 ? 0 : 1
      case ColumnKind.F32:
        if (this.floatBits !== undefined) return this.floatBits[eid] ?? 0
        scratchF32[0] = value
        if (!Number.isFinite(scratchF32[0]!) && Number.isFinite(value)) {
          this.outOfRange++
          scratchF32[0] = value < 0 ? -3.4028234663852886e38 : 3.4028234663852886e38
        }
        return scratchF32Bits[0]!
      case ColumnKind.Entity:
        return this.entities.netIdOf(value)
      default: {
        // Unsigned, signed and quantized: NaN keeps the last value, the rest is clamped.
        if (Number.isNaN(value)) {
          this.outOfRange++
          return this.wire[slot]!
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

  private takeF64(slot: number, eid: number): boolean {
    scratchFloat[0] = this.array[eid] ?? 0
    const low = scratchBits[0]!
    const high = scratchBits[1]!
    if (low === this.wire[slot] && high === this.wireHigh[slot]) return false
    this.wire[slot] = low
    this.wireHigh[slot] = high
    return true
  }
}

/** The value that a wire integer stands for, as a number for the game's array. Not for f64 and entities. */
export function fromWire(spec: ColumnSpec, wire: number): number {
  switch (spec.kind) {
    case ColumnKind.Quantized:
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
