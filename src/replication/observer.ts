// What the server knows of one client's view: which entities it has, which packets carry what, and what it is owed.
import type { Counters } from '../connection/counters.js'
import type { DeliverySink } from '../connection/delivery.js'
import type { Session } from '../connection/session.js'
import { type ComponentSets, EMPTY_SET } from '../protocol/component-sets.js'
import { ACK_WINDOW } from '../protocol/sequence.js'
import type { BlockHistory } from './blocks.js'
import type { ChangeTracker } from './change-tracker.js'
import type { ServerEntities } from './server-entities.js'
import { growTo, SlotSet } from './slot-set.js'
import { ViewChanges } from './view-changes.js'

/** Block numbers remembered for the packets in flight to one client. */
const BLOCK_RING = 2048

export class Observer implements DeliverySink {
  /** Slots that are spawned for the client, those of this tick included. */
  readonly known = new SlotSet()
  /** What the client's spawns of this tick are of, in their order, and their slots as a set. */
  entering = new ViewChanges()
  readonly enteringSet = new SlotSet()
  /** What its despawns of this tick are of, each with its reason, and their slots as a set. */
  leaving = new ViewChanges()
  readonly leavingSet = new SlotSet()
  /** The net id of the player that the client was told of. */
  toldPlayer = 0
  /** Whether the world was entered: false until the first tick in which the client is ready. */
  joined = false
  /** It joined in this tick: its spawns carry every value, so it needs no updates. */
  fresh = false

  /** By slot: the set of components whose newest value the client does not have, and is not on its way. */
  private owed = new Int32Array(0)
  readonly owedSlots = new SlotSet()

  /** By sequence number, modulo the window: the packet recorded there. */
  private readonly sequenceAt = new Int32Array(ACK_WINDOW).fill(-1)
  /** Where its block numbers begin, counted over all ever recorded, and how many there are. */
  private readonly firstBlock = new Float64Array(ACK_WINDOW)
  private readonly blockCount = new Uint16Array(ACK_WINDOW)
  private readonly packetTick = new Uint32Array(ACK_WINDOW)
  private readonly blocks = new Uint32Array(BLOCK_RING)
  private recorded = 0

  constructor(
    readonly session: Session,
    private readonly entities: ServerEntities,
    private readonly tracker: ChangeTracker,
    private readonly sets: ComponentSets,
    private readonly history: BlockHistory,
    private readonly counters: Counters,
  ) {
    session.deliverySink = this
  }

  /** Whether the client has this entity, one whose despawn leaves in this tick included. */
  sees(slot: number): boolean {
    return this.known.has(slot) || this.leavingSet.has(slot)
  }

  get owedSets(): Int32Array {
    return this.owed
  }

  /** The numbers of sets have changed. */
  renumberSets(numbers: Int32Array): void {
    for (let slot = this.owedSlots.next(0); slot >= 0; slot = this.owedSlots.next(slot + 1)) {
      this.owed[slot] = numbers[this.owed[slot]!]!
    }
  }

  /** Remembers that the packet `sequence` of `tick` carries a block. Calls for one packet follow each other. */
  carries(sequence: number, tick: number, block: number): void {
    const at = sequence % ACK_WINDOW
    if (this.sequenceAt[at] !== sequence || this.blockCount[at] === 0) {
      this.sequenceAt[at] = sequence
      this.firstBlock[at] = this.recorded
      this.blockCount[at] = 0
      this.packetTick[at] = tick
    }
    this.blocks[this.recorded++ % BLOCK_RING] = block
    this.blockCount[at]!++
  }

  acknowledged(sequence: number): void {
    const at = sequence % ACK_WINDOW
    if (this.sequenceAt[at] === sequence) this.blockCount[at] = 0
  }

  lost(sequence: number): void {
    this.counters.lostPackets++
    const at = sequence % ACK_WINDOW
    if (this.sequenceAt[at] !== sequence) return
    const count = this.blockCount[at]!
    this.blockCount[at] = 0
    const first = this.firstBlock[at]!
    let forgotten = first < this.recorded - BLOCK_RING
    for (let i = 0; i < count && !forgotten; i++) {
      const block = this.blocks[(first + i) % BLOCK_RING]!
      if (this.history.remembers(block)) this.oweBlock(block)
      else forgotten = true
    }
    if (forgotten) this.oweSince(this.packetTick[at]!)
  }

  /**
   * Owes what a block carried, but for what changed after it: a later packet carried that, and its own record covers
   * its loss.
   */
  oweBlock(block: number): void {
    const set = this.history.setOf(block)
    const tick = this.history.tickOf(block)
    const count = this.history.countOf(block)
    for (let i = 0; i < count; i++) this.owe(this.history.slotOf(block, i), set, tick)
  }

  /** Owes everything that last changed at `tick` or later. For packets whose blocks were forgotten. */
  private oweSince(tick: number): void {
    const width = this.tracker.components.length
    for (let slot = this.known.next(0); slot >= 0; slot = this.known.next(slot + 1)) {
      for (const component of this.sets.members[this.entities.componentsOf[slot]!]!) {
        if (this.tracker.lastChange[slot * width + component]! >= tick) this.oweComponent(slot, component)
      }
    }
  }

  private owe(slot: number, set: number, tick: number): void {
    if (!this.known.has(slot)) return
    const width = this.tracker.components.length
    const members = this.sets.members[set]!
    for (let m = 0; m < members.length; m++) {
      const component = members[m]!
      if (this.tracker.lastChange[slot * width + component]! > tick) continue
      // A component removed meanwhile is gone for the client too.
      if (this.sets.has(this.entities.componentsOf[slot]!, component)) this.oweComponent(slot, component)
    }
  }

  private oweComponent(slot: number, component: number): void {
    this.owed = growTo(this.owed, slot + 1)
    this.owed[slot] = this.sets.with(this.owed[slot]!, component)
    this.owedSlots.add(slot)
  }

  /** Strikes out what a block that leaves now carries. */
  settle(block: number): void {
    if (this.owedSlots.size === 0) return
    const set = this.history.setOf(block)
    const count = this.history.countOf(block)
    for (let i = 0; i < count; i++) this.strike(this.history.slotOf(block, i), set)
  }

  private strike(slot: number, set: number): void {
    if (!this.owedSlots.has(slot)) return
    const left = this.sets.difference(this.owed[slot]!, set)
    this.owed[slot] = left
    if (left === EMPTY_SET) this.owedSlots.delete(slot)
  }

  /** Strikes out what a structural change covers: a component removed, or told with its value. */
  forget(slot: number, set: number): void {
    this.strike(slot, set)
  }

  /** Strikes out everything of an entity that leaves the view. */
  forgetAll(slot: number): void {
    if (this.owedSlots.delete(slot)) this.owed[slot] = EMPTY_SET
  }
}
