// Groups entities into classes of visibility: entities in the same cells, which the same clients see.
//
// A class is a tuple of cells, one of each leaf of the tree of policies. It has two rows of clients: those that see all
// of it, and those for which a predicate of the game decides about each entity. Classes exist while an entity is in
// one, so an empty world of a million cells costs nothing.
import { growTo } from '../slot-set.js'
import { NO_CLASS } from '../wire/slot-groups.js'
import { BitRows } from './bit-rows.js'
import { type Leaf, UNPLACED } from './leaf.js'
import type { InterestPolicy, PredicatePolicy } from './policies.js'
import { TupleTable } from './tuple-table.js'

/** The class of entities that the policies do not decide about, and that every ready client sees. */
export const EVERYONE = 1
/** The first class of cells. */
const FIRST = 2

const ALL_BITS = -1

/** The tree of policies, with its leaves by number. */
export type Expression =
  | { readonly kind: 'everyone' }
  | { readonly kind: 'leaf'; readonly leaf: Leaf }
  | { readonly kind: 'predicate'; readonly policy: PredicatePolicy }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Expression[] }

/** Builds the tree of a policy; `leafOf` gives the leaf of a policy of cells. */
export function expressionOf(policy: InterestPolicy, leafOf: (policy: Leaf['policy']) => Leaf): Expression {
  switch (policy.kind) {
    case 'everyone':
      return policy
    case 'predicate':
      return { kind: 'predicate', policy }
    case 'all':
    case 'any':
      return { kind: policy.kind, of: policy.of.map((one) => expressionOf(one, leafOf)) }
    default:
      return { kind: 'leaf', leaf: leafOf(policy) }
  }
}

export class InterestClasses {
  /** By class: the clients that see all of it. */
  readonly sure: BitRows
  /** By class: the clients for which predicates decide, entity by entity. */
  readonly maybe: BitRows
  /** By slot: its class. */
  classOf = new Uint32Array(64)
  /** By class: its first member. The others follow by slot. */
  private firstOf = new Uint32Array(16)
  private lastOf = new Uint32Array(16)
  private nextOf = new Uint32Array(64)
  private previousOf = new Uint32Array(64)
  private live = new Uint8Array(16)
  /** Classes that may have no members left, some more than once. */
  private emptied = new Uint32Array(16)
  private emptiedCount = 0
  private readonly tuples: TupleTable
  /** By leaf: by cell: the first class with it. The others follow by class and leaf. */
  private readonly firstWith: Uint32Array[]
  private nextWith = new Uint32Array(16)
  private previousWith = new Uint32Array(16)

  constructor(
    private readonly leaves: readonly Leaf[],
    private readonly expression: Expression,
    /** Row 0: the clients that are ready. */
    private readonly joined: BitRows,
    /** There is a predicate in the tree. */
    readonly asks: boolean,
  ) {
    this.tuples = new TupleTable(leaves.length, FIRST)
    this.firstWith = leaves.map(() => new Uint32Array(16))
    this.sure = new BitRows(joined.words)
    this.maybe = new BitRows(joined.words)
    this.reserveClass(EVERYONE)
    this.live[NO_CLASS] = this.live[EVERYONE] = 1
    for (let w = 0; w < joined.words; w++) this.sure.bits[EVERYONE * joined.words + w] = joined.bits[w]!
  }

  /** One past the highest class. */
  get end(): number {
    return this.tuples.end
  }

  firstMember(id: number): number {
    return this.firstOf[id]!
  }

  nextMember(slot: number): number {
    return this.nextOf[slot]!
  }

  firstClassWith(leaf: number, cell: number): number {
    return this.firstWith[leaf]![cell] ?? 0
  }

  nextClassWith(leaf: number, id: number): number {
    return this.nextWith[id * this.leaves.length + leaf]!
  }

  /** The class for the cells of `slot`. */
  at(slot: number): number {
    const { leaves, tuples } = this
    for (let i = 0; i < leaves.length; i++) tuples.key[i] = leaves[i]!.cellOf[slot] ?? UNPLACED
    const known = tuples.find()
    return known === 0 ? this.create(tuples.intern()) : known
  }

  /** Moves an entity into a class. */
  put(slot: number, id: number): void {
    this.classOf = growTo(this.classOf, slot + 1)
    this.nextOf = growTo(this.nextOf, slot + 1)
    this.previousOf = growTo(this.previousOf, slot + 1)
    this.unlink(slot)
    this.classOf[slot] = id
    if (id === NO_CLASS) return
    const last = this.lastOf[id]!
    this.previousOf[slot] = last
    this.nextOf[slot] = 0
    if (last === 0) this.firstOf[id] = slot
    else this.nextOf[last] = slot
    this.lastOf[id] = slot
  }

  /** Releases the classes without members. */
  sweep(): void {
    for (let i = 0; i < this.emptiedCount; i++) {
      const id = this.emptied[i]!
      if (this.live[id] === 1 && this.firstOf[id] === 0) this.free(id)
    }
    this.emptiedCount = 0
  }

  /** Releases all classes, because others are used from now on. */
  release(): void {
    for (let id = FIRST; id < this.end; id++) {
      if (this.live[id] === 0) continue
      for (let i = 0; i < this.leaves.length; i++) this.leaves[i]!.letGo(this.tuples.at(id, i))
    }
  }

  /** Decides again whether one client sees a class. Returns whether that has changed. */
  reevaluate(id: number, index: number): boolean {
    const word = index >>> 5
    const on = 1 << (index & 31)
    let sure = id === EVERYONE ? this.joined.bits[word]! : 0
    let maybe = 0
    if (id >= FIRST) {
      sure = this.evaluate(this.expression, id, word, 0) & this.joined.bits[word]!
      if (this.asks) maybe = this.evaluate(this.expression, id, word, ALL_BITS) & this.joined.bits[word]! & ~sure
    }
    const changed = this.sure.put(id, index, (sure & on) !== 0)
    return this.maybe.put(id, index, (maybe & on) !== 0) || changed
  }

  /** Removes a client that is no longer ready: it sees nothing. */
  removeClient(index: number): void {
    for (let id = EVERYONE; id < this.end; id++) {
      this.sure.put(id, index, false)
      this.maybe.put(id, index, false)
    }
  }

  isLive(id: number): boolean {
    return this.live[id] === 1
  }

  private create(id: number): number {
    this.reserveClass(id)
    this.live[id] = 1
    const { leaves, sure, maybe, joined } = this
    for (let i = 0; i < leaves.length; i++) this.chain(id, i)
    for (let w = 0; w < joined.words; w++) {
      const who = this.evaluate(this.expression, id, w, 0) & joined.bits[w]!
      sure.bits[id * sure.words + w] = who
      if (!this.asks) continue
      maybe.bits[id * maybe.words + w] = this.evaluate(this.expression, id, w, ALL_BITS) & joined.bits[w]! & ~who
    }
    return id
  }

  private free(id: number): void {
    this.live[id] = 0
    for (let i = 0; i < this.leaves.length; i++) this.unchain(id, i)
    this.sure.clearRow(id)
    this.maybe.clearRow(id)
    this.tuples.release(id)
  }

  /** The clients that see a class, 32 of them at a time. `asked` is the assumed answer of predicates. */
  private evaluate(node: Expression, id: number, word: number, asked: number): number {
    if (node.kind === 'everyone') return ALL_BITS
    if (node.kind === 'predicate') return asked
    if (node.kind === 'leaf') {
      const { leaf } = node
      const cell = this.tuples.at(id, leaf.index)
      if (cell === UNPLACED) return leaf.policy.unplaced === 'everyone' ? ALL_BITS : 0
      return leaf.subscribers.bits[cell * leaf.subscribers.words + word]!
    }
    const isAll = node.kind === 'all'
    let who = isAll ? ALL_BITS : 0
    for (let i = 0; i < node.of.length; i++) {
      const some = this.evaluate(node.of[i]!, id, word, asked)
      who = isAll ? who & some : who | some
    }
    return who
  }

  private reserveClass(id: number): void {
    this.sure.reserve(id + 1)
    this.maybe.reserve(id + 1)
    this.firstOf = growTo(this.firstOf, id + 1)
    this.lastOf = growTo(this.lastOf, id + 1)
    this.live = growTo(this.live, id + 1)
    this.nextWith = growTo(this.nextWith, (id + 1) * this.leaves.length)
    this.previousWith = growTo(this.previousWith, (id + 1) * this.leaves.length)
  }

  private unlink(slot: number): void {
    const id = this.classOf[slot]!
    if (id === NO_CLASS) return
    const next = this.nextOf[slot]!
    const previous = this.previousOf[slot]!
    if (previous === 0) this.firstOf[id] = next
    else this.nextOf[previous] = next
    if (next === 0) this.lastOf[id] = previous
    else this.previousOf[next] = previous
    if (this.firstOf[id] !== 0 || id < FIRST) return
    this.emptied = growTo(this.emptied, this.emptiedCount + 1)
    this.emptied[this.emptiedCount++] = id
  }

  private chain(id: number, i: number): void {
    const width = this.leaves.length
    const cell = this.tuples.at(id, i)
    this.leaves[i]!.hold(cell)
    const heads = (this.firstWith[i] = growTo(this.firstWith[i]!, cell + 1))
    const first = heads[cell]!
    this.nextWith[id * width + i] = first
    this.previousWith[id * width + i] = 0
    if (first !== 0) this.previousWith[first * width + i] = id
    heads[cell] = id
  }

  private unchain(id: number, i: number): void {
    const width = this.leaves.length
    const cell = this.tuples.at(id, i)
    const next = this.nextWith[id * width + i]!
    const previous = this.previousWith[id * width + i]!
    if (previous === 0) this.firstWith[i]![cell] = next
    else this.nextWith[previous * width + i] = next
    if (next !== 0) this.previousWith[next * width + i] = previous
    this.leaves[i]!.letGo(cell)
  }
}
