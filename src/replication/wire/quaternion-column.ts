// Packs a rotation on the server: four fields of a component are one value of the wire, which the first of them
// carries.
import type { ReplicatedField } from '../../protocol/definitions.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { IDENTITY, packQuaternion, unpackQuaternion } from '../../protocol/types/quaternion.js'
import { Column } from './columns.js'
import type { Members } from './component-members.js'

const unpacked = new Float64Array(4)

export class QuaternionColumn extends Column {
  /** The columns of x, y, z and w. */
  parts: readonly QuaternionColumn[] = []
  /** The one that carries the whole rotation. */
  private carrier: QuaternionColumn = this

  /** Joins columns into one rotation. */
  join(parts: readonly QuaternionColumn[]): void {
    this.parts = parts
    this.carrier = parts.find(({ spec }) => spec.lanes === 1)!
  }

  override value(eid: number): number {
    unpackQuaternion(this.carrier.wire[eid]!, unpacked)
    const value = unpacked[this.field.type.quaternion!.part]!
    return this.field.store.rounds ? Math.fround(value) : value
  }

  /** The carrier begins with all parts, whatever their order. */
  override start(eid: number, scanned: boolean): void {
    if (this.spec.lanes === 1) super.start(eid, scanned)
    else if (scanned) this.remember(eid)
  }

  override takeAll(eids: Uint32Array, count: number): void {
    if (this.spec.lanes === 0) return
    const x = this.parts[0]!.field.store.typed
    const y = this.parts[1]!.field.store.typed
    const z = this.parts[2]!.field.store.typed
    const w = this.parts[3]!.field.store.typed
    const isFloats =
      x instanceof Float32Array && y instanceof Float32Array && z instanceof Float32Array && w instanceof Float32Array
    if (isFloats) this.packAll(x, y, z, w, eids, count)
    else super.takeAll(eids, count)
  }

  /** Does the same as `take` for each, without testing each part's kind of store. */
  private packAll(
    x: Float32Array,
    y: Float32Array,
    z: Float32Array,
    w: Float32Array,
    eids: Uint32Array,
    count: number,
  ): void {
    const wire = this.wire as Uint32Array
    for (let i = 0; i < count; i++) {
      const eid = eids[i]!
      const packed = packQuaternion(x[eid]!, y[eid]!, z[eid]!, w[eid]!)
      if (packed >= 0) wire[eid] = packed
      else this.outOfRange++
    }
  }

  override scan(members: Members, hits: Uint32Array): boolean {
    if (this.spec.lanes === 0) return false
    for (let p = 0; p < 4; p++) {
      const part = this.parts[p]!
      if (part === this || !part.isNew) continue
      // The kind of store has changed, so the whole rotation is read again.
      part.rememberAll(members)
      this.isNew = true
    }
    return super.scan(members, hits)
  }

  /** The memory of a rotation is that of its four fields. */
  override scanStore(members: Members, into: Uint32Array): boolean {
    let found = false
    for (let p = 0; p < 4; p++) if (this.parts[p]!.scanOwnStore(members, into)) found = true
    return found
  }

  private scanOwnStore(members: Members, into: Uint32Array): boolean {
    return super.scanStore(members, into)
  }

  protected override get initialWire(): number {
    return IDENTITY
  }

  protected override toWire(eid: number): number {
    const [x, y, z, w] = this.parts
    const wire = packQuaternion(
      x!.field.store.read(eid),
      y!.field.store.read(eid),
      z!.field.store.read(eid),
      w!.field.store.read(eid),
    )
    if (wire >= 0) return wire
    this.outOfRange++
    return this.wire[eid]!
  }
}

/** The columns of a component, one for each field. */
export function makeColumns(fields: readonly ReplicatedField[], entities: EntityMapper): readonly Column[] {
  const columns = fields.map((field) =>
    field.type.quaternion === undefined ? new Column(field, entities) : new QuaternionColumn(field, entities),
  )
  for (const column of columns) {
    if (!(column instanceof QuaternionColumn)) continue
    const parts = column.field.type.quaternion!.names.map((name) => columns.find(({ field }) => field.name === name)!)
    column.join(parts as QuaternionColumn[])
  }
  return columns
}
