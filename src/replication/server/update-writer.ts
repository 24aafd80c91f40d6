// Writes the values of a tick for each client. Where everything fits, that is the blocks that all clients share.
// Otherwise it is the most important and longest waiting of all values that a client lacks.
//
// Values that do not fit stay unsent, and leave later as they are then: a slow client gets fewer updates, not older
// ones. Priority times age decides (Fiedler, "State Synchronization", 2015), so no value waits indefinitely.
import type { PacketBuilder } from '../../connection/session.js'
import { Channel } from '../../transport/transport.js'
import type { BlockHistory } from '../wire/block-history.js'
import type { BlockEncoder } from '../wire/blocks.js'
import type { Visibility } from '../interest/visibility.js'
import type { Observer } from './observer.js'
import { type Priorities, RANKS, rankOf } from './priorities.js'
import { growTo, SlotSet } from '../slot-set.js'

/** No values are added while the send queue holds this many unreliable bytes. */
const MAX_BUFFERED = 16_384
/** The most bytes that a slot uses in a block besides its values. */
const SLOT_BYTES = 3

/** How much of a chunk of shared blocks one client can use. */
const Fate = { New: 0, Whole: 1, Partly: 2 } as const
type Fate = (typeof Fate)[keyof typeof Fate]

export class UpdateWriter {
  private tick = 0
  private readonly chosen = new SlotSet()
  /** By slot: how urgent it is for the current client. By rank: the bytes of all its slots. */
  private urgency = new Uint8Array(64)
  private readonly bytesOfRank = new Uint32Array(RANKS)

  constructor(
    private readonly shared: BlockEncoder,
    private readonly repeats: BlockEncoder,
    private readonly history: BlockHistory,
    private readonly visibility: Visibility,
    private readonly priorities: Priorities,
  ) {}

  /** Writes the values that changed, and the client's unsent changes. */
  write(observer: Observer, packet: PacketBuilder, tick: number): void {
    this.tick = tick
    observer.oweExtras()
    this.visibility.chunksFor(observer)
    const { owed, view } = observer
    if (view.chunkCount === 0 && owed.slots.size === 0) {
      observer.congested = false
      return
    }
    const room = this.room(observer, packet)
    if (!observer.congested && this.need(observer) <= room) this.writeAll(observer, packet)
    else this.writeUrgent(observer, packet, room)
    observer.congested = owed.slots.size > 0
  }

  /** Bytes of blocks that may leave now. */
  private room({ session, budget }: Observer, packet: PacketBuilder): number {
    if (session.transport.buffered(session.peer, Channel.Unreliable) > MAX_BUFFERED) return 0
    budget.pay(session.bytesSent)
    return Math.min(budget.left, packet.room())
  }

  /** Bytes of all values that the client lacks, or slightly more. */
  private need({ view, owed }: Observer): number {
    const { starts, ends } = this.shared
    let bytes = 0
    for (let i = 0; i < view.chunkCount; i++) bytes += ends[view.chunks[i]!]! - starts[view.chunks[i]!]!
    const { slots, sets } = owed
    for (let slot = slots.next(0); slot >= 0; slot = slots.next(slot + 1)) bytes += this.bytesOf(sets[slot]!)
    return bytes
  }

  private bytesOf(set: number): number {
    return SLOT_BYTES + ((this.repeats.bitsPerEntity(set) + 7) >> 3)
  }

  private writeAll(observer: Observer, packet: PacketBuilder): void {
    const { shared } = this
    const { chunks, chunkCount } = observer.view
    for (let i = 0; i < chunkCount; i++) {
      const chunk = chunks[i]!
      const fate = this.fateOf(observer, shared.ids[chunk]!)
      if (fate === Fate.New) continue
      const isSent = fate === Fate.Whole && this.writeChunk(observer, packet, shared, chunk)
      if (!isSent) observer.oweBlock(shared.ids[chunk]!, false)
    }
    this.writeOwed(observer, packet, observer.owed.slots)
  }

  private writeUrgent(observer: Observer, packet: PacketBuilder, room: number): void {
    const { chunks, chunkCount } = observer.view
    for (let i = 0; i < chunkCount; i++) observer.oweBlock(this.shared.ids[chunks[i]!]!, false)
    if (room <= 0) return
    const fits = this.rank(observer) <= room
    if (!fits) this.choose(observer, room)
    this.writeOwed(observer, packet, fits ? observer.owed.slots : this.chosen)
  }

  private writeOwed(observer: Observer, packet: PacketBuilder, slots: SlotSet): void {
    if (slots.size === 0 || !packet.fit(0)) return
    const { repeats } = this
    repeats.encode(slots, observer.owed.sets, this.tick)
    for (let chunk = 0; chunk < repeats.count; chunk++) {
      if (!this.writeChunk(observer, packet, repeats, chunk)) return
    }
  }

  /** Ranks a client's unsent changes. Returns their bytes. */
  private rank(observer: Observer): number {
    const { owed } = observer
    const { slots, sets, since } = owed
    const { priorities, visibility, bytesOfRank, tick } = this
    bytesOfRank.fill(0)
    let bytes = 0
    for (let slot = slots.next(0); slot >= 0; slot = slots.next(slot + 1)) {
      const age = tick - since[slot]! + 1
      // Twice the distance counts half. Within one unit of length, being nearer gains nothing.
      const nearness = 1 / Math.sqrt(Math.max(1, visibility.distance(observer, slot)))
      const rank = rankOf(priorities.of(slot) * age * nearness)
      const size = this.bytesOf(sets[slot]!)
      this.urgency = growTo(this.urgency, slot + 1)
      this.urgency[slot] = rank
      bytesOfRank[rank]! += size
      bytes += size
    }
    return bytes
  }

  /** Chooses from the ranked slots what fits into `room` bytes: at least one. */
  private choose({ owed }: Observer, room: number): void {
    const { slots, sets } = owed
    const { chosen, urgency, bytesOfRank } = this
    let rank = RANKS - 1
    let left = room
    while (rank > 0 && bytesOfRank[rank]! <= left) left -= bytesOfRank[rank--]!
    chosen.clear()
    for (let slot = slots.next(0); slot >= 0; slot = slots.next(slot + 1)) {
      if (urgency[slot]! > rank) chosen.add(slot)
      else if (urgency[slot] === rank && left > 0) {
        chosen.add(slot)
        left -= this.bytesOf(sets[slot]!)
      }
    }
  }

  /**
   * Returns whether a client has all entities of a chunk. Entities that entered view in this tick have these values
   * from their spawns. Values of entities that wait for their spawns must not be sent.
   */
  private fateOf({ entering, enteringSet, pending }: Observer, id: number): Fate {
    if (entering.count === 0 && pending.size === 0) return Fate.Whole
    const { history } = this
    let known = 0
    for (let i = history.countOf(id) - 1; i >= 0; i--) {
      const slot = history.slotOf(id, i)
      if (pending.waiting.has(slot)) return Fate.Partly
      if (!enteringSet.has(slot)) known++
    }
    return known === 0 ? Fate.New : Fate.Whole
  }

  private writeChunk(observer: Observer, packet: PacketBuilder, blocks: BlockEncoder, chunk: number): boolean {
    const start = blocks.starts[chunk]!
    const end = blocks.ends[chunk]!
    if (!packet.fit(end - start)) return false
    packet.writer.copyFrom(blocks.writer, start, end)
    observer.carries(packet.sequence, blocks.ids[chunk]!, blocks === this.repeats)
    return true
  }
}
