// Which of the entities that a client is to see begin for it in a tick: as many as its budget and its line bear, its own
// first, then the near and the important.
//
// A spawn is never split. What a client is promised when it joins may be ten thousand entities: they come over several
// ticks, and calls, changes and values of those that have come flow meanwhile.
import { Channel } from '../transport/transport.js'
import type { Visibility } from './interest/visibility.js'
import type { Observer } from './observer.js'
import { type Priorities, RANKS, rankOf } from './priorities.js'
import type { ServerRelations } from './relations/server-relations.js'
import { DEFAULT_SPAWN_BYTES_PER_TICK } from './send-budget.js'
import type { ServerEntities } from './server-entities.js'
import { growTo } from './slot-set.js'
import type { StructureWriter } from './structure-writer.js'

/** Ticks after which what waits is sorted anew: clients and entities move. */
const SORT_INTERVAL = 16
/** Reliable bytes that wait for the network, from which on no spawns are added to them. */
const MAX_BUFFERED = 65_536
/** Bytes of spawns that a client has not applied, from which on it gets no others: calls would have to wait behind them. */
const MAX_IN_FLIGHT = 262_144
/** Of what a client may be sent, the share that spawns may take while there are values to be sent too. */
const SPAWN_SHARE = 0.5

export class SpawnAdmission {
  /** The most bytes of spawns to one client in one tick; an entity that is larger comes alone. */
  bytesPerTick = DEFAULT_SPAWN_BYTES_PER_TICK
  /** By slot: the rank of the client that is being looked at. */
  private ranks = new Uint8Array(64)
  private readonly counts = new Uint32Array(RANKS)
  private readonly stack: number[] = []

  constructor(
    private readonly entities: ServerEntities,
    private readonly structure: StructureWriter,
    private readonly relations: ServerRelations,
    private readonly visibility: Visibility,
    private readonly priorities: Priorities,
  ) {}

  /** Lets in what one client may be sent in this tick. `player` is the slot of its player, or 0. */
  admit(observer: Observer, player: number, tick: number): void {
    const { pending } = observer
    if (pending.size > 0) {
      if (pending.waiting.has(player)) this.begin(observer, player, tick)
      this.admitByRank(observer, tick)
    }
    this.relations.sortEntering(observer)
  }

  /** Lets in everything: nothing has to travel. */
  admitAll(observer: Observer): void {
    const { waiting } = observer.pending
    for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) observer.begin(slot)
    this.relations.sortEntering(observer)
  }

  /** Lets one in ahead of its turn: something that is sent in this tick is about it. */
  promote(observer: Observer, slot: number, tick: number): void {
    if (observer.pending.waiting.has(slot)) this.begin(observer, slot, tick)
  }

  private admitByRank(observer: Observer, tick: number): void {
    const { pending } = observer
    const allowance = this.allowance(observer)
    if (allowance <= 0) return
    if (pending.sortedAt === 0 || tick - pending.sortedAt >= SORT_INTERVAL) this.sort(observer, tick)
    let spent = 0
    for (let slot = pending.first(); slot >= 0; slot = pending.first()) {
      if (this.entities.eidOf[slot] === 0) {
        // It has ended since interest was looked at; the next tick takes it out.
        pending.skip()
        continue
      }
      const size = this.structure.spawnBytes(slot)
      if (spent > 0 && spent + size > allowance) return
      spent += this.begin(observer, slot, tick)
    }
  }

  private allowance({ session, budget, pending }: Observer): number {
    if (session.isInterrupted) return 0
    if (session.transport.buffered(session.peer, Channel.Reliable) > MAX_BUFFERED) return 0
    const window = MAX_IN_FLIGHT - pending.inFlight(session.structureAcknowledged)
    return Math.min(this.bytesPerTick, budget.left * SPAWN_SHARE, window)
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
      // Both squared: what is four times as important comes as if it were four times as near.
      this.ranks[slot] = Math.max(1, rankOf((visibility.distance(observer, slot) + 1) / (priority * priority)))
    }
    pending.sort(this.ranks, this.counts, tick)
  }

  /** Lets in an entity, behind those that it relates to: parents come before their children. Returns their bytes. */
  private begin(observer: Observer, first: number, tick: number): number {
    const { stack, structure } = this
    let bytes = 0
    this.take(observer, first)
    while (stack.length > 0) {
      const slot = stack[stack.length - 1]!
      const target = this.relations.targetAmong(slot, observer.pending.waiting)
      if (target !== 0) {
        this.take(observer, target)
        continue
      }
      stack.pop()
      bytes += structure.spawnBytes(slot)
      observer.begin(slot)
    }
    observer.pending.sent(bytes, tick)
    return bytes
  }

  private take(observer: Observer, slot: number): void {
    observer.pending.delete(slot)
    this.stack.push(slot)
  }
}
