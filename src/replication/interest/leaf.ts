// Places entities in cells for one leaf of the tree of policies, and decides which cells each client sees.
import { growTo } from '../slot-set.js'
import type { Observer } from '../server/observer.js'
import { BitRows } from './bit-rows.js'
import type { CellPolicy } from './policies.js'
import { TupleTable } from './tuple-table.js'

/** The cell of an entity that the leaf does not place. */
export const UNPLACED = 0

/** Receives the changes of a leaf. */
export interface LeafListener {
  /** An entity changed its cell. */
  moved(slot: number): void
  /** A client began or stopped to see a cell. */
  subscribed(leaf: Leaf, cell: number, observer: Observer): void
}

export abstract class Leaf {
  /** By slot. */
  cellOf = new Uint32Array(64)
  /** By cell: the clients that see it. */
  readonly subscribers: BitRows
  readonly cells: TupleTable
  /** By cell: how many slots, classes and clients hold it. A cell without holders is released. */
  private holders = new Uint32Array(16)

  /** `width`: the number of integers that name a cell. */
  constructor(
    readonly policy: CellPolicy,
    /** Its place among the leaves. */
    public index: number,
    width: number,
    words: number,
    protected readonly listener: LeafListener,
  ) {
    this.cells = new TupleTable(width)
    this.subscribers = new BitRows(words)
  }

  /** Places an entity that begins. */
  abstract place(slot: number, eid: number): void
  /** Follows what moved, once per tick. */
  abstract update(): void
  /** Shows its cells to a client that is ready now. */
  abstract join(observer: Observer): void
  /** Removes a client that is no longer ready, without notifying the listener. */
  abstract leave(observer: Observer): void
  /** Forgets everything about a connection that has ended. */
  abstract forget(connection: number): void
  /** Stops, because the policy is no longer used. */
  abstract stop(): void

  /** The squared distance between an entity and a client's viewpoint; 0 where the policy knows no distance. */
  distance(_observer: Observer, _slot: number): number {
    return 0
  }

  /** Removes an entity that has ended. */
  end(slot: number): void {
    this.setCell(slot, UNPLACED)
  }

  hold(cell: number): void {
    if (cell === UNPLACED) return
    this.holders = growTo(this.holders, cell + 1)
    this.subscribers.reserve(cell + 1)
    this.holders[cell]!++
  }

  letGo(cell: number): void {
    if (cell === UNPLACED || --this.holders[cell]! > 0) return
    this.cells.release(cell)
    this.forgetCell(cell)
  }

  /** Forgets a cell without holders. */
  protected forgetCell(_cell: number): void {}

  /** Puts an entity into a cell. */
  protected setCell(slot: number, cell: number): void {
    this.cellOf = growTo(this.cellOf, slot + 1)
    const before = this.cellOf[slot]!
    if (before === cell) return
    this.cellOf[slot] = cell
    this.hold(cell)
    this.letGo(before)
    this.listener.moved(slot)
  }

  protected sees(cell: number, observer: Observer): boolean {
    return this.subscribers.has(cell, observer.view.index)
  }

  protected subscribe(cell: number, observer: Observer): void {
    this.subscribers.reserve(cell + 1)
    if (!this.subscribers.put(cell, observer.view.index, true)) return
    this.hold(cell)
    this.listener.subscribed(this, cell, observer)
  }

  protected unsubscribe(cell: number, observer: Observer): void {
    if (!this.subscribers.put(cell, observer.view.index, false)) return
    this.listener.subscribed(this, cell, observer)
    this.letGo(cell)
  }
}
