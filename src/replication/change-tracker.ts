// Finds what changed: writing to a typed array raises no event, so every replicated column is compared, once per tick for
// all clients together, with what was last taken over.
import { type ComponentSets, EMPTY_SET } from '../protocol/component-sets.js'
import type { Protocol } from '../protocol/protocol.js'
import type { ErrorLog } from '../connection/error-log.js'
import type { Counters } from '../connection/counters.js'
import type { ChangeLogs } from './change-log.js'
import { Column } from './columns.js'
import type { ServerEntities } from './server-entities.js'
import { growTo, SlotSet } from './slot-set.js'
import { ToldValues } from './told-values.js'

/** The entities that have one component, packed so that a scan is one loop. */
export class Members {
  slots = new Uint32Array(64)
  count = 0
  private indexOf = new Uint32Array(64)

  add(slot: number): void {
    this.slots = growTo(this.slots, this.count + 1)
    this.indexOf = growTo(this.indexOf, slot + 1)
    this.indexOf[slot] = this.count
    this.slots[this.count++] = slot
  }

  remove(slot: number): void {
    const index = this.indexOf[slot]!
    const last = this.slots[--this.count]!
    this.slots[index] = last
    this.indexOf[last] = index
  }
}

/** One replicated component on the server. */
export class ServerComponent {
  readonly members = new Members()

  constructor(
    readonly id: number,
    readonly name: string,
    readonly store: object,
    readonly columns: readonly Column[],
    /** Present when its changes can be drained. */
    readonly told?: ToldValues,
  ) {}

  /** The highest entity id that the game's arrays have room for. */
  get capacity(): number {
    let capacity = Infinity
    for (const column of this.columns) capacity = Math.min(capacity, column.array.length)
    return capacity
  }
}

export class ChangeTracker {
  readonly components: readonly ServerComponent[]
  /** By slot: the set of components that changed in this tick. */
  changed = new Int32Array(64)
  /** The slots with anything changed in this tick. */
  readonly dirty = new SlotSet()
  /** By slot and component: the tick at which its value last changed, or was first told. */
  lastChange = new Uint32Array(64)
  private flags = new Uint8Array(64)

  constructor(
    protocol: Protocol,
    private readonly sets: ComponentSets,
    private readonly entities: ServerEntities,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
    changes: ChangeLogs,
  ) {
    this.components = protocol.componentList.map(({ store, fields }, id) => {
      const columns = fields.map((field) => new Column(field, entities))
      const log = changes.byId[id]
      const told = log === undefined ? undefined : new ToldValues(columns, log)
      return new ServerComponent(id, protocol.componentNames[id]!, store, columns, told)
    })
  }

  /** Makes room for a slot. */
  reserve(slots: number): void {
    this.changed = growTo(this.changed, slots)
    this.lastChange = growTo(this.lastChange, slots * this.components.length)
    for (const { columns, told } of this.components) {
      for (const column of columns) column.reserve(slots)
      told?.reserve(slots)
    }
  }

  /** Starts to track a component of an entity, and takes its values over. */
  start(slot: number, eid: number, id: number, tick: number): void {
    const component = this.components[id]!
    for (const column of component.columns) {
      column.wire[slot] = 0
      column.take(slot, eid)
    }
    component.told?.start(slot)
    this.lastChange[slot * this.components.length + id] = tick
    component.members.add(slot)
    this.reportClamped(component)
  }

  stop(slot: number, id: number): void {
    this.components[id]!.members.remove(slot)
  }

  /** Forgets the last tick's changes and finds this one's. */
  scan(tick: number): void {
    const { dirty, changed, sets } = this
    for (let slot = dirty.next(0); slot >= 0; slot = dirty.next(slot + 1)) changed[slot] = EMPTY_SET
    dirty.clear()
    const { eidOf, netIds } = this.entities
    const width = this.components.length
    for (const component of this.components) {
      const { told } = component
      const { slots, count } = component.members
      if (count === 0 || component.columns.length === 0) continue
      this.flags = growTo(this.flags, count)
      const { flags } = this
      flags.fill(0, 0, count)
      for (const column of component.columns) column.scan(slots, count, eidOf, flags)
      for (let i = 0; i < count; i++) {
        if (flags[i] === 0) continue
        const slot = slots[i]!
        changed[slot] = sets.with(changed[slot]!, component.id)
        this.lastChange[slot * width + component.id] = tick
        dirty.add(slot)
        if (told !== undefined) told.change(slot, eidOf[slot]!, netIds[slot]!)
      }
      this.reportClamped(component)
    }
  }

  private reportClamped(component: ServerComponent): void {
    for (const column of component.columns) {
      if (column.outOfRange === 0) continue
      this.counters.clampedValues += column.outOfRange
      column.outOfRange = 0
      const name = `${component.name}.${column.field.name}`
      const { text } = column.field.type
      this.errors.once('clamped-value', name, `${name}: a value outside of ${text} was clamped, or was NaN and skipped`)
    }
  }
}
