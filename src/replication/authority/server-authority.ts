// Decides on the server which values of an owner count, and which components of an owner must be corrected.
//
// An owner's authority over a component has an epoch: the tick in which the owner last received the component's value
// reliably. A spawn, ownership or a correction sends it that way. A packet of the client names the newest tick whose
// structure it has applied. So values that it wrote before it knew of the epoch are older, and are dropped. This costs
// no extra bytes.
import { type ComponentSets, EMPTY_SET } from '../../protocol/component-sets.js'
import { UsageError } from '../../protocol/errors.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ServerEntities } from '../server/server-entities.js'
import { growTo, SlotSet } from '../slot-set.js'

const NONE = -1

export class ServerAuthority {
  /** The components that owners write, ascending. */
  readonly ids: Uint16Array
  /** The corrections of this tick: slots, and the set of components of each. */
  slots = new Uint32Array(16)
  correctedSets = new Int32Array(16)
  count = 0
  /** The id of a component, by the objects that bitECS and the protocol use. */
  private readonly idOf = new Map<object, number>()
  /** By component id: its place in `ids`, or -1. */
  private readonly places: Int16Array
  /** By slot and place: an owner's values count if they were written after the structure of this tick. */
  private since = new Uint32Array(0)
  /** By slot and place: the packet whose value was applied last, as its place in the order of its session. */
  private newest = new Float64Array(0)
  /** By slot and place: 1 where the owner has to be corrected; and the slots with any correction. */
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
    const name = this.protocol.componentNames[id]!
    const text = `only the server writes ${name}: replicate it with { authority: 'client' }`
    throw new UsageError('server-authority', text)
  }

  /** The components of a set that owners write. */
  partOf(set: number): number {
    let part = EMPTY_SET
    for (let i = 0; i < this.ids.length; i++) {
      if (this.sets.has(set, this.ids[i]!)) part = this.sets.with(part, this.ids[i]!)
    }
    return part
  }

  /** Notes that this tick carries a component's value reliably: values written before it arrives do not count. */
  tell(slot: number, component: number, tick: number): void {
    const place = this.places[component]!
    if (place !== NONE) this.restart(slot * this.ids.length + place, tick)
  }

  /** Does the same for all components of a slot. */
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
   * Returns whether a client that had the structure of `structureTick` knew the server's last value when it wrote. No
   * value is current while a correction is pending.
   */
  isCurrent(slot: number, component: number, structureTick: number): boolean {
    const at = slot * this.ids.length + this.places[component]!
    return this.wrong[at] === 0 && structureTick >= this.since[at]!
  }

  /** Notes a value of a packet. Returns false when the value of a later packet was already applied. */
  isNewest(slot: number, component: number, order: number): boolean {
    const at = slot * this.ids.length + this.places[component]!
    if (order <= this.newest[at]!) return false
    this.newest[at] = order
    return true
  }

  /**
   * Returns whether the owner receives a component's values in this tick: the server alone writes it, or corrects it.
   */
  tells(slot: number, component: number): boolean {
    if (this.places[component] === NONE) return true
    for (let i = 0; i < this.count; i++) {
      if (this.slots[i] === slot && this.sets.has(this.correctedSets[i]!, component)) return true
    }
    return false
  }

  /** Notes that the owner lacks the value that the server has, or is about to have. */
  correct(slot: number, component: number): void {
    this.wrong[slot * this.ids.length + this.places[component]!] = 1
    this.wrongSlots.add(slot)
  }

  /** Gathers the corrections of this tick. */
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

  /** Takes the components to correct for a slot's owner, which are sent in this tick. */
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
