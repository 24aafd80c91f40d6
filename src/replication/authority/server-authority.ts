// What the server keeps of the values that owners write: since when an owner's values count, and what it must be told
// again because the server knows better.
//
// The epoch of an owner's authority over a component is a tick: the one with which the owner was last told the component's
// value reliably, be it by its spawn, by ownership or by a correction. A packet of the client names the newest tick whose
// structure it has applied, so what it wrote without knowing of that is older, and is dropped. No byte is spent on it.
import { type ComponentSets, EMPTY_SET } from '../../protocol/component-sets.js'
import { UsageError } from '../../protocol/errors.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ServerEntities } from '../server/server-entities.js'
import { growTo, SlotSet } from '../slot-set.js'

const NONE = -1

export class ServerAuthority {
  /** The components that owners write, ascending. */
  readonly ids: Uint16Array
  /** What is to be corrected in this tick: slots, and of each the set of components. */
  slots = new Uint32Array(16)
  correctedSets = new Int32Array(16)
  count = 0
  /** The id of a component, by what bitECS and by what the protocol knows it as. */
  private readonly idOf = new Map<object, number>()
  /** By component id: its place in `ids`, or -1. */
  private readonly places: Int16Array
  /** By slot and place: the tick of the structure that an owner's values must have been written behind. */
  private since = new Uint32Array(0)
  /** By slot and place: the packet whose value was taken last, as its place in the order of its session. */
  private newest = new Float64Array(0)
  /** By slot and place: 1 where the owner has to be corrected; and the slots of which anything is. */
  private wrong = new Uint8Array(0)
  private readonly wrongSlots = new SlotSet()

  constructor(
    private readonly protocol: Protocol,
    private readonly entities: ServerEntities,
    private readonly sets: ComponentSets,
  ) {
    const ids: number[] = []
    this.places = Int16Array.from(protocol.componentList, ({ authority }, id) => {
      return authority === 'client' ? ids.push(id) - 1 : NONE
    })
    this.ids = Uint16Array.from(ids)
    protocol.componentList.forEach((component, id) => this.idOf.set(component, id).set(component.store, id))
  }

  /** Makes room for a slot. */
  reserve(slots: number): void {
    const size = slots * this.ids.length
    this.since = growTo(this.since, size)
    this.newest = growTo(this.newest, size)
    this.wrong = growTo(this.wrong, size)
  }

  /**
   * The id of a component that owners write.
   *
   * @throws UsageError when the protocol does not list it, or the server alone writes it.
   */
  requireId(component: object): number {
    const id = this.idOf.get(component)
    if (id === undefined) {
      throw new UsageError('not-listed', 'a component that the protocol does not list; list it in defineProtocol')
    }
    if (this.places[id]! !== NONE) return id
    const text = `only the server writes ${this.protocol.componentNames[id]!}: replicate it with { authority: 'client' }`
    throw new UsageError('server-authority', text)
  }

  /** Those of a set's components that owners write. */
  partOf(set: number): number {
    let part = EMPTY_SET
    for (let i = 0; i < this.ids.length; i++) {
      if (this.sets.has(set, this.ids[i]!)) part = this.sets.with(part, this.ids[i]!)
    }
    return part
  }

  /** The value of a component is told reliably in this tick: what was written before it is known does not count. */
  tell(slot: number, component: number, tick: number): void {
    const place = this.places[component]!
    if (place !== NONE) this.restart(slot * this.ids.length + place, tick)
  }

  /** The same of all components of a slot. */
  tellAll(slot: number, tick: number): void {
    const width = this.ids.length
    for (let place = 0; place < width; place++) this.restart(slot * width + place, tick)
  }

  private restart(at: number, tick: number): void {
    this.since[at] = tick
    this.newest[at] = 0
    this.wrong[at] = 0
  }

  /**
   * Whether a value was written by a client that knew what it was told last: one that had the structure of `structureTick`.
   * From the moment when it is to be corrected, until that is told, none was.
   */
  isCurrent(slot: number, component: number, structureTick: number): boolean {
    const at = slot * this.ids.length + this.places[component]!
    return this.wrong[at] === 0 && structureTick >= this.since[at]!
  }

  /** Takes note of a value of a packet. Returns false when that of a later packet was taken already. */
  isNewest(slot: number, component: number, order: number): boolean {
    const at = slot * this.ids.length + this.places[component]!
    if (order <= this.newest[at]!) return false
    this.newest[at] = order
    return true
  }

  /** Whether the owner is told of a component's values in this tick: one that only the server writes, or is corrected. */
  tells(slot: number, component: number): boolean {
    if (this.places[component] === NONE) return true
    for (let i = 0; i < this.count; i++) {
      if (this.slots[i] === slot && this.sets.has(this.correctedSets[i]!, component)) return true
    }
    return false
  }

  /** The owner does not have the value that the server has, or is about to have. */
  correct(slot: number, component: number): void {
    this.wrong[slot * this.ids.length + this.places[component]!] = 1
    this.wrongSlots.add(slot)
  }

  /** Gathers what is to be corrected in this tick. */
  gather(tick: number): void {
    this.count = 0
    if (this.wrongSlots.size === 0) return
    for (let slot = this.wrongSlots.next(0); slot >= 0; slot = this.wrongSlots.next(slot + 1)) {
      const set = this.takeWrong(slot, tick)
      if (set === EMPTY_SET) continue
      const at = this.count++
      this.slots = growTo(this.slots, this.count)
      this.correctedSets = growTo(this.correctedSets, this.count)
      this.slots[at] = slot
      this.correctedSets[at] = set
    }
    this.wrongSlots.clear()
  }

  /** The components in which a slot's owner has to be corrected; told to it in this tick. */
  private takeWrong(slot: number, tick: number): number {
    const { ids, entities, sets } = this
    let set = EMPTY_SET
    for (let place = 0; place < ids.length; place++) {
      const at = slot * ids.length + place
      if (this.wrong[at] === 0) continue
      this.restart(at, tick)
      const exists = entities.spawned[slot] === 1 && entities.eidOf[slot] !== 0
      if (exists && sets.has(entities.componentsOf[slot]!, ids[place]!)) set = sets.with(set, ids[place]!)
    }
    return set
  }
}
