// Adds and removes a client's pairs of relations, as the server reports them.
//
// A pair exists while both of its entities do. It is removed before an entity is. Otherwise bitECS would remove the
// subjects of a relation with `autoRemoveSubject` together with their target, and the server may keep them.
import { commitRemovals, type Relation, type World } from 'bitecs'
import type { Counters } from '../../connection/counters.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { MAX_SLOT } from '../../protocol/net-id.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ClientCopies } from '../client/client-copies.js'
import type { ClientEntities } from '../client/client-entities.js'
import { pairKey, relationOf, pairTarget } from './pair-keys.js'

const NONE: ReadonlySet<number> = new Set()

export class ClientRelations {
  /** By the subject's index. */
  private readonly pairsOf = new Map<number, Set<number>>()
  /** By the target's index: the indices of its subjects. */
  private readonly subjectsOf = new Map<number, Set<number>>()
  private readonly relations: readonly Relation<unknown>[]

  constructor(
    private readonly world: World,
    protocol: Protocol,
    private readonly entities: ClientEntities,
    private readonly copies: ClientCopies,
    private readonly counters: Counters,
  ) {
    this.relations = protocol.relationList as readonly Relation<unknown>[]
  }

  check(reader: ByteReader): void {
    const subject = reader.varint()
    const relation = reader.varint()
    const isNew = reader.u8()
    const target = reader.varint()
    const isEntity = subject > 0 && subject <= MAX_SLOT && target > 0 && target <= MAX_SLOT
    if (!isEntity || relation >= this.relations.length || isNew > 1) reader.fail()
  }

  /** Applies a section that was checked. */
  apply(reader: ByteReader): void {
    const subject = this.entities.indexOf(reader.varint())
    const relation = reader.varint()
    const isNew = reader.u8() === 1
    const target = this.entities.indexOf(reader.varint())
    const key = pairKey(relation, target)
    const isKnown = subject !== 0 && target !== 0
    if (!isKnown || (this.pairsOf.get(subject) ?? NONE).has(key) === isNew) {
      this.counters.ignoredPairs++
    } else if (isNew) {
      this.remember(subject, key)
      this.add(subject, key)
    } else {
      this.forgetPair(subject, key)
      this.remove(subject, key)
    }
  }

  /** Removes the pairs of an entity, on either side, from the world. */
  hide(index: number): void {
    this.forEach(index, (subject, key) => this.remove(subject, key))
  }

  /** Adds the pairs of an entity to the world again. */
  show(index: number): void {
    this.forEach(index, (subject, key) => this.add(subject, key))
  }

  /** Forgets the pairs of an entity that ends. */
  end(index: number): void {
    this.hide(index)
    this.forEach(index, (subject, key) => this.forgetPair(subject, key))
    // For the same reason as in the server's `takeOver`.
    if (this.relations.length > 0) commitRemovals(this.world)
  }

  private forEach(index: number, act: (subject: number, key: number) => void): void {
    for (const key of [...(this.pairsOf.get(index) ?? NONE)]) act(index, key)
    for (const subject of [...(this.subjectsOf.get(index) ?? NONE)]) {
      if (subject === index) continue
      const pairs = this.pairsOf.get(subject)!
      for (let r = 0; r < this.relations.length; r++) if (pairs.has(pairKey(r, index))) act(subject, pairKey(r, index))
    }
  }

  private add(subject: number, key: number): void {
    const { eidOf } = this.entities
    const eid = eidOf[subject]!
    const target = eidOf[pairTarget(key)]!
    if (eid !== 0 && target !== 0) this.copies.add(eid, this.component(key, target))
  }

  private remove(subject: number, key: number): void {
    const { eidOf } = this.entities
    const eid = eidOf[subject]!
    const target = eidOf[pairTarget(key)]!
    if (eid !== 0 && target !== 0) this.copies.remove(eid, this.component(key, target))
  }

  private component(key: number, target: number): object {
    return this.relations[relationOf(key)]!(target) as object
  }

  private remember(subject: number, key: number): void {
    include(this.pairsOf, subject, key)
    include(this.subjectsOf, pairTarget(key), subject)
  }

  private forgetPair(subject: number, key: number): void {
    exclude(this.pairsOf, subject, key)
    const target = pairTarget(key)
    const pairs = this.pairsOf.get(subject) ?? NONE
    for (let r = 0; r < this.relations.length; r++) if (pairs.has(pairKey(r, target))) return
    exclude(this.subjectsOf, target, subject)
  }
}

function include(sets: Map<number, Set<number>>, of: number, member: number): void {
  const members = sets.get(of)
  if (members === undefined) sets.set(of, new Set([member]))
  else members.add(member)
}

function exclude(sets: Map<number, Set<number>>, of: number, member: number): void {
  const members = sets.get(of)
  if (members?.delete(member) && members.size === 0) sets.delete(of)
}
