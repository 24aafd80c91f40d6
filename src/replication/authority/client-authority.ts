// Sends the components that a client writes itself, on entities that it owns.
//
// The protocol gives the owner authority over them. Changes are found as on a server, and sent as blocks of whole
// values. Lost values are sent again as they are then.
import type { Counters } from '../../connection/counters.js'
import type { DeliverySink } from '../../connection/delivery.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { PacketBuilder, Session } from '../../connection/session.js'
import { TokenBuckets } from '../../connection/token-bucket.js'
import { ComponentSets, SMALLEST_SET_LIMIT } from '../../protocol/component-sets.js'
import { SectionKind } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import { BlockHistory } from '../wire/block-history.js'
import { BlockEncoder } from '../wire/blocks.js'
import { ChangeTracker } from '../server/change-tracker.js'
import type { ClientEntities } from '../client/client-entities.js'
import { UnsentChanges } from '../server/unsent-changes.js'
import { SentBlocks } from '../server/sent-blocks.js'
import { growTo, SlotSet } from '../slot-set.js'

/**
 * The rate limit of the client's values, in bytes per second and at once: half of what a server accepts from one
 * client.
 */
const BYTES_PER_SECOND = 65_536
const BURST = 65_536

export class ClientAuthority implements DeliverySink {
  /** The protocol gives owners authority over some component. */
  readonly isUsed: boolean
  /** The indices of the entities that this client owns. */
  private readonly owned = new SlotSet()
  /** The components that owners write. */
  private readonly ids: readonly number[]
  private readonly width: number
  /** By index and component: 1 where this client writes the values. */
  private writes = new Uint8Array(0)
  private readonly sets: ComponentSets
  private readonly tracker: ChangeTracker
  private readonly history = new BlockHistory()
  private readonly encoder: BlockEncoder
  private readonly owed: UnsentChanges
  private sent = new SentBlocks()
  private setLimit = SMALLEST_SET_LIMIT
  private readonly budget = new TokenBuckets(Float64Array.of(BYTES_PER_SECOND), Float64Array.of(BURST))
  /** Counts the scans for changes. */
  private frame = 1
  /** The newest tick whose structure carried a component that this client writes. */
  private toldTick = 0

  constructor(
    protocol: Protocol,
    private readonly entities: ClientEntities,
    private readonly counters: Counters,
    errors: ErrorLog,
    /** Called when this client has written a component of an entity. */
    private readonly onWritten: (index: number, component: number) => void,
  ) {
    this.width = protocol.componentList.length
    this.ids = protocol.componentList.flatMap(({ authority }, id) => (authority === 'client' ? [id] : []))
    this.isUsed = this.ids.length > 0
    this.sets = new ComponentSets(this.width)
    this.tracker = new ChangeTracker({ protocol, sets: this.sets, entities, counters, errors })
    this.encoder = new BlockEncoder(
      this.sets,
      this.tracker.components,
      this.history,
      entities,
      SectionKind.ClientUpdate,
    )
    this.owed = new UnsentChanges(this.sets)
  }

  /** Returns whether this client writes a component of an entity, so that it ignores the server's values. */
  holds(index: number, component: number): boolean {
    return this.writes[index * this.width + component] === 1
  }

  /** Begins ownership of an entity at `tick`; the server has the values that the stores hold now. */
  gain(index: number, tick: number): void {
    if (!this.isUsed) return
    this.owned.add(index)
    for (const id of this.ids) if (this.entities.hasComponent(index, id)) this.restart(index, id, tick)
  }

  /** Ends ownership of an entity. Also called when another entity of the world stands for it, or none. */
  lose(index: number): void {
    if (!this.owned.delete(index)) return
    for (const id of this.ids) this.stop(index, id)
  }

  /** Notes values of a component that the server sent, and that the stores hold now. */
  told(index: number, component: number, tick: number): void {
    if (this.owned.has(index) && this.ids.includes(component)) this.restart(index, component, tick)
  }

  /** Looks for arrays that the game has replaced. */
  refreshStores(): void {
    this.tracker.refreshStores()
  }

  /** Notes that the component was removed from the entity. */
  removed(index: number, component: number): void {
    if (this.owned.has(index)) this.stop(index, component)
  }

  /** Sends all that the stores hold of an entity, whether or not it changed. */
  oweAll(index: number): void {
    for (const id of this.ids) if (this.holds(index, id)) this.owed.add(index, id, this.frame)
  }

  /** Forgets everything, because the session ended. */
  reset(): void {
    for (let index = this.owned.next(0); index >= 0; index = this.owned.next(index + 1)) this.lose(index)
    this.sent = new SentBlocks()
    this.toldTick = 0
  }

  private restart(index: number, component: number, tick: number): void {
    const eid = this.entities.eidOf[index]!
    this.stop(index, component)
    if (eid === 0 || eid >= this.tracker.components[component]!.capacity) return
    this.writes = growTo(this.writes, (index + 1) * this.width)
    this.writes[index * this.width + component] = 1
    this.tracker.reserve(index + 1)
    this.tracker.start(index, eid, component, this.frame)
    this.toldTick = Math.max(this.toldTick, tick)
  }

  private stop(index: number, component: number): void {
    if (!this.holds(index, component)) return
    this.writes[index * this.width + component] = 0
    this.tracker.stop(index, this.entities.eidOf[index]!, component)
    this.owed.strike(index, this.sets.with(0, component))
  }

  /** Finds the values that this client wrote, and sends them as far as packets may leave. `now` is in milliseconds. */
  write(session: Session, packet: PacketBuilder, now: number): void {
    if (this.owned.size === 0) return
    session.deliverySink = this
    if (this.sets.count > this.setLimit) this.compactSets()
    this.findChanges()
    // Until all of a tick's structure has arrived, the server would count these values as older, and drop them.
    if (this.owed.slots.size > 0 && this.toldTick <= session.structureTick) this.writeOwed(packet, now)
    this.frame++
  }

  private writeOwed(packet: PacketBuilder, now: number): void {
    this.encoder.encode(this.owed.slots, this.owed.sets, this.frame)
    for (let b = 0; b < this.encoder.count && this.writeBlock(b, packet, now); b++);
  }

  private findChanges(): void {
    const { tracker, sets, owed } = this
    tracker.refreshStores()
    tracker.scan(this.frame)
    for (let index = tracker.dirty.next(0); index >= 0; index = tracker.dirty.next(index + 1)) {
      const members = sets.members[tracker.changed[index]!]!
      for (let m = 0; m < members.length; m++) {
        owed.add(index, members[m]!, this.frame)
        this.onWritten(index, members[m]!)
      }
    }
  }

  private writeBlock(b: number, packet: PacketBuilder, now: number): boolean {
    const { encoder, history, owed } = this
    const start = encoder.starts[b]!
    const size = encoder.ends[b]! - start
    if (!this.budget.take(0, now, size) || !packet.fit(size)) return false
    packet.writer.copyFrom(encoder.writer, start, start + size)
    const block = encoder.ids[b]!
    this.sent.add(packet.sequence, block, this.frame)
    for (let i = 0; i < history.countOf(block); i++) {
      this.counters.resentValues += owed.strike(history.slotOf(block, i), history.setOf(block, i))
    }
    return true
  }

  acknowledged(sequence: number): void {
    this.sent.take(sequence)
  }

  /** Sends again what a lost packet carried, except for values that a later packet carried. */
  lost(sequence: number): void {
    const { history } = this
    this.counters.lostPackets++
    const count = this.sent.take(sequence)
    for (let i = 0; i < count; i++) {
      const block = this.sent.blockAt(sequence, i)
      if (block < 0 || !history.remembers(block)) {
        for (let index = this.owned.next(0); index >= 0; index = this.owned.next(index + 1)) this.oweAll(index)
        return
      }
      for (let s = 0; s < history.countOf(block); s++) {
        this.oweAgain(history.slotOf(block, s), this.sets.members[history.setOf(block, s)]!, history.tickOf(block))
      }
    }
  }

  private oweAgain(index: number, members: Uint16Array, frame: number): void {
    for (let m = 0; m < members.length; m++) {
      const component = members[m]!
      if (!this.holds(index, component)) continue
      if (this.tracker.components[component]!.lastChange[index]! > frame) continue
      this.owed.addLost(index, component, frame)
    }
  }

  /** Keeps the sets in use and forgets the others. */
  private compactSets(): void {
    const { owed, sets } = this
    const live = new Set<number>()
    owed.addSetsTo(live)
    owed.renumber(sets.compact(live))
    this.history.forgetAll()
    this.encoder.forgetSets()
    this.setLimit = Math.max(SMALLEST_SET_LIMIT, sets.count * 2)
  }
}
