// Reads the values that clients write to the entities they own.
//
// None of them is trusted. A value must be from the owner, the owner must have known the server's last value, and the
// game's own check must accept it.
import { Networked } from '../../../components/networked.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { readMembers } from '../../protocol/component-sets.js'
import type { ReplicatedComponent } from '../../protocol/definitions.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import type { FieldStore } from '../../protocol/field-store.js'
import { slotOf } from '../../protocol/net-id.js'
import type { Protocol } from '../../protocol/protocol.js'
import { isQuaternion, unpackQuaternion } from '../../protocol/types/quaternion.js'
import { ColumnKind, type ColumnSpec } from '../../protocol/types/schema.js'
import { MAX_BLOCK_ENTITIES, readSlots } from '../wire/block-slots.js'
import { f64FromWire, fromWire, maxWire } from '../wire/columns.js'
import { readLane } from '../wire/read-lanes.js'
import type { ChangeTracker } from '../server/change-tracker.js'
import type { Observer } from '../server/observer.js'
import type { ServerEntities } from '../server/server-entities.js'
import type { ServerAuthority } from './server-authority.js'
import { type WriteCheck, WriteView } from './write-view.js'

/** The reason why the server did not apply a client's value. */
export const WriteFault = {
  /** No client ever had such an entity. */
  UnknownEntity: 0,
  /** The entity or the component is gone, or the client had not yet received the server's value. */
  Late: 1,
  NotOwner: 2,
  /** Infinite or NaN. */
  NotFinite: 3,
  /** The game's check refused it. */
  Refused: 4,
  /** The game's check threw. */
  CheckThrew: 5,
} as const
export type WriteFault = (typeof WriteFault)[keyof typeof WriteFault]

/** The client whose packet is read, and a callback for its faults. */
export interface WriteSource {
  readonly observer: Observer
  /** The connection entity. */
  readonly connection: number
  /** The newest tick whose structure the client had applied when it wrote. */
  readonly structureTick: number
  /** The packet's place in the order in which the client sent them. */
  readonly order: number
  /** Reports a value that was not applied. `cause`: the error that a check threw. */
  fault(fault: WriteFault, entity: number, component: number, cause?: unknown): void
}

interface OwnerColumn {
  readonly spec: ColumnSpec
  readonly store: FieldStore
  /** For the column that carries a rotation: the columns of its x, y, z and w. */
  readonly parts: readonly number[]
  readonly largest: number
  /** The lanes of the block being read. */
  readonly low: Uint32Array
  readonly high: Uint32Array
}

const rotation = new Float64Array(4)

/** One component that owners write. */
class OwnerComponent {
  readonly view: WriteView
  check: WriteCheck | undefined
  private readonly columns: readonly OwnerColumn[]

  constructor(definition: ReplicatedComponent) {
    this.view = new WriteView(definition)
    const { fields } = definition
    this.columns = fields.map(({ type: { column: spec, quaternion }, store }) => ({
      spec,
      store,
      parts: quaternion?.names.map((name) => fields.findIndex((field) => field.name === name)) ?? [],
      largest: maxWire(spec),
      low: new Uint32Array(MAX_BLOCK_ENTITIES),
      high: new Uint32Array(spec.lanes === 2 ? MAX_BLOCK_ENTITIES : 0),
    }))
  }

  /** The game's arrays have room for the entity ids below this one. */
  get capacity(): number {
    let capacity = Infinity
    for (let c = 0; c < this.columns.length; c++) capacity = Math.min(capacity, this.columns[c]!.store.capacity)
    return capacity
  }

  /** Reads the columns of `count` entities; the reader fails when one is short or holds a value out of its range. */
  read(reader: ByteReader, count: number): void {
    for (let c = 0; c < this.columns.length; c++) {
      const { spec, largest, low, high } = this.columns[c]!
      if (spec.lanes === 0) continue
      readLane(reader, spec.bits, low, count)
      if (spec.lanes === 2) readLane(reader, spec.bits, high, count)
      for (let i = 0; i < count; i++) if (low[i]! > largest) reader.fail()
      if (spec.kind !== ColumnKind.Quaternion) continue
      for (let i = 0; i < count; i++) if (!isQuaternion(low[i]!)) reader.fail()
    }
  }

  /** Shows the values of one entity of the block in `view`. */
  show(index: number, entities: EntityMapper, observer: Observer): void {
    const { values } = this.view
    for (let c = 0; c < this.columns.length; c++) {
      const { spec, low, high, parts } = this.columns[c]!
      if (spec.lanes === 0) continue
      const wire = low[index]!
      if (spec.kind === ColumnKind.Quaternion) {
        unpackQuaternion(wire, rotation)
        for (let p = 0; p < 4; p++) values[parts[p]!] = rotation[p]!
      } else if (spec.kind === ColumnKind.F64) values[c] = f64FromWire(wire, high[index]!)
      // A client must not find out whether an entity out of its sight exists.
      else if (spec.kind === ColumnKind.Entity) values[c] = observer.sees(slotOf(wire)) ? entities.entityOf(wire) : 0
      else values[c] = fromWire(spec, wire)
    }
  }

  /** Writes the values in `view` to the game's arrays. */
  write(eid: number): void {
    const { values } = this.view
    for (let c = 0; c < this.columns.length; c++) this.columns[c]!.store.write(eid, values[c]!)
  }
}

export class OwnerWrites {
  /** By component id; undefined where the server alone writes. */
  private readonly components: readonly (OwnerComponent | undefined)[]
  private readonly members: Uint16Array
  private readonly slots = new Uint32Array(MAX_BLOCK_ENTITIES)

  constructor(
    protocol: Protocol,
    private readonly entities: ServerEntities,
    private readonly authority: ServerAuthority,
    private readonly tracker: ChangeTracker,
    private readonly hasComponent: (slot: number, component: number) => boolean,
  ) {
    const { componentList } = protocol
    this.members = new Uint16Array(componentList.length)
    this.components = componentList.map((component) => {
      return component.authority === 'client' ? new OwnerComponent(component) : undefined
    })
  }

  /** Sets the check of a component's writes. */
  setCheck(component: number, check: WriteCheck | undefined): void {
    this.components[component]!.check = check
  }

  checkOf(component: number): WriteCheck | undefined {
    return this.components[component]!.check
  }

  /** Checks a section; the reader fails when it is not well formed, or names a component that no owner writes. */
  check(reader: ByteReader): void {
    const components = readMembers(reader, this.components.length, this.members)
    const count = readSlots(reader, this.slots)
    for (let m = 0; m < components && !reader.failed; m++) {
      const component = this.components[this.members[m]!]
      if (component === undefined) reader.fail()
      else component.read(reader, count)
    }
  }

  /** Applies the values of a section that was checked. */
  apply(reader: ByteReader, source: WriteSource): void {
    const components = readMembers(reader, this.components.length, this.members)
    const count = readSlots(reader, this.slots)
    for (let m = 0; m < components; m++) {
      const id = this.members[m]!
      const component = this.components[id]!
      component.read(reader, count)
      for (let i = 0; i < count; i++) {
        const slot = this.slots[i]!
        const eid = this.admit(slot, id, source)
        if (eid !== 0 && eid < component.capacity) this.take(component, id, i, slot, source)
      }
    }
  }

  /** The entity that a value is for; 0 when the value does not count. */
  private admit(slot: number, id: number, source: WriteSource): number {
    const { entities, authority } = this
    if (slot >= entities.slots) return refuse(source, WriteFault.UnknownEntity, 0, id)
    const eid = entities.eidOf[slot]!
    if (eid === 0 || !source.observer.known.has(slot)) return refuse(source, WriteFault.Late, 0, id)
    if (Networked.owner[eid] !== source.connection) return refuse(source, WriteFault.NotOwner, eid, id)
    if (!this.hasComponent(slot, id) || !authority.isCurrent(slot, id, source.structureTick)) {
      return refuse(source, WriteFault.Late, eid, id)
    }
    return authority.isNewest(slot, id, source.order) ? eid : 0
  }

  private take(component: OwnerComponent, id: number, index: number, slot: number, source: WriteSource): void {
    const { view } = component
    const eid = this.entities.eidOf[slot]!
    component.show(index, this.entities, source.observer)
    if (!view.isFinite) {
      refuse(source, WriteFault.NotFinite, eid, id)
      this.authority.correct(slot, id)
      return
    }
    if (component.check !== undefined) {
      if (!this.passes(component, id, eid, source)) {
        this.authority.correct(slot, id)
        return
      }
      // The game's check may have ended the entity.
      if (this.entities.eidOf[slot] !== eid) return
      if (view.isAmended) this.authority.correct(slot, id)
    }
    component.write(eid)
    this.tracker.mark(eid, id)
  }

  private passes({ check, view }: OwnerComponent, id: number, eid: number, source: WriteSource): boolean {
    view.begin(eid, source.connection)
    try {
      if (check!(view.write)) return true
      refuse(source, WriteFault.Refused, eid, id)
    } catch (cause) {
      source.fault(WriteFault.CheckThrew, eid, id, cause)
    }
    return false
  }
}

function refuse(source: WriteSource, fault: WriteFault, eid: number, component: number): 0 {
  source.fault(fault, eid, component)
  return 0
}
