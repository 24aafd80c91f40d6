// Reads the columns and rows of a replicated component on a client. Writes them to the game's arrays or, when the
// component is interpolated, to its snapshots.
import type { ByteReader } from '../../protocol/bytes.js'
import type { ReplicatedComponent } from '../../protocol/definitions.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { isQuaternion, unpackQuaternion } from '../../protocol/types/quaternion.js'
import { type ColumnSpec, ColumnKind } from '../../protocol/types/schema.js'
import { MAX_BLOCK_ENTITIES } from '../wire/block-slots.js'
import type { ChangeLog } from '../change-log.js'
import { ClientChanges } from './client-changes.js'
import { type ClientColumn, makeClientColumns } from './client-column.js'
import { readIntoStores } from '../wire/column-lanes.js'
import { f64FromWire, fromWire, rowBytes } from '../wire/columns.js'
import { KeptValues } from './kept-values.js'
import { laneBytes } from '../wire/lanes.js'
import { checkNarrow, isNarrow, readLane, readQuantized } from '../wire/read-lanes.js'
import { Snapshots } from './snapshots.js'
import { growTo } from '../slot-set.js'

/** Room for one block's lanes. */
const lowWire = new Uint32Array(MAX_BLOCK_ENTITIES)
const highWire = new Uint32Array(MAX_BLOCK_ENTITIES)
const rotation = new Float64Array(4)
const oneIndex = new Uint32Array(1)
const oneTarget = new Uint32Array(1)

/** What `restoreKept` needs to know about the entity of an index. */
interface KeptEntities {
  readonly eidOf: (index: number) => number
  readonly hasComponent: (index: number) => boolean
}

export class ClientComponent {
  readonly columns: readonly ClientColumn[]
  /** Present when the component is interpolated. */
  readonly snapshots: Snapshots | undefined
  /** Present when its changes can be drained. */
  readonly changes: ClientChanges | undefined
  readonly rowBytes: number
  readonly hasReferences: boolean
  /** The owner of an entity may write it. */
  readonly isWritable: boolean
  /** The game's arrays have room for the entity ids below this one. */
  capacity = 0
  /** The values of entities at or above `capacity`. */
  private readonly kept: KeptValues
  /** Bytes of one entity's values, where every lane takes whole bytes and any bits are valid; otherwise 0. */
  private readonly plainBytes: number

  constructor(
    readonly id: number,
    readonly name: string,
    readonly definition: ReplicatedComponent,
    private readonly entities: EntityMapper,
    changes?: ChangeLog,
  ) {
    this.columns = makeClientColumns(definition.fields)
    this.rowBytes = rowBytes(definition)
    this.isWritable = definition.authority === 'client'
    this.hasReferences = this.columns.some((column) => column.references !== undefined)
    const moving = definition.interpolate && this.columns.length > 0
    this.snapshots = moving ? new Snapshots(this.columns, definition.interval) : undefined
    this.changes =
      changes === undefined ? undefined : new ClientChanges(this.columns, this.snapshots, entities, changes)
    const isPlain = this.columns.every(({ spec, isUnbounded }) => isUnbounded && spec.bits % 8 === 0)
    this.plainBytes = isPlain ? this.rowBytes : 0
    this.kept = new KeptValues(this.columns)
    this.refresh()
  }

  /** Looks for arrays that the game has replaced. Returns whether entities that had no room may have it now. */
  refresh(): boolean {
    let capacity = Infinity
    for (let c = 0; c < this.columns.length; c++) {
      const column = this.columns[c]!
      column.refresh()
      capacity = Math.min(capacity, column.store.capacity)
    }
    const isLarger = capacity > this.capacity
    this.capacity = capacity
    return isLarger && this.kept.size > 0
  }

  /** Writes the kept values of entities that the arrays have room for now. Calls `restored` with the index of each. */
  restoreKept({ eidOf, hasComponent }: KeptEntities, restored: (index: number) => void): void {
    for (const index of this.kept.indices()) {
      const eid = eidOf(index)
      if (eid === 0 || !hasComponent(index)) this.kept.delete(index)
      else if (eid < this.capacity) {
        this.kept.restore(index, eid)
        this.resolve(index, eid, false)
        restored(index)
      }
    }
  }

  reserve(indices: number): void {
    for (const column of this.columns) if (column.references) column.references = growTo(column.references, indices)
    this.snapshots?.reserve(indices)
  }

  /** Skips the columns of `count` entities; the reader fails when one is short or holds a value out of its range. */
  checkColumns(reader: ByteReader, count: number): void {
    if (this.plainBytes > 0) return reader.skip(this.plainBytes * count)
    for (let c = 0; c < this.columns.length; c++) {
      const { spec, largest, isUnbounded } = this.columns[c]!
      if (isUnbounded) {
        reader.skip(laneBytes(spec.bits, count) * spec.lanes)
        continue
      }
      if (isNarrow(spec.bits)) {
        checkNarrow(reader, spec.bits, count, largest)
        continue
      }
      readLane(reader, spec.bits, lowWire, count)
      if (spec.kind === ColumnKind.Quaternion) {
        for (let i = 0; i < count; i++) if (!isQuaternion(lowWire[i]!)) reader.fail()
      } else for (let i = 0; i < count; i++) if (lowWire[i]! > largest) reader.fail()
    }
  }

  /** Skips one row, as `checkColumns` does columns. */
  checkRow(reader: ByteReader): void {
    for (const { spec, largest } of this.columns) {
      if (spec.lanes === 0) continue
      const bytes = (spec.bits + 7) >> 3
      const wire = reader.uint(bytes)
      if (wire > largest || (spec.kind === ColumnKind.Quaternion && !isQuaternion(wire))) reader.fail()
      if (spec.lanes === 2) reader.skip(bytes)
    }
  }

  /**
   * Reads the columns of `count` entities, and skips those whose `targets` entry is 0. `all`: there are no such
   * entities.
   */
  readColumns(
    reader: ByteReader,
    indices: Uint32Array,
    targets: Uint32Array,
    count: number,
    tick: number,
    all: boolean,
  ): void {
    const { snapshots, changes } = this
    changes?.begin(indices, targets, count)
    if (snapshots !== undefined) for (let i = 0; i < count; i++) if (targets[i] !== 0) snapshots.push(indices[i]!, tick)
    for (let c = 0; c < this.columns.length; c++) {
      const column = this.columns[c]!
      const { spec, references } = column
      if (spec.lanes === 0) continue
      if (all && snapshots === undefined) {
        if (column.floats !== undefined && spec.kind === ColumnKind.Quantized && isNarrow(spec.bits)) {
          readQuantized(reader, spec, column.floats, targets, count)
          continue
        }
        const read = readIntoStores(reader, this.columns, c, targets, count)
        if (read > 0) {
          c += read - 1
          continue
        }
      }
      readLane(reader, spec.bits, lowWire, count)
      if (spec.lanes === 2) readLane(reader, spec.bits, highWire, count)
      if (reader.failed) return
      if (snapshots === undefined && spec.kind === ColumnKind.Quantized && column.floats !== undefined) {
        dequantize(column.floats, spec, targets, count)
      } else if (spec.kind === ColumnKind.Quaternion) this.readRotations(column, indices, targets, count)
      else {
        for (let i = 0; i < count; i++) {
          const eid = targets[i]!
          if (eid === 0) continue
          if (references !== undefined) references[indices[i]!] = lowWire[i]!
          const value = this.value(spec, lowWire[i]!, highWire[i]!)
          // References to entities do not blend, and must resolve again when entities are added or removed.
          if (snapshots !== undefined && references === undefined) snapshots.set(indices[i]!, c, value)
          else column.store.write(eid, value)
        }
      }
    }
    changes?.finish(indices, targets, count)
  }

  /** Reads the columns of entities that the arrays have no room for, as `readColumns` does those that fit. */
  keepColumns(reader: ByteReader, indices: Uint32Array, targets: Uint32Array, count: number, tick: number): void {
    const { snapshots } = this
    if (snapshots !== undefined) for (let i = 0; i < count; i++) if (targets[i] !== 0) snapshots.push(indices[i]!, tick)
    for (let c = 0; c < this.columns.length; c++) {
      const { spec } = this.columns[c]!
      if (spec.lanes === 0) continue
      readLane(reader, spec.bits, lowWire, count)
      if (spec.lanes === 2) readLane(reader, spec.bits, highWire, count)
      for (let i = 0; i < count; i++) {
        if (targets[i] !== 0) this.beginColumn(c, indices[i]!, targets[i]!, lowWire[i]!, highWire[i]!)
      }
    }
  }

  /** Writes the rotations in `lowWire`. */
  private readRotations({ parts }: ClientColumn, indices: Uint32Array, targets: Uint32Array, count: number): void {
    const { columns, snapshots } = this
    const x = columns[parts[0]!]!.floats
    const y = columns[parts[1]!]!.floats
    const z = columns[parts[2]!]!.floats
    const w = columns[parts[3]!]!.floats
    const isFloats = x !== undefined && y !== undefined && z !== undefined && w !== undefined
    if (isFloats && snapshots === undefined) return writeRotations(x, y, z, w, targets, count)
    for (let i = 0; i < count; i++) {
      const eid = targets[i]!
      if (eid === 0) continue
      unpackQuaternion(lowWire[i]!, rotation)
      for (let p = 0; p < 4; p++) {
        const c = parts[p]!
        if (snapshots === undefined) columns[c]!.store.write(eid, rotation[p]!)
        else snapshots.set(indices[i]!, c, rotation[p]!)
      }
    }
  }

  /** Reads one row: the first values of an entity or a component. They always go to the game's arrays. */
  readRow(reader: ByteReader, index: number, eid: number, tick: number): void {
    this.readValues(reader, index, eid, tick)
    if (eid < this.capacity) this.changes?.finishStart(index, eid)
  }

  /** Forgets the values of a component that is about to be removed from an entity. */
  end(index: number, eid: number): void {
    if (eid !== 0 && eid < this.capacity) this.changes?.end(index, eid)
    this.snapshots?.forget(index)
  }

  /** Reads a row of values that replace the present ones. `isOwn`: this client wrote the present ones. */
  readCorrection(reader: ByteReader, index: number, eid: number, tick: number, isOwn: boolean): void {
    if (eid >= this.capacity) return this.readValues(reader, index, eid, tick)
    if (isOwn) this.showStored(index, eid, tick)
    oneIndex[0] = index
    oneTarget[0] = eid
    this.changes?.begin(oneIndex, oneTarget, 1)
    this.readValues(reader, index, eid, tick)
    this.changes?.finish(oneIndex, oneTarget, 1)
  }

  /** Starts the snapshots from the game's arrays, which hold what this client shows. */
  private showStored(index: number, eid: number, tick: number): void {
    const { snapshots } = this
    if (snapshots === undefined) return
    snapshots.restart(index, tick)
    for (let c = 0; c < this.columns.length; c++) snapshots.set(index, c, this.columns[c]!.store.read(eid))
  }

  private readValues(reader: ByteReader, index: number, eid: number, tick: number): void {
    this.kept.delete(index)
    this.snapshots?.restart(index, tick)
    for (let c = 0; c < this.columns.length; c++) {
      const { spec } = this.columns[c]!
      if (spec.lanes === 0) continue
      const bytes = (spec.bits + 7) >> 3
      const low = reader.uint(bytes)
      const high = spec.lanes === 2 ? reader.uint(bytes) : 0
      this.beginColumn(c, index, eid, low, high)
    }
  }

  /** Applies the wire form of a column as the first value of one entity. */
  private beginColumn(c: number, index: number, eid: number, low: number, high: number): void {
    const { spec, references, parts } = this.columns[c]!
    if (references !== undefined) references[index] = low
    if (spec.kind === ColumnKind.Quaternion) {
      unpackQuaternion(low, rotation)
      for (let p = 0; p < 4; p++) this.begin(parts[p]!, index, eid, rotation[p]!)
    } else this.begin(c, index, eid, this.value(spec, low, high))
  }

  private begin(column: number, index: number, eid: number, value: number): void {
    this.snapshots?.set(index, column, value)
    if (eid < this.capacity) this.columns[column]!.store.write(eid, value)
    else this.kept.set(index, column, value)
  }

  /** Copies the values that one entity shows to another, which stands for `index` from now on. */
  copyValues(index: number, from: number, to: number): void {
    const fits = to < this.capacity
    if (from >= this.capacity) {
      if (fits) this.kept.restore(index, to)
    } else if (fits) for (const { store } of this.columns) store.write(to, store.read(from))
    else this.kept.take(index, from)
  }

  /**
   * Resolves fields of entities again, after entities were added or removed. In a component that this client writes,
   * only the server's first values resolve, if their entity did not exist yet.
   */
  resolve(index: number, eid: number, isOwn: boolean): void {
    if (eid >= this.capacity) return
    this.changes?.beginResolving(index, eid)
    for (const { store, references } of this.columns) {
      if (references === undefined || (isOwn && store.read(eid) !== 0)) continue
      store.write(eid, this.entities.entityOf(references[index]!))
    }
    this.changes?.finishResolving(index, eid)
  }

  /** Forgets the references that the server sent, because this client has written the values itself. */
  forgetReferences(index: number): void {
    for (const { references } of this.columns) if (references !== undefined) references[index] = 0
  }

  private value(spec: ColumnSpec, low: number, high: number): number {
    if (spec.kind === ColumnKind.F64) return f64FromWire(low, high)
    if (spec.kind === ColumnKind.Entity) return this.entities.entityOf(low)
    return fromWire(spec, low)
  }
}

/** Writes the rotations in `lowWire` to columns whose parts are all floats. */
function writeRotations(
  x: Float32Array,
  y: Float32Array,
  z: Float32Array,
  w: Float32Array,
  targets: Uint32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const eid = targets[i]!
    if (eid === 0) continue
    unpackQuaternion(lowWire[i]!, rotation)
    x[eid] = rotation[0]!
    y[eid] = rotation[1]!
    z[eid] = rotation[2]!
    w[eid] = rotation[3]!
  }
}

/** Writes the steps in `lowWire` as numbers. */
function dequantize(array: Float32Array, { min, max, step }: ColumnSpec, targets: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const eid = targets[i]!
    if (eid !== 0) array[eid] = Math.min(max, min + lowWire[i]! * step)
  }
}
