// Compares replicated columns with the values last read from the game, to find what changed.
//
// Writing to a typed array raises no event. So every column is compared once per tick, for all clients together.
// Components whose changes game code marks are not compared.
import { type ComponentSets, EMPTY_SET } from '../../protocol/component-sets.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { ArgumentError, UsageError } from '../../protocol/errors.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { Counters } from '../../connection/counters.js'
import type { ChangeLogs } from '../change-log.js'
import type { Column } from '../wire/columns.js'
import { Members } from '../wire/component-members.js'
import { makeColumns } from '../wire/quaternion-column.js'
import { growTo, SlotSet } from '../slot-set.js'
import { LastSentValues } from './last-sent-values.js'
import { copyWords, gatherWords, setWords } from '../wire/array-loops.js'

/** How the changes of one component are found and sent. */
export interface Tracking {
  /** Game code marks its changes. Otherwise they are looked for in every tick. Default false. */
  readonly isMarked?: boolean
  /** Present when its changes can be drained. */
  readonly told?: LastSentValues
  /** Its changes are sent in one of this many ticks. Default 1. */
  readonly interval?: number
  /** Its changes are never sent: its values travel with the spawn alone. Default false. */
  readonly isOnce?: boolean
}

/** One replicated component on the server. */
export class ServerComponent {
  readonly members = new Members()
  /** Bits by entity: set by a scan, or by a mark that waits for the component's turn. Otherwise all 0 between scans. */
  hits = new Uint32Array(2)
  /** Slots that game code marked since the last scan. Some may have lost the component since. */
  marks = new Uint32Array(16)
  markCount = 0
  /** By slot: the tick at which its value last changed, or was first sent. */
  lastChange = new Uint32Array(64)

  readonly isMarked: boolean
  readonly told: LastSentValues | undefined
  readonly interval: number
  readonly isOnce: boolean

  constructor(
    readonly id: number,
    readonly name: string,
    readonly store: object,
    readonly columns: readonly Column[],
    { isMarked = false, told, interval = 1, isOnce = false }: Tracking = {},
  ) {
    this.isMarked = isMarked
    this.told = told
    this.interval = interval
    this.isOnce = isOnce
  }

  /** Returns whether its changes are sent in this tick. The id spreads components of one interval over the ticks. */
  isDue(tick: number): boolean {
    return this.interval === 1 || (tick + this.id) % this.interval === 0
  }

  /** Notes that an entity's change waits for the component's turn. */
  hold(eid: number): void {
    this.hits = growTo(this.hits, (eid >>> 5) + 1)
    this.hits[eid >>> 5]! |= 1 << (eid & 31)
  }

  /** The game's arrays have room for the entity ids below this one. */
  get capacity(): number {
    let capacity = Infinity
    for (const { field } of this.columns) capacity = Math.min(capacity, field.store.capacity)
    return capacity
  }

  /** Updates are written straight from the game's arrays, so that no copy is needed. */
  get isDirect(): boolean {
    for (let c = 0; c < this.columns.length; c++) if (!this.columns[c]!.isDirect) return false
    return true
  }

  mark(slot: number): void {
    if (this.markCount === this.marks.length) this.marks = growTo(this.marks, this.markCount + 1)
    this.marks[this.markCount++] = slot
  }

  /** Compares every member's values with the last ones read. Returns whether `hits` has any bit set. */
  scan(): boolean {
    const { members, columns } = this
    if (members.count === 0) return false
    members.refresh(this.capacity)
    this.hits = growTo(this.hits, members.words.length)
    let found = false
    for (let c = 0; c < columns.length; c++) if (columns[c]!.scan(members, this.hits)) found = true
    return found
  }
}

/** What tracking needs of a table of entities. */
export interface TrackedEntities extends EntityMapper {
  readonly lastEidOf: Uint32Array
  readonly slotByEid: Uint32Array
  readonly netIds: Uint32Array
  slotOfEntity(eid: number): number
}

/** What a change tracker needs. */
export interface TrackerOptions {
  readonly protocol: Protocol
  readonly sets: ComponentSets
  readonly entities: TrackedEntities
  readonly counters: Counters
  readonly errors: ErrorLog
  /** Records changes for game code. Left out where all changes are looked for and none recorded. */
  readonly changes?: ChangeLogs
}

export class ChangeTracker {
  readonly components: readonly ServerComponent[]
  /** The slots with any change in this tick. */
  dirty = new SlotSet()
  /** By slot: the set of components that changed in this tick. Undefined for slots that are not in `dirty`. */
  changed = new Uint32Array(64)
  /** Like `dirty` and `changed`, for what was marked since the last scan. */
  private marked = new SlotSet()
  private markedSets = new Uint32Array(64)
  private eids = new Uint32Array(64)
  /** Components in which a scan found changes, and those of them that one entity has. */
  private readonly found: ServerComponent[] = []
  private readonly ids: Uint16Array
  /** The slots of up to 32 entities whose changed components are the same. */
  private readonly alikeSlots = new Uint32Array(32)
  /** Nothing was marked in this tick, so that scans found all changes. */
  private isFresh = false
  /** Component ids by the objects that bitECS and the protocol use, and the last lookup. */
  private readonly idOf = new Map<object, number>()
  private lastComponent: object | undefined
  private lastId = 0

  private readonly sets: ComponentSets
  private readonly entities: TrackedEntities
  private readonly counters: Counters
  private readonly errors: ErrorLog

  constructor({ protocol, sets, entities, counters, errors, changes }: TrackerOptions) {
    this.sets = sets
    this.entities = entities
    this.counters = counters
    this.errors = errors
    this.components = protocol.componentList.map(({ store, fields, track, send, interval }, id) => {
      const columns = makeColumns(fields, entities)
      const log = changes?.byId[id]
      return new ServerComponent(id, protocol.componentNames[id]!, store, columns, {
        isMarked: changes !== undefined && track === 'marked',
        told: log === undefined ? undefined : new LastSentValues(columns, log),
        interval,
        isOnce: send === 'once',
      })
    })
    this.ids = new Uint16Array(this.components.length)
    protocol.componentList.forEach((component, id) => this.idOf.set(component, id).set(component.store, id))
  }

  reserve(slots: number): void {
    this.changed = growTo(this.changed, slots)
    this.markedSets = growTo(this.markedSets, slots)
    for (const component of this.components) {
      component.lastChange = growTo(component.lastChange, slots)
      component.told?.reserve(slots)
    }
  }

  /**
   * Starts to track a component of an entity, and reads its values. `isAgain`: clients have the component, so its
   * values follow those already sent.
   */
  start(slot: number, eid: number, id: number, tick: number, isAgain = false): void {
    const component = this.components[id]!
    for (const column of component.columns) column.start(eid, !component.isMarked && !component.isOnce)
    if (isAgain) component.told?.change(slot, eid, this.entities.netIds[slot]!)
    else component.told?.start(slot, eid)
    component.lastChange[slot] = tick
    component.members.add(eid)
    this.reportClamped(component)
  }

  stop(slot: number, eid: number, id: number): void {
    this.components[id]!.members.remove(eid)
    if (!this.marked.has(slot)) return
    const left = this.sets.without(this.markedSets[slot]!, id)
    this.markedSets[slot] = left
    if (left === EMPTY_SET) this.marked.delete(slot)
  }

  /**
   * The id of a component, given the object that bitECS or the protocol uses.
   *
   * @throws UsageError when the protocol does not list it.
   */
  idOfComponent(component: object): number {
    if (component === this.lastComponent) return this.lastId
    const id = this.idOf.get(component)
    if (id === undefined) {
      const text = 'a component that the protocol does not list has no changes to tell; list it in defineProtocol'
      throw new UsageError('not-listed', text)
    }
    this.lastComponent = component
    this.lastId = id
    return id
  }

  /**
   * Notes that game code changed a component of an entity. A component that is scanned or not tracked yet needs no
   * mark.
   */
  mark(eid: number, id: number): void {
    const slot = this.entities.slotOfEntity(eid)
    const component = this.components[id]!
    if (slot === 0 || !component.isMarked || component.isOnce || !component.members.has(eid)) return
    if (component.interval > 1) {
      component.hold(eid)
      return
    }
    const before = this.marked.add(slot) ? EMPTY_SET : this.markedSets[slot]!
    const set = this.sets.with(before, id)
    if (set === before) return
    this.markedSets[slot] = set
    component.mark(slot)
  }

  /**
   * Writes a value to the game's array.
   *
   * @throws ArgumentError when the field is not replicated, or its array has no room.
   */
  writeField(eid: number, id: number, name: string, value: number): void {
    const { columns } = this.components[id]!
    for (let c = 0; c < columns.length; c++) {
      const { field } = columns[c]!
      if (field.name !== name) continue
      const { store } = field
      if (eid >= store.capacity) store.refresh()
      if (eid >= store.capacity) {
        throw new ArgumentError(
          name,
          `has an array for ${store.capacity} entities, which has no room for entity ${eid}`,
        )
      }
      store.write(eid, value)
      return
    }
    throw new ArgumentError(name, 'is not a field of numbers that is replicated')
  }

  /** Looks for arrays that the game has replaced. Returns whether there are any. Call it before values are read. */
  refreshStores(): boolean {
    let found = false
    for (let i = 0; i < this.components.length; i++) {
      const { columns } = this.components[i]!
      for (let c = 0; c < columns.length; c++) if (columns[c]!.refresh()) found = true
    }
    return found
  }

  /** Adds the sets that marks refer to. */
  addSetsInUse(live: Set<number>): void {
    const { marked, markedSets } = this
    for (let slot = marked.next(0); slot >= 0; slot = marked.next(slot + 1)) live.add(markedSets[slot]!)
  }

  /** Applies the new numbers of sets. */
  renumberSets(numbers: Int32Array): void {
    const { marked, markedSets } = this
    for (let slot = marked.next(0); slot >= 0; slot = marked.next(slot + 1)) {
      markedSets[slot] = numbers[markedSets[slot]!]!
    }
  }

  /** Forgets the last tick's changes and finds this one's. */
  scan(tick: number): void {
    const { dirty, changed, found } = this
    dirty.clear()
    this.dirty = this.marked
    this.changed = this.markedSets
    this.marked = dirty
    this.markedSets = changed
    found.length = 0
    for (let c = 0; c < this.components.length; c++) {
      const component = this.components[c]!
      if (component.isOnce || !component.isDue(tick)) continue
      if (component.isMarked) {
        if (component.interval > 1) this.release(component)
        this.takeMarked(component, tick)
      } else if (component.scan()) found.push(component)
      this.reportClamped(component)
    }
    if (found.length > 0) this.gather(tick)
  }

  /** Releases the marks of a component whose turn this is. */
  private release(component: ServerComponent): void {
    const { hits, members, id } = component
    const { slotByEid } = this.entities
    const length = Math.min(hits.length, members.words.length)
    for (let w = 0; w < length; w++) {
      for (let bits = hits[w]! & members.words[w]!; bits !== 0; bits &= bits - 1) {
        const slot = slotByEid[w * 32 + 31 - Math.clz32(bits & -bits)]!
        const before = this.dirty.add(slot) ? EMPTY_SET : this.changed[slot]!
        this.changed[slot] = this.sets.with(before, id)
        component.mark(slot)
      }
    }
    hits.fill(0)
  }

  private takeMarked(component: ServerComponent, tick: number): void {
    const { marks, markCount, lastChange, id, columns, told } = component
    if (markCount === 0) return
    component.markCount = 0
    setWords(lastChange, marks, markCount, tick)
    if (told === undefined && component.isDirect) return
    this.eids = growTo(this.eids, markCount)
    const { eids } = this
    const { lastEidOf, netIds } = this.entities
    gatherWords(eids, 0, lastEidOf, marks, 0, markCount)
    for (let c = 0; c < columns.length; c++) columns[c]!.takeAll(eids, markCount)
    if (told === undefined) return
    for (let i = 0; i < markCount; i++) {
      const slot = marks[i]!
      if (this.dirty.has(slot) && this.sets.has(this.changed[slot]!, id)) told.change(slot, eids[i]!, netIds[slot]!)
    }
  }

  /** Turns the results of scans into slots, 32 entities at a time. Entities with the same changes share one set. */
  private gather(tick: number): void {
    const { found, ids, sets } = this
    this.isFresh = this.dirty.size === 0
    let length = 0
    for (let f = 0; f < found.length; f++) length = Math.max(length, found[f]!.members.words.length)
    for (let w = 0; w < length; w++) {
      let left = 0
      for (let f = 0; f < found.length; f++) {
        const { hits, members } = found[f]!
        if (w < members.words.length && hits[w] !== 0) left |= hits[w]! & members.words[w]!
      }
      while (left !== 0) {
        const first = left & -left
        let alike = left
        let set = EMPTY_SET
        let count = 0
        for (let f = 0; f < found.length; f++) {
          const { hits, members, id } = found[f]!
          const here = w < members.words.length ? hits[w]! & members.words[w]! : 0
          if ((here & first) === 0) alike &= ~here
          else {
            alike &= here
            set = sets.with(set, id)
            ids[count++] = id
          }
        }
        this.noteAlike(w * 32, alike, set, count, tick)
        left &= ~alike
      }
    }
    for (let f = 0; f < found.length; f++) this.tell(found[f]!)
  }

  /**
   * Notes changes of the entities whose bits are set, from `base` on: the components in `set`, the first `count` of
   * `ids`.
   */
  private noteAlike(base: number, alike: number, set: number, count: number, tick: number): void {
    const { dirty, changed, ids, sets, components, alikeSlots: slots } = this
    const size = this.listSlots(base, alike)
    if (this.isFresh) {
      dirty.addAll(slots, size)
      setWords(changed, slots, size, set)
    } else {
      for (let i = 0; i < size; i++) {
        const slot = slots[i]!
        changed[slot] = dirty.add(slot) ? set : sets.union(changed[slot]!, set)
      }
    }
    for (let i = 0; i < count; i++) setWords(components[ids[i]!]!.lastChange, slots, size, tick)
  }

  /** Lists in `alikeSlots` the slots of the entities whose bits are set, from `base` on. Returns how many there are. */
  private listSlots(base: number, alike: number): number {
    const { alikeSlots } = this
    const { slotByEid } = this.entities
    if (alike === -1) {
      copyWords(alikeSlots, 0, slotByEid, base, 32)
      return 32
    }
    let size = 0
    for (let bits = alike; bits !== 0; bits &= bits - 1) {
      alikeSlots[size++] = slotByEid[base + 31 - Math.clz32(bits & -bits)]!
    }
    return size
  }

  /** Records the changes that can be drained, and clears the scan's result. */
  private tell(component: ServerComponent): void {
    const { told, hits, members } = component
    const { slotByEid, netIds } = this.entities
    if (told !== undefined) {
      for (let w = 0; w < members.words.length; w++) {
        for (let bits = hits[w]! & members.words[w]!; bits !== 0; bits &= bits - 1) {
          const eid = w * 32 + 31 - Math.clz32(bits & -bits)
          const slot = slotByEid[eid]!
          told.change(slot, eid, netIds[slot]!)
        }
      }
    }
    hits.fill(0)
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
