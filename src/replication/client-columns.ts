// A replicated component on a client: reading its columns and rows, and writing them to the game's arrays or, when it is
// interpolated, to its snapshots.
import type { ByteReader } from '../protocol/bytes.js'
import type { ReplicatedComponent, TypedStore } from '../protocol/definitions.js'
import { type ColumnSpec, ColumnKind } from '../protocol/schema.js'
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { MAX_BLOCK_ENTITIES } from './block-slots.js'
import type { ChangeLog } from './change-log.js'
import { ClientChanges } from './client-changes.js'
import { f64FromWire, fromWire, maxWire, rowBytes } from './columns.js'
import { laneBytes, readLane } from './lanes.js'
import { Snapshots } from './snapshots.js'
import { growTo } from './slot-set.js'

interface ClientColumn {
  readonly spec: ColumnSpec
  readonly array: TypedStore
  /** The same memory as bits, where the wire carries just these. */
  readonly bits: Uint32Array | undefined
  /** The largest integer of the wire that is a value. */
  readonly largest: number
  /** By slot: the net id that a field of entities names, so that it can be resolved again. */
  references: Uint32Array | undefined
}

/** Room for one block's lanes. */
const lowWire = new Uint32Array(MAX_BLOCK_ENTITIES)
const highWire = new Uint32Array(MAX_BLOCK_ENTITIES)
const oneSlot = new Uint32Array(1)
const oneTarget = new Uint32Array(1)

export class ClientComponent {
  readonly columns: readonly ClientColumn[]
  /** Present when the component is interpolated. */
  readonly snapshots: Snapshots | undefined
  /** Present when its changes can be drained. */
  readonly changes: ClientChanges | undefined
  /** The entities that the game's arrays have room for. */
  readonly capacity: number
  readonly rowBytes: number
  readonly hasReferences: boolean
  /** Whether the owner of an entity writes it. */
  readonly isWritable: boolean

  constructor(
    readonly id: number,
    readonly name: string,
    readonly definition: ReplicatedComponent,
    private readonly entities: EntityMapper,
    changes?: ChangeLog,
  ) {
    this.columns = definition.fields.map(({ type, array }) => ({
      spec: type.column,
      array,
      bits:
        type.column.kind === ColumnKind.F32 && array instanceof Float32Array
          ? new Uint32Array(array.buffer, array.byteOffset, array.length)
          : undefined,
      largest: maxWire(type.column),
      references: type.column.kind === ColumnKind.Entity ? new Uint32Array(0) : undefined,
    }))
    this.capacity = Math.min(...definition.fields.map(({ array }) => array.length), Infinity)
    this.rowBytes = rowBytes(definition)
    this.isWritable = definition.authority === 'client'
    this.hasReferences = this.columns.some((column) => column.references !== undefined)
    const moving = definition.interpolate && this.columns.length > 0
    this.snapshots = moving ? new Snapshots(this.columns) : undefined
    this.changes =
      changes === undefined ? undefined : new ClientChanges(this.columns, this.snapshots, entities, changes)
  }

  reserve(slots: number): void {
    for (const column of this.columns) if (column.references) column.references = growTo(column.references, slots)
    this.snapshots?.reserve(slots)
  }

  /** Skips the columns of `count` entities; the reader fails when one is short or holds a value out of its range. */
  checkColumns(reader: ByteReader, count: number): void {
    for (const { spec, largest } of this.columns) {
      const unbounded = largest === (spec.bits === 32 ? 0xffffffff : 2 ** spec.bits - 1)
      if (unbounded) {
        reader.skip(laneBytes(spec.bits, count) * spec.lanes)
        continue
      }
      readLane(reader, spec.bits, lowWire, count)
      for (let i = 0; i < count; i++) if (lowWire[i]! > largest) reader.fail()
    }
  }

  /** Skips one row, as `checkColumns` does columns. */
  checkRow(reader: ByteReader): void {
    for (const { spec, largest } of this.columns) {
      const bytes = (spec.bits + 7) >> 3
      if (reader.uint(bytes) > largest) reader.fail()
      if (spec.lanes === 2) reader.skip(bytes)
    }
  }

  /** Reads the columns of `count` entities; those whose `targets` entry is 0 are passed over. */
  readColumns(reader: ByteReader, slots: Uint32Array, targets: Uint32Array, count: number, tick: number): void {
    const { snapshots, changes } = this
    changes?.begin(slots, targets, count)
    if (snapshots !== undefined) for (let i = 0; i < count; i++) if (targets[i] !== 0) snapshots.push(slots[i]!, tick)
    for (let c = 0; c < this.columns.length; c++) {
      const { spec, array, references, bits } = this.columns[c]!
      readLane(reader, spec.bits, lowWire, count)
      if (spec.lanes === 2) readLane(reader, spec.bits, highWire, count)
      if (reader.failed) return
      if (snapshots === undefined && bits !== undefined) {
        for (let i = 0; i < count; i++) if (targets[i] !== 0) bits[targets[i]!] = lowWire[i]!
      } else if (snapshots === undefined && spec.kind === ColumnKind.Quantized) {
        const { min, max, step } = spec
        for (let i = 0; i < count; i++) {
          if (targets[i] !== 0) array[targets[i]!] = Math.min(max, min + lowWire[i]! * step)
        }
      } else {
        for (let i = 0; i < count; i++) {
          const eid = targets[i]!
          if (eid === 0) continue
          if (references !== undefined) references[slots[i]!] = lowWire[i]!
          const value = this.value(spec, lowWire[i]!, highWire[i]!)
          // What entity a field names does not blend, and must resolve again as entities come and go.
          if (snapshots !== undefined && references === undefined) snapshots.set(slots[i]!, c, value)
          else array[eid] = value
        }
      }
    }
    changes?.finish(slots, targets, count)
  }

  /** Reads one row: the values that an entity, or a component, begins with. Always written to the game's arrays. */
  readRow(reader: ByteReader, slot: number, eid: number, tick: number): void {
    this.changes?.start(slot)
    this.readValues(reader, slot, eid, tick)
  }

  /** Reads a row of values that take the place of those that are there. */
  readCorrection(reader: ByteReader, slot: number, eid: number, tick: number): void {
    if (eid >= this.capacity) return this.checkRow(reader)
    oneSlot[0] = slot
    oneTarget[0] = eid
    this.changes?.begin(oneSlot, oneTarget, 1)
    this.readValues(reader, slot, eid, tick)
    this.changes?.finish(oneSlot, oneTarget, 1)
  }

  private readValues(reader: ByteReader, slot: number, eid: number, tick: number): void {
    const store = eid < this.capacity
    this.snapshots?.restart(slot, tick)
    for (let c = 0; c < this.columns.length; c++) {
      const { spec, array, references } = this.columns[c]!
      const bytes = (spec.bits + 7) >> 3
      const low = reader.uint(bytes)
      const high = spec.lanes === 2 ? reader.uint(bytes) : 0
      if (references !== undefined) references[slot] = low
      const value = this.value(spec, low, high)
      this.snapshots?.set(slot, c, value)
      if (store) array[eid] = value
    }
  }

  /** Takes the values that one entity shows over to another. */
  copyValues(from: number, to: number): void {
    if (from >= this.capacity || to >= this.capacity) return
    for (const { array } of this.columns) array[to] = array[from]!
  }

  /**
   * Looks up again what fields of entities name, after entities came or went. Of a component that this client writes itself
   * only what the server began it with, and was not there yet.
   */
  resolve(slot: number, eid: number, isOwn: boolean): void {
    if (eid >= this.capacity) return
    this.changes?.beginResolving(slot, eid)
    for (const { array, references } of this.columns) {
      if (references === undefined || (isOwn && array[eid] !== 0)) continue
      array[eid] = this.entities.entityOf(references[slot]!)
    }
    this.changes?.finishResolving(slot, eid)
  }

  /** This client has written the values itself: what the server named is forgotten. */
  forgetReferences(slot: number): void {
    for (const { references } of this.columns) if (references !== undefined) references[slot] = 0
  }

  private value(spec: ColumnSpec, low: number, high: number): number {
    if (spec.kind === ColumnKind.F64) return f64FromWire(low, high)
    if (spec.kind === ColumnKind.Entity) return this.entities.entityOf(low)
    return fromWire(spec, low)
  }
}
