// Keeps each client's view in step with the world and the interest policy, at a cost that grows with what moves.
//
// An entity's class decides which clients see it (`classes.ts`). In addition, an owner sees its own entities, and the
// game may show or hide an entity for a client. These exceptions are checked when the entity's class, owner or
// exceptions change. An entity that a client sees without its class is an `extra`: its changes go to that client alone.
// An entity hidden from any client is an extra of all its observers, because the blocks of its class go to the whole
// class.
import type { World } from 'bitecs'
import type { ErrorLog } from '../../connection/error-log.js'
import { UsageError } from '../../protocol/errors.js'
import { isThenable } from '../../protocol/thenable.js'
import type { Observer } from '../server/observer.js'
import type { ServerEntities } from '../server/server-entities.js'
import { growTo } from '../slot-set.js'
import { LeaveReason } from '../server/view-changes.js'
import { BitRows } from './bit-rows.js'
import { EVERYONE, type Expression, expressionOf, InterestClasses } from './classes.js'
import { NO_CLASS } from '../wire/slot-groups.js'
import { Forced } from './forced.js'
import { UNPLACED, type Leaf, type LeafListener } from './leaf.js'
import { type CellPolicy, everyone, type InterestPolicy, type PredicatePolicy } from './policies.js'

/** Makes the leaf of a policy of cells. */
export type LeafFactory = (policy: CellPolicy, index: number, words: number, listener: LeafListener) => Leaf

/**
 * The most pairs of client and entity that joining clients may cost in one tick. When many clients join a large world
 * at once, some begin a tick later.
 */
const MAX_JOIN_PAIRS = 65_536

export class Visibility implements LeafListener {
  /** By slot: the class whose shared blocks carry it, or 0 when it is an extra of all its observers. */
  blockClassOf = new Uint32Array(64)
  classes: InterestClasses
  private leaves: Leaf[] = []
  private expression: Expression = everyone()
  private predicates: PredicatePolicy[] = []
  private readonly forced = new Forced()
  private isNewPolicy = false
  /** Row 0: the clients that are ready. */
  private readonly joined = new BitRows()
  /** By their bit in rows of clients. */
  private readonly observerAt: (Observer | undefined)[] = []
  private readonly observerOf = new Map<number, Observer>()
  /** Slots whose class has to be looked up again; some more than once. */
  private moves = new Uint32Array(64)
  private moveCount = 0
  /** The chunks of this tick, and their class if they all have the same one. */
  private dealtCount = 0
  private onlyClass = NO_CLASS
  private isOneClass = true
  /** The pairs that clients joining in this update have cost. */
  private joinPairs = 0
  /** Clients that join in this update. */
  private readonly entered: Observer[] = []
  /** Slots that must be decided again in full. */
  private readonly reviews: number[] = []

  constructor(
    private readonly world: World,
    private readonly entities: ServerEntities,
    private readonly errors: ErrorLog,
    private readonly createLeaf: LeafFactory,
  ) {
    this.classes = new InterestClasses([], this.expression, this.joined, false)
  }

  /** Replaces the policy. Views follow with the next update. */
  setPolicy(policy: InterestPolicy): void {
    const before = this.leaves
    this.leaves = []
    this.predicates = []
    this.expression = expressionOf(policy, (one) => this.leafFor(one, before))
    collectPredicates(policy, this.predicates)
    for (const leaf of before) if (!this.leaves.includes(leaf)) leaf.stop()
    this.isNewPolicy = true
  }

  /** The leaves of the policy, in the order of the tree. */
  get cells(): readonly Leaf[] {
    return this.leaves
  }

  observerOfConnection(connection: number): Observer | undefined {
    return this.observerOf.get(connection)
  }

  addObserver(observer: Observer): void {
    let index = 0
    while (this.observerAt[index] !== undefined) index++
    this.observerAt[index] = observer
    observer.view.index = index
    this.observerOf.set(observer.session.entity, observer)
    if (index >= this.joined.words * 32) this.widen(this.joined.words * 2)
  }

  removeObserver(observer: Observer): void {
    const { view } = observer
    if (this.observerAt[view.index] !== observer) return
    const connection = observer.session.entity
    if (observer.joined) this.drop(observer)
    for (const leaf of this.leaves) leaf.forget(connection)
    for (const slot of this.forced.forget(connection)) this.reviews.push(slot)
    this.observerAt[view.index] = undefined
    view.index = -1
    this.observerOf.delete(connection)
  }

  /** Shows an entity to a connection, or hides it; `undefined` leaves it to the policy again. */
  force(slot: number, connection: number, shown: boolean | undefined): void {
    if (shown === undefined) this.forced.clear(slot, connection)
    else this.forced.set(slot, connection, shown)
    this.reviews.push(slot)
  }

  /** Does the same for every connection, and forgets what was set for single ones. */
  forceAll(slot: number, shown: boolean | undefined): void {
    if (shown === undefined) this.forced.clearAll(slot)
    else this.forced.setAll(slot, shown)
    this.reviews.push(slot)
  }

  /** Updates every client's view. `added` slots began, `removed` slots ended, since the last time. */
  update(tick: number, observers: readonly Observer[], added: readonly number[], removed: readonly number[]): void {
    for (let i = 0; i < removed.length; i++) this.end(removed[i]!)
    for (let i = 0; i < added.length; i++) this.begin(added[i]!)
    if (this.isNewPolicy) this.rebuild(observers)
    for (let i = 0; i < this.leaves.length; i++) this.leaves[i]!.update()
    for (let i = 0; i < this.moveCount; i++) this.classify(this.moves[i]!)
    this.moveCount = 0
    for (let i = 0; i < this.reviews.length; i++) this.review(this.reviews[i]!)
    if (this.reviews.length > 0) this.reviews.length = 0
    this.joinPairs = 0
    for (let i = 0; i < observers.length; i++) this.followReadiness(observers[i]!)
    if (this.predicates.length > 0) this.askAgain(tick)
    this.classes.sweep()
    for (let i = 0; i < observers.length; i++) this.settle(observers[i]!)
    for (let i = 0; i < this.entered.length; i++) this.entered[i]!.pending.promise()
    if (this.entered.length > 0) this.entered.length = 0
  }

  /**
   * Gives every client the chunks of the classes that it sees whole. `classOf` is by chunk; chunks of one class follow
   * each other. Where all are of one class, `chunksFor` gives them out instead, so that nothing is done here for each
   * client.
   */
  deal(observers: readonly Observer[], chunkCount: number, classOf: Uint32Array): void {
    this.dealtCount = chunkCount
    this.onlyClass = chunkCount === 0 ? NO_CLASS : classOf[0]!
    this.isOneClass = chunkCount === 0 || classOf[chunkCount - 1] === this.onlyClass
    if (this.isOneClass) return
    for (let i = 0; i < observers.length; i++) observers[i]!.view.chunkCount = 0
    const { bits, words } = this.classes.sure
    const { observerAt } = this
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const row = classOf[chunk]! * words
      for (let w = 0; w < words; w++) {
        for (let who = bits[row + w]!; who !== 0; who &= who - 1) {
          observerAt[(w << 5) + 31 - Math.clz32(who & -who)]!.view.addChunk(chunk)
        }
      }
    }
  }

  /** Completes the chunks of this tick in a client's view. Call it before they are sent to the client. */
  chunksFor({ view }: Observer): void {
    if (!this.isOneClass) return
    view.chunkCount = 0
    if (this.onlyClass === NO_CLASS || !this.classes.sure.has(this.onlyClass, view.index)) return
    for (let chunk = 0; chunk < this.dealtCount; chunk++) view.addChunk(chunk)
  }

  /** Applies a change of owner that is sent now. */
  ownerChanged(slot: number, before: number, now: number): void {
    this.refreshFor(before, slot)
    this.refreshFor(now, slot)
    this.observerOf.get(now)?.pending.prefer(slot)
  }

  /** The squared distance between an entity and a client's viewpoint, for policies that know distances; otherwise 0. */
  distance(observer: Observer, slot: number): number {
    for (let i = 0; i < this.leaves.length; i++) {
      const distance = this.leaves[i]!.distance(observer, slot)
      if (distance > 0) return distance
    }
    return 0
  }

  moved(slot: number): void {
    if (this.moveCount === this.moves.length) this.moves = growTo(this.moves, this.moveCount + 1)
    this.moves[this.moveCount++] = slot
  }

  subscribed(leaf: Leaf, cell: number, observer: Observer): void {
    if (this.isNewPolicy) return
    const { classes } = this
    for (let id = classes.firstClassWith(leaf.index, cell); id !== 0; id = classes.nextClassWith(leaf.index, id)) {
      this.reevaluate(id, observer)
    }
  }

  private begin(slot: number): void {
    const eid = this.entities.eidOf[slot]!
    if (eid === 0) return
    this.blockClassOf = growTo(this.blockClassOf, slot + 1)
    for (let i = 0; i < this.leaves.length; i++) this.leaves[i]!.place(slot, eid)
    this.moved(slot)
  }

  private end(slot: number): void {
    for (let i = 0; i < this.leaves.length; i++) this.leaves[i]!.end(slot)
    if (this.forced.has(slot)) this.reviews.push(slot)
    this.moved(slot)
  }

  private classify(slot: number): void {
    const { classes, forced } = this
    const all = forced.forAll(slot)
    let id = all === undefined ? classes.at(slot) : all ? EVERYONE : NO_CLASS
    if (this.entities.eidOf[slot] === 0) id = NO_CLASS
    const before = classes.classOf[slot] ?? NO_CLASS
    if (id === before) return
    classes.put(slot, id)
    this.blockClassOf[slot] = forced.isPrivate(slot) ? NO_CLASS : id
    this.refreshDifference(slot, before, id)
    this.refreshFor(this.entities.toldOwner[slot]!, slot)
  }

  /** Decides about an entity again, for the clients that surely see only one of two classes, or neither. */
  private refreshDifference(slot: number, a: number, b: number): void {
    const { sure, maybe } = this.classes
    const { words } = sure
    const isForced = this.forced.has(slot)
    for (let w = 0; w < words; w++) {
      let who = sure.bits[a * words + w]! ^ sure.bits[b * words + w]!
      who |= maybe.bits[a * words + w]! | maybe.bits[b * words + w]!
      if (isForced) who = this.joined.bits[w]!
      for (; who !== 0; who &= who - 1) {
        this.refresh(this.observerAt[(w << 5) + 31 - Math.clz32(who & -who)]!, slot)
      }
    }
  }

  /** Decides everything about an entity again. */
  private review(slot: number): void {
    this.blockClassOf = growTo(this.blockClassOf, slot + 1)
    this.classify(slot)
    if (this.entities.eidOf[slot] === 0) this.forced.clearAll(slot)
    const id = this.classes.classOf[slot] ?? NO_CLASS
    this.blockClassOf[slot] = this.forced.isPrivate(slot) ? NO_CLASS : id
    for (const observer of this.observerAt) if (observer?.joined === true) this.refresh(observer, slot)
  }

  private reevaluate(id: number, observer: Observer): void {
    const { classes } = this
    if (!classes.reevaluate(id, observer.view.index)) return
    for (let slot = classes.firstMember(id); slot !== 0; slot = classes.nextMember(slot)) this.refresh(observer, slot)
  }

  private refreshFor(connection: number, slot: number): void {
    if (connection === 0) return
    const observer = this.observerOf.get(connection)
    if (observer?.joined === true) this.refresh(observer, slot)
  }

  /** Decides about one entity and one client that is ready. */
  private refresh(observer: Observer, slot: number): void {
    const { view, session } = observer
    const { entities, classes, forced } = this
    const id = classes.classOf[slot] ?? NO_CLASS
    const sure = classes.sure.has(id, view.index)
    let visible = sure || (classes.maybe.has(id, view.index) && this.asks(this.expression, observer, slot))
    if (forced.has(slot)) visible = forced.get(slot, session.entity) ?? visible
    if (entities.toldOwner[slot] === session.entity) visible = true
    if (entities.eidOf[slot] === 0) visible = false
    view.want(slot, visible)
    if (visible && !(sure && this.blockClassOf[slot] === id)) view.extras.add(slot)
    else view.extras.delete(slot)
  }

  /** Returns what the policy decides for a pair, including the game's predicates. */
  private asks(node: Expression, observer: Observer, slot: number): boolean {
    if (node.kind === 'everyone') return true
    if (node.kind === 'predicate') return this.ask(node.policy, observer, slot)
    if (node.kind === 'leaf') {
      const { leaf } = node
      const cell = leaf.cellOf[slot]!
      if (cell === UNPLACED) return leaf.policy.unplaced === 'everyone'
      return leaf.subscribers.has(cell, observer.view.index)
    }
    const isAll = node.kind === 'all'
    for (let i = 0; i < node.of.length; i++) {
      if (this.asks(node.of[i]!, observer, slot) !== isAll) return !isAll
    }
    return isAll
  }

  /** A predicate that throws changes nothing, and is reported once. */
  private ask(policy: PredicatePolicy, observer: Observer, slot: number): boolean {
    const entity = this.entities.eidOf[slot]!
    if (entity === 0) return false
    const connection = observer.session.entity
    try {
      const answer: unknown = policy.isVisible(this.world, connection, entity)
      if (!isThenable(answer)) return Boolean(answer)
      // A promise does not count as true: it would show every entity to every client.
      answer.then(undefined, () => {})
      throw new UsageError('bad-option', 'it returned a promise, and must answer at once')
    } catch (cause) {
      this.errors.once('predicate-threw', 'interest', `a predicate of interest threw: ${String(cause)}`, entity)
      return observer.view.wanted.has(slot)
    }
  }

  /** Asks the predicates again, for one part of the clients in each tick. */
  private askAgain(tick: number): void {
    const { classes, observerAt } = this
    let interval = Infinity
    for (const policy of this.predicates) interval = Math.min(interval, policy.interval)
    for (let index = 0; index < observerAt.length; index++) {
      const observer = observerAt[index]
      if (observer?.joined !== true || (index + tick) % interval !== 0) continue
      for (let id = 0; id < classes.end; id++) {
        if (!classes.isLive(id) || !classes.maybe.has(id, index)) continue
        for (let slot = classes.firstMember(id); slot !== 0; slot = classes.nextMember(slot)) {
          this.refresh(observer, slot)
        }
      }
    }
  }

  private followReadiness(observer: Observer): void {
    const { session, joined } = observer
    if (session.ready === joined) return
    if (joined) {
      this.drop(observer)
      observer.leaveAll()
    } else if (this.joinPairs < MAX_JOIN_PAIRS) {
      this.joinPairs += this.entities.alive
      this.enter(observer)
    }
  }

  private enter(observer: Observer): void {
    const { classes, entities } = this
    const { view, session } = observer
    observer.joined = true
    this.entered.push(observer)
    this.joined.put(0, view.index, true)
    for (let i = 0; i < this.leaves.length; i++) this.leaves[i]!.join(observer)
    for (let id = EVERYONE; id < classes.end; id++) if (classes.isLive(id)) this.reevaluate(id, observer)
    for (let slot = 1; slot < entities.slots; slot++) {
      if (entities.toldOwner[slot] === session.entity || this.forced.has(slot)) this.refresh(observer, slot)
    }
  }

  /** Removes a client that is no longer ready. */
  private drop(observer: Observer): void {
    const { index } = observer.view
    this.joined.put(0, index, false)
    this.classes.removeClient(index)
    // The client sees no class now, so the leaves change nothing more for it.
    for (let i = 0; i < this.leaves.length; i++) this.leaves[i]!.leave(observer)
    observer.joined = false
    observer.view.clear()
  }

  /** Records the net changes of a view: what was added and removed within this update changes nothing. */
  private settle(observer: Observer): void {
    const { view } = observer
    for (let i = 0; i < view.touchedCount; i++) {
      const slot = view.touched[i]!
      if (view.wanted.has(slot)) observer.enter(slot)
      else observer.leave(slot, this.entities.eidOf[slot] === 0 ? LeaveReason.Destroyed : LeaveReason.Hidden)
    }
    view.touchedCount = 0
  }

  private leafFor(policy: CellPolicy, before: readonly Leaf[]): Leaf {
    const shared = this.leaves.find((leaf) => leaf.policy === policy)
    if (shared !== undefined) return shared
    const kept = before.find((leaf) => leaf.policy === policy)
    const leaf = kept ?? this.createLeaf(policy, this.leaves.length, this.joined.words, this)
    leaf.index = this.leaves.length
    this.leaves.push(leaf)
    return leaf
  }

  /** Places everything again after the policy was replaced. Only net differences are sent. */
  private rebuild(observers: readonly Observer[]): void {
    const { entities, leaves } = this
    for (const observer of observers) {
      if (!observer.joined) continue
      for (const leaf of leaves) leaf.join(observer)
      const { known, pending, view } = observer
      for (let slot = known.next(0); slot >= 0; slot = known.next(slot + 1)) view.touch(slot)
      const { waiting } = pending
      for (let slot = waiting.next(0); slot >= 0; slot = waiting.next(slot + 1)) view.touch(slot)
      observer.view.wanted.clear()
      observer.view.extras.clear()
    }
    this.classes.release()
    this.classes = new InterestClasses(leaves, this.expression, this.joined, this.predicates.length > 0)
    this.isNewPolicy = false
    for (let slot = 1; slot < entities.slots; slot++) {
      const eid = entities.eidOf[slot]!
      if (eid === 0) continue
      for (const leaf of leaves) leaf.place(slot, eid)
      this.reviews.push(slot)
    }
  }

  private widen(words: number): void {
    this.joined.widen(words)
    this.classes.sure.widen(words)
    this.classes.maybe.widen(words)
    for (const leaf of this.leaves) leaf.subscribers.widen(words)
  }
}

function collectPredicates(policy: InterestPolicy, out: PredicatePolicy[]): void {
  if (policy.kind === 'predicate') out.push(policy)
  else if (policy.kind === 'all' || policy.kind === 'any') for (const one of policy.of) collectPredicates(one, out)
}
