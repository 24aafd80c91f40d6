// Keeps the server's record of one client: which entities it has, what each packet carries, and its unsent changes.
import type { Counters } from '../../connection/counters.js'
import type { DeliverySink } from '../../connection/delivery.js'
import type { Session } from '../../connection/session.js'
import type { ComponentSets } from '../../protocol/component-sets.js'
import type { BlockHistory } from '../wire/block-history.js'
import type { ChangeTracker } from './change-tracker.js'
import { InterestView } from '../interest/view.js'
import { JoinQueue } from './join-queue.js'
import type { OwnerAudience } from './owner-audience.js'
import { UnsentChanges } from './unsent-changes.js'
import { SendBudget } from './send-budget.js'
import { SentBlocks } from './sent-blocks.js'
import type { ServerEntities } from './server-entities.js'
import { SlotSet } from '../slot-set.js'
import { UnconfirmedSpawns } from './unconfirmed-spawns.js'
import { LeaveReason, ViewChanges } from './view-changes.js'

/** What all observers of one server share. */
export interface ObserverTables {
  readonly entities: ServerEntities
  readonly tracker: ChangeTracker
  readonly sets: ComponentSets
  readonly history: BlockHistory
  readonly counters: Counters
  readonly audience: OwnerAudience
}

export class Observer implements DeliverySink {
  /** The entities that interest lets it see. */
  readonly view = new InterestView()
  /** Entities in its view that were not sent yet. */
  readonly pending = new JoinQueue()
  /** Slots that are spawned for the client, those of this tick included. */
  readonly known = new SlotSet()
  /** Those of them whose spawn it has not acknowledged. */
  readonly unconfirmed = new UnconfirmedSpawns()
  /** Slots that wait for their spawn and whose names the client knows, because spawns that name them were sent. */
  readonly announced = new SlotSet()
  /** Net ids that are announced in this tick. */
  readonly announcing: number[] = []
  /** Announced slots that will not be spawned, each with a reason. They are sent in this tick. */
  readonly withdrawn: { slot: number; reason: LeaveReason }[] = []
  /** The client's spawns of this tick, in order, and their slots as a set. */
  entering = new ViewChanges()
  readonly enteringSet = new SlotSet()
  /** The client's despawns of this tick, each with its reason, and their slots as a set. */
  leaving = new ViewChanges()
  readonly leavingSet = new SlotSet()
  /** The net id of the player last sent to the client. */
  toldPlayer = 0
  /** The player was removed since the last tick, whether or not the same one was set again. */
  losesPlayer = false
  /** The position in the ended keys up to which the client was notified; see `EndedKeys`. */
  toldEnds = 0
  /** False until the first tick in which the client is ready. */
  joined = false

  /** Limits the bytes that it may be sent. */
  readonly budget: SendBudget
  /** Not all of its unsent changes fit in the last tick. */
  congested = false
  readonly owed: UnsentChanges
  private readonly sent = new SentBlocks()

  private readonly entities: ServerEntities
  private readonly tracker: ChangeTracker
  private readonly sets: ComponentSets
  private readonly history: BlockHistory
  private readonly counters: Counters
  private readonly audience: OwnerAudience

  constructor(
    readonly session: Session,
    { entities, tracker, sets, history, counters, audience }: ObserverTables,
    bytesPerSecond: number,
  ) {
    this.entities = entities
    this.tracker = tracker
    this.sets = sets
    this.history = history
    this.counters = counters
    this.audience = audience
    this.budget = new SendBudget(bytesPerSecond)
    this.owed = new UnsentChanges(sets)
    session.deliverySink = this
  }

  /** Returns whether the client has this entity, including one whose despawn leaves in this tick. */
  sees(slot: number): boolean {
    return this.known.has(slot) || this.leavingSet.has(slot)
  }

  /** Adds an entity to the client's view: it waits for its spawn. */
  enter(slot: number): void {
    if (!this.known.has(slot)) this.pending.add(slot)
  }

  /** Announces an entity that waits, because something sent in this tick names it. Its spawn follows. */
  announce(slot: number): void {
    if (this.announced.add(slot)) this.announcing.push(this.entities.netIds[slot]!)
  }

  /** Spawns the entity in this tick. */
  begin(slot: number): void {
    this.pending.delete(slot)
    this.announced.delete(slot)
    this.known.add(slot)
    this.entering.push(this.entities.netIds[slot]!)
    this.enteringSet.add(slot)
  }

  /** Removes an entity from the client's view. */
  leave(slot: number, reason: LeaveReason): void {
    if (this.pending.delete(slot)) {
      this.withdraw(slot, reason)
      return
    }
    if (!this.known.delete(slot)) return
    this.owed.strikeAll(slot)
    this.leaving.push(this.entities.netIds[slot]!, reason)
    this.leavingSet.add(slot)
  }

  /** Drops an entity that waited for its spawn. The client never had it, but may know its name. */
  private withdraw(slot: number, reason: LeaveReason): void {
    if (this.announced.delete(slot)) this.withdrawn.push({ slot, reason })
  }

  /** Hides everything from a client that is no longer ready. */
  leaveAll(): void {
    const { known, announced } = this
    this.pending.clear()
    this.toldEnds = 0
    for (let slot = announced.next(0); slot >= 0; slot = announced.next(slot + 1)) {
      this.withdraw(slot, this.reasonToLeave(slot))
    }
    for (let slot = known.next(0); slot >= 0; slot = known.next(slot + 1)) this.leave(slot, this.reasonToLeave(slot))
  }

  private reasonToLeave(slot: number): LeaveReason {
    return this.entities.eidOf[slot] === 0 ? LeaveReason.Destroyed : LeaveReason.Hidden
  }

  /**
   * Records that packet `sequence` carries a block, and removes its values from the unsent changes. `repeats`: the
   * block holds unsent changes. Calls for one packet follow each other.
   */
  carries(sequence: number, block: number, repeats: boolean): void {
    this.sent.add(sequence, block, this.settle(block, repeats))
  }

  acknowledged(sequence: number): void {
    this.sent.take(sequence)
  }

  lost(sequence: number): void {
    this.counters.lostPackets++
    const count = this.sent.take(sequence)
    for (let i = 0; i < count; i++) {
      const block = this.sent.blockAt(sequence, i)
      if (block < 0 || !this.history.remembers(block)) {
        this.oweSince(this.sent.sinceOf(sequence))
        return
      }
      this.oweBlock(block, true)
    }
  }

  /**
   * Adds a block's values to the unsent changes. Values that changed after it are left out, because a later packet
   * carried them, and its own record covers its loss. `wasSent`: the block left in a packet that was lost.
   */
  oweBlock(block: number, wasSent: boolean): void {
    const { history } = this
    const tick = history.tickOf(block)
    const count = history.countOf(block)
    for (let i = 0; i < count; i++) this.owe(history.slotOf(block, i), history.setOf(block, i), tick, wasSent)
  }

  /**
   * Adds everything that last changed at `tick` or later to the unsent changes. For packets whose blocks were
   * forgotten.
   */
  private oweSince(tick: number): void {
    for (let slot = this.known.next(0); slot >= 0; slot = this.known.next(slot + 1)) {
      for (const component of this.sets.members[this.entities.componentsOf[slot]!]!) {
        const changed = this.tracker.components[component]!.lastChange[slot]!
        if (changed >= tick && !this.isHidden(slot, component)) this.owed.addLost(slot, component, changed)
      }
    }
  }

  private owe(slot: number, set: number, tick: number, wasSent: boolean): void {
    if (!this.known.has(slot) || (!wasSent && this.enteringSet.has(slot))) return
    const members = this.sets.members[set]!
    for (let m = 0; m < members.length; m++) {
      const component = members[m]!
      const changed = this.tracker.components[component]!.lastChange[slot]!
      // The client has lost a component that was removed meanwhile, too.
      if (changed > tick || !this.sets.has(this.entities.componentsOf[slot]!, component)) continue
      if (this.isHidden(slot, component)) continue
      if (wasSent) this.owed.addLost(slot, component, changed)
      else this.owed.add(slot, component, changed)
    }
  }

  /** Returns whether a component is only for the owner of the entity, and this client is not the owner. */
  private isHidden(slot: number, component: number): boolean {
    return this.audience.isUsed && this.audience.hides(slot, component, this.session.entity)
  }

  /** Adds this tick's changes that no shared block carries to the unsent changes. */
  oweExtras(): void {
    const { extras } = this.view
    if (extras.size === 0) return
    const { dirty, changed, components } = this.tracker
    for (let slot = dirty.nextShared(extras, 0); slot >= 0; slot = dirty.nextShared(extras, slot + 1)) {
      // The spawn of this tick has the values of this tick.
      if (!this.known.has(slot) || this.enteringSet.has(slot)) continue
      const members = this.sets.members[changed[slot]!]!
      for (let m = 0; m < members.length; m++)
        this.owed.add(slot, members[m]!, components[members[m]!]!.lastChange[slot]!)
    }
  }

  /**
   * Removes what an outgoing block carries from the unsent changes. Returns the tick since which the client lacked any
   * of it.
   */
  private settle(block: number, repeats: boolean): number {
    const { history, owed, counters } = this
    let since = history.tickOf(block)
    if (owed.slots.size === 0) return since
    const count = history.countOf(block)
    for (let i = 0; i < count; i++) {
      const slot = history.slotOf(block, i)
      if (owed.slots.has(slot) && owed.since[slot]! < since) since = owed.since[slot]!
      const again = owed.strike(slot, history.setOf(block, i))
      if (repeats) counters.resentValues += again
    }
    return since
  }
}
