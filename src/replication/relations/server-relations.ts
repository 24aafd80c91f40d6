// Follows the pairs of networked entities on the server, and sends each client those that begin and end.
//
// A client receives a pair while it has both entities: when the pair begins or ends, and when the second entity comes
// into its view. When one leaves its view, the client drops the pair by itself. So no packet names an entity that a
// client does not see.
import { commitRemovals, getRelationTargets, hasComponent, Wildcard, type Relation, type World } from 'bitecs'
import type { PacketBuilder } from '../../connection/session.js'
import { ByteWriter } from '../../protocol/bytes.js'
import { slotOf } from '../../protocol/net-id.js'
import { SectionKind } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { Observer } from '../server/observer.js'
import type { ServerEntities } from '../server/server-entities.js'
import { SlotSet } from '../slot-set.js'
import { pairKey, relationOf, pairTarget } from './pair-keys.js'
import { watchPairs } from './watch-pairs.js'

/** The pairs of one networked entity. */
interface Subject {
  /** The entities that they name, networked or not. */
  readonly targets: ReadonlySet<number>
  /** The pairs with networked entities, which clients may receive. */
  readonly pairs: ReadonlySet<number>
}

/** A pair that began or ended in this tick. */
interface PairChange {
  readonly subject: number
  readonly key: number
  readonly isNew: boolean
}

const NO_PAIRS: ReadonlySet<number> = new Set()

export class ServerRelations {
  /** By slot. */
  private readonly subjects = new Map<number, Subject>()
  /** By target, an entity that may not be networked: the slots of its subjects. */
  private readonly subjectsOf = new Map<number, Set<number>>()
  /** Slots whose pairs may have changed. */
  private readonly dirty = new SlotSet()
  private readonly changes: PairChange[] = []
  private readonly scratch = new ByteWriter(32)
  private readonly relations: readonly Relation<unknown>[]

  constructor(
    private readonly world: World,
    protocol: Protocol,
    private readonly entities: ServerEntities,
  ) {
    this.relations = protocol.relationList as readonly Relation<unknown>[]
    if (this.relations.length === 0) return
    watchPairs(world, new Set(this.relations), (eid) => {
      const slot = entities.slotOfEntity(eid)
      if (slot !== 0) this.dirty.add(slot)
    })
  }

  /** Begins to follow an entity that is networked from now on. */
  begin(slot: number, eid: number): void {
    for (const relation of this.relations) {
      if (hasComponent(this.world, eid, relation(Wildcard))) this.dirty.add(slot)
    }
    this.touchSubjectsOf(eid)
  }

  /** Stops following an entity that is no longer networked. */
  end(slot: number, eid: number): void {
    this.dirty.delete(slot)
    this.unlink(slot)
    this.subjects.delete(slot)
    this.touchSubjectsOf(eid)
  }

  /** Finds the pairs that began and ended since the last tick. */
  takeOver(): void {
    if (this.relations.length === 0) return
    // When bitECS removes an entity, it looks for its subjects. It also finds those whose removal from its queries is
    // still pending. It throws if the id of one is an entity of another world by now.
    commitRemovals(this.world)
    this.changes.length = 0
    const { dirty, entities, subjects } = this
    for (let slot = dirty.next(0); slot >= 0; slot = dirty.next(slot + 1)) {
      const before = subjects.get(slot)?.pairs ?? NO_PAIRS
      const now = this.read(entities.eidOf[slot]!)
      // Ends are first, so that exclusive relations never have two targets.
      for (const key of before) if (!now.pairs.has(key)) this.changes.push({ subject: slot, key, isNew: false })
      for (const key of now.pairs) if (!before.has(key)) this.changes.push({ subject: slot, key, isNew: true })
      this.unlink(slot)
      this.link(slot, now)
    }
    dirty.clear()
  }

  /** Adds the targets of an entity, as references that may be spawned later. */
  addTargets(slot: number, into: number[]): void {
    for (const key of this.subjects.get(slot)?.pairs ?? NO_PAIRS) into.push(pairTarget(key) << 1)
  }

  /** Writes the pairs that begin and end for one client, after its spawns of this tick. */
  write(observer: Observer, packet: PacketBuilder): boolean {
    const { subjects, changes } = this
    if (subjects.size === 0 && changes.length === 0) return false
    const { known, entering, enteringSet } = observer
    let written = false
    for (let i = 0; i < entering.count; i++) {
      if (this.writeEntering(slotOf(entering.netIds[i]!), observer, packet)) written = true
    }
    for (const { subject, key, isNew } of changes) {
      const target = pairTarget(key)
      if (!known.has(subject) || !known.has(target)) continue
      if (!enteringSet.has(subject) && !enteringSet.has(target)) written = this.writePair(packet, subject, key, isNew)
    }
    return written
  }

  /** Writes all pairs of an entity that begins for a client: its own, and those in which it is the target. */
  private writeEntering(slot: number, { known, enteringSet }: Observer, packet: PacketBuilder): boolean {
    let written = false
    for (const key of this.subjects.get(slot)?.pairs ?? NO_PAIRS) {
      if (known.has(pairTarget(key))) written = this.writePair(packet, slot, key, true)
    }
    for (const subject of this.subjectsOf.get(this.entities.eidOf[slot]!) ?? NO_PAIRS) {
      // A subject that begins too writes its own pairs.
      if (!known.has(subject) || enteringSet.has(subject)) continue
      const { pairs } = this.subjects.get(subject)!
      for (let r = 0; r < this.relations.length; r++) {
        const key = pairKey(r, slot)
        if (pairs.has(key)) written = this.writePair(packet, subject, key, true)
      }
    }
    return written
  }

  private writePair(packet: PacketBuilder, subject: number, key: number, isNew: boolean): true {
    const { scratch } = this
    scratch.clear()
    scratch.u8(SectionKind.Relation)
    scratch.varint(subject)
    scratch.varint(relationOf(key))
    scratch.u8(isNew ? 1 : 0)
    scratch.varint(pairTarget(key))
    packet.fit(scratch.length)
    packet.writer.copy(scratch.bytes, 0, scratch.length)
    return true
  }

  private read(eid: number): Subject {
    const targets = new Set<number>()
    const pairs = new Set<number>()
    for (let r = 0; r < this.relations.length; r++) {
      const relation = this.relations[r]!
      if (!hasComponent(this.world, eid, relation(Wildcard))) continue
      for (const target of getRelationTargets(this.world, eid, relation)) {
        targets.add(target)
        const slot = this.entities.slotOfEntity(target)
        if (slot !== 0) pairs.add(pairKey(r, slot))
      }
    }
    return { targets, pairs }
  }

  private link(slot: number, subject: Subject): void {
    if (subject.targets.size === 0) return
    this.subjects.set(slot, subject)
    for (const target of subject.targets) {
      const slots = this.subjectsOf.get(target)
      if (slots === undefined) this.subjectsOf.set(target, new Set([slot]))
      else slots.add(slot)
    }
  }

  private unlink(slot: number): void {
    const subject = this.subjects.get(slot)
    if (subject === undefined) return
    this.subjects.delete(slot)
    for (const target of subject.targets) {
      const slots = this.subjectsOf.get(target)!
      slots.delete(slot)
      if (slots.size === 0) this.subjectsOf.delete(target)
    }
  }

  private touchSubjectsOf(target: number): void {
    for (const slot of this.subjectsOf.get(target) ?? NO_PAIRS) this.dirty.add(slot)
  }
}
