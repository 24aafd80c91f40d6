// A leaf of the tree of policies at work: it places entities in cells, and says which cells each client sees.
import { growTo } from '../slot-set.js'
import type { Observer } from '../server/observer.js'
import { BitRows } from './bit-rows.js'
import type { CellPolicy } from './policies.js'
import { TupleTable } from './tuple-table.js'

/** The cell of an entity that the leaf has no place for. */
export const UNPLACED = 0

/** What a leaf tells. */
export interface LeafListener {
  /** An entity changed its cell. */
  moved(slot: number): void
  /** A client began, or ceased, to see a cell. */
  subscribed(leaf: Leaf, cell: number, observer: Observer): void
}

export abstract class Leaf {
  /** By slot. */
  cellOf = new Uint32Array(64)
  /** By cell: the clients that see it. */
  readonly subscribers: BitRows
  readonly cells: TupleTable
  /** By cell: how many slots, classes and clients hold it. One that nobody holds is given back. */
  private holders = new Uint32Array(16)

  /** `width`: the integers that a cell is named by. */
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
  /** Once per tick: follows what moved. */
  abstract update(): void
  /** A client takes part from now on: it sees its cells. */
  abstract join(observer: Observer): void
  /** A client takes no part any more; nothing needs to be told. */
  abstract leave(observer: Observer): void
  /** A connection has ended: what is kept of it is forgotten. */
  abstract forget(connection: number): void
  /** The policy is used no more. */
  abstract stop(): void

  /** How far an entity is from what a client looks at, squared; 0 where the policy knows no distance. */
  distance(_observer: Observer, _slot: number): number {
    return 0
  }

  /** An entity has ended. */
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

  /** A cell is nobody's any more. */
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
