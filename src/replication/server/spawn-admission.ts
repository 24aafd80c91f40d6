// Decides which of the pending entities are spawned for a client in a tick, as far as its budget and link allow. Its
// own entities are first, then the near and the important ones, each after the entities that it names.
//
// A spawn is never split. A joining client may have to receive ten thousand entities, so they are sent over several
// ticks. Calls, changes and values of the entities that it has flow meanwhile.
import { Channel } from '../../transport/transport.js'
import type { Visibility } from '../interest/visibility.js'
import type { Observer } from './observer.js'
import { type Priorities, RANKS, rankOf } from './priorities.js'
import { isNamed, type Reference, type References, slotNamedBy } from './references.js'
import { DEFAULT_SPAWN_BYTES_PER_TICK } from './send-budget.js'
import type { ServerEntities } from './server-entities.js'
import { growTo, SlotSet } from '../slot-set.js'
import type { StructureWriter } from './structure-writer.js'

/** Ticks after which the waiting entities are sorted again, because clients and entities move. */
const SORT_INTERVAL_TICKS = 16
/** No spawns are added while the send queue holds this many reliable bytes. */
const MAX_BUFFERED = 65_536
/** Bytes of unacknowledged spawns at which a client gets no more. Otherwise calls would have to wait for them. */
const MAX_IN_FLIGHT = 262_144
/** The share of a client's bytes that spawns may take while there are values to send too. */
const SPAWN_SHARE = 0.5

export class SpawnAdmission {
  /** The most bytes of spawns to one client in one tick; a larger entity is sent alone. */
  bytesPerTick = DEFAULT_SPAWN_BYTES_PER_TICK
  /** By slot: its rank for the current client. */
  private ranks = new Uint8Array(64)
  private readonly counts = new Uint32Array(RANKS)
  // The search for the entities to spawn first follows `path`: each slot is named by the one before it. `references`
  // holds the slots that the path names and that were not visited yet; `starts` holds where those of each begin.
  private readonly path: number[] = []
  private readonly starts: number[] = []
  private readonly references: Reference[] = []
  private readonly onPath = new SlotSet()
  /** The entities that this tick's changes name. */
  private readonly changed: Reference[] = []
  /** Bytes of spawns since the last promotion, or admission by rank, began. */
  private spent = 0
  private tick = 0
  /** The client is the host's own. It is in this world, so nothing is encoded, announced or acknowledged. */
  private isLocal = false

  constructor(
    private readonly entities: ServerEntities,
    private readonly structure: StructureWriter,
    private readonly named: References,
    private readonly visibility: Visibility,
    private readonly priorities: Priorities,
  ) {}

  /** Spawns as much for one client as fits in its tick. `player` is the slot of its player, or 0. */
  admit(observer: Observer, player: number, tick: number): void {
    const { pending } = observer
    if (pending.size === 0) {
      pending.debt = 0
      return
    }
    this.promote(observer, player, tick)
    if (this.named.isUsed) this.bringChanged(observer)
    this.admitByRank(observer, tick)
  }

  /** Spawns everything for the host's own client: nothing has to travel. */
  admitAll(observer: Observer): void {
    const { waiting } = observer.pending
    this.isLocal = true
    for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) this.spawn(observer, slot, Infinity)
    this.isLocal = false
  }

  /**
   * Spawns one entity before its turn, because something sent in this tick is about it or names it. Its cost reduces
   * what is left for the others, in this tick or those that follow.
   */
  promote(observer: Observer, slot: number, tick: number): void {
    if (!observer.pending.waiting.has(slot)) return
    this.tick = tick
    if (!this.spawnAhead(observer, slot)) this.spawnAtOnce(observer, slot)
    observer.pending.debt += this.spent
  }

  /**
   * Spawns the entities that added components and changed collections name, as far as the tick has room. The rest is
   * announced.
   */
  private bringChanged(observer: Observer): void {
    const { changed } = this
    const { pending } = observer
    this.structure.addNamed(observer, this.named, changed)
    while (changed.length > 0) {
      const slot = slotNamedBy(changed.pop()!)
      if (!pending.waiting.has(slot) || this.entities.eidOf[slot] === 0) continue
      if (this.spawnAhead(observer, slot)) pending.debt += this.spent
      else {
        pending.debt += this.spent
        observer.announce(slot)
      }
    }
  }

  private admitByRank(observer: Observer, tick: number): void {
    const { pending } = observer
    const paid = Math.min(pending.debt, this.bytesPerTick)
    pending.debt -= paid
    const allowance = this.allowance(observer, this.bytesPerTick - paid)
    if (allowance <= 0) return
    if (pending.sortedAt === 0 || tick - pending.sortedAt >= SORT_INTERVAL_TICKS) this.sort(observer, tick)
    this.tick = tick
    this.spent = 0
    for (let slot = pending.first(); slot >= 0; slot = pending.first()) {
      // An entity that ended since interest was updated is removed in the next tick.
      if (this.entities.eidOf[slot] === 0) pending.skip()
      else if (!this.spawn(observer, slot, allowance)) return
    }
  }

  private allowance({ session, budget, unconfirmed }: Observer, most: number): number {
    if (session.isInterrupted) return 0
    if (session.transport.buffered(session.peer, Channel.Reliable) > MAX_BUFFERED) return 0
    return Math.min(most, budget.left * SPAWN_SHARE, MAX_IN_FLIGHT - unconfirmed.bytes)
  }

  private sort(observer: Observer, tick: number): void {
    const { session, pending } = observer
    const { entities, priorities, visibility } = this
    const { waiting } = pending
    this.ranks = growTo(this.ranks, entities.slots)
    for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) {
      if (entities.toldOwner[slot] === session.entity) {
        this.ranks[slot] = 0
        continue
      }
      const priority = priorities.of(slot)
      // Both are squared: an entity with four times the priority ranks like one at a quarter of the distance.
      this.ranks[slot] = Math.max(1, rankOf((visibility.distance(observer, slot) + 1) / (priority * priority)))
    }
    pending.sort(this.ranks, this.counts, tick)
  }

  /** Spawns an entity after those that it names, within the bytes of a tick that are not spent. */
  private spawnAhead(observer: Observer, slot: number): boolean {
    const limit = this.bytesPerTick - observer.pending.debt
    this.spent = 0
    // Without this check the first of a long chain would be sent at any cost.
    return limit > 0 && this.spawn(observer, slot, limit)
  }

  /** Spawns an entity, and announces those that it names: their spawns follow when it is their turn. */
  private spawnAtOnce(observer: Observer, slot: number): void {
    if (this.named.isUsed) {
      this.enter(observer, slot)
      for (let next = this.nextNamed(observer, true); next !== 0; next = this.nextNamed(observer, true)) {
        observer.announce(next)
      }
      this.leaveOff()
    }
    this.begin(observer, slot)
  }

  /**
   * Spawns an entity that waits, after those that it names. The depth-first search has no recursion, because chains may
   * be long. Returns false when `limit` is used up first: the entities spawned until then stay, and the rest waits.
   */
  private spawn(observer: Observer, first: number, limit: number): boolean {
    if (!this.named.isUsed) {
      if (!this.fits(first, limit)) return false
      this.begin(observer, first)
      return true
    }
    this.enter(observer, first)
    while (this.path.length > 0) {
      const next = this.nextNamed(observer, false)
      if (next !== 0) {
        this.enter(observer, next)
        continue
      }
      const slot = this.path[this.path.length - 1]!
      if (!this.fits(slot, limit)) {
        this.leaveOff()
        return false
      }
      this.leave()
      this.begin(observer, slot)
    }
    return true
  }

  private enter({ session }: Observer, slot: number): void {
    this.path.push(slot)
    this.onPath.add(slot)
    this.starts.push(this.references.length)
    this.named.addSpawn(slot, session.entity, this.references)
  }

  private leave(): void {
    this.onPath.delete(this.path.pop()!)
    const start = this.starts.pop()!
    while (this.references.length > start) this.references.pop()
  }

  private leaveOff(): void {
    while (this.path.length > 0) this.leave()
  }

  /**
   * The next waiting entity that the end of the path names, or 0. An entity on the path itself, in a circle, is
   * announced. `valuesOnly`: skips relations.
   */
  private nextNamed(observer: Observer, valuesOnly: boolean): number {
    const { references, path, onPath } = this
    const { waiting } = observer.pending
    const last = path.length - 1
    const start = this.starts[last]!
    while (references.length > start) {
      const reference = references.pop()!
      const slot = slotNamedBy(reference)
      if (!waiting.has(slot) || this.entities.eidOf[slot] === 0 || (valuesOnly && !isNamed(reference))) continue
      if (!onPath.has(slot)) return slot
      // An entity that names itself exists when its values are read.
      if (slot !== path[last] && isNamed(reference) && !this.isLocal) observer.announce(slot)
    }
    return 0
  }

  private fits(slot: number, limit: number): boolean {
    return limit === Infinity || this.spent === 0 || this.spent + this.structure.spawnBytes(slot) <= limit
  }

  private begin(observer: Observer, slot: number): void {
    if (!this.isLocal) {
      const bytes = this.structure.spawnBytes(slot)
      this.spent += bytes
      observer.unconfirmed.add(slot, bytes, this.tick)
    }
    observer.begin(slot)
  }
}
