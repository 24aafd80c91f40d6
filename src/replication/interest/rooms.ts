// Keeps the room of each entity, and the rooms of each connection.
import { growTo } from '../slot-set.js'
import type { Observer } from '../server/observer.js'
import { Leaf, type LeafListener, UNPLACED } from './leaf.js'
import type { RoomName, RoomsPolicy } from './rooms-policy.js'

export class RoomsLeaf extends Leaf {
  private readonly numbers = new Map<RoomName, number>()
  /** By cell. */
  private readonly names: (RoomName | undefined)[] = []
  private nextNumber = 1
  /** By connection: the cells of its rooms, in the order in which it joined them. */
  private readonly joined = new Map<number, Set<number>>()

  constructor(
    override readonly policy: RoomsPolicy,
    index: number,
    words: number,
    listener: LeafListener,
  ) {
    super(policy, index, 1, words, listener)
  }

  place(slot: number): void {
    this.cellOf = growTo(this.cellOf, slot + 1)
  }

  update(): void {}

  stop(): void {}

  /** Moves an entity into a room, or out of all. */
  assign(slot: number, room: RoomName | undefined): void {
    this.setCell(slot, room === undefined ? UNPLACED : this.cellNamed(room))
  }

  roomOf(slot: number): RoomName | undefined {
    return this.names[this.cellOf[slot] ?? UNPLACED]
  }

  roomsOf(connection: number): RoomName[] {
    return [...(this.joined.get(connection) ?? [])].map((cell) => this.names[cell]!)
  }

  /** Adds a connection to a room; `observer` is its view. */
  enter(connection: number, observer: Observer, room: RoomName): void {
    const cell = this.cellNamed(room)
    let joined = this.joined.get(connection)
    if (joined === undefined) this.joined.set(connection, (joined = new Set()))
    if (joined.has(cell)) return
    joined.add(cell)
    this.hold(cell)
    if (observer.joined) this.subscribe(cell, observer)
  }

  exit(connection: number, observer: Observer, room: RoomName): void {
    const cell = this.find(room)
    if (this.joined.get(connection)?.delete(cell) !== true) return
    if (observer.joined) this.unsubscribe(cell, observer)
    this.letGo(cell)
  }

  join(observer: Observer): void {
    for (const cell of this.joined.get(observer.session.entity) ?? []) this.subscribe(cell, observer)
  }

  leave(observer: Observer): void {
    for (const cell of this.joined.get(observer.session.entity) ?? []) this.unsubscribe(cell, observer)
  }

  forget(connection: number): void {
    const joined = this.joined.get(connection)
    if (joined === undefined) return
    this.joined.delete(connection)
    for (const cell of joined) this.letGo(cell)
  }

  protected override forgetCell(cell: number): void {
    this.numbers.delete(this.names[cell]!)
    this.names[cell] = undefined
  }

  private find(room: RoomName): number {
    this.cells.key[0] = this.numbers.get(room) ?? 0
    return this.cells.find()
  }

  private cellNamed(room: RoomName): number {
    let number = this.numbers.get(room)
    if (number === undefined) {
      number = this.nextNumber++
      this.numbers.set(room, number)
    }
    this.cells.key[0] = number
    const cell = this.cells.intern()
    this.names[cell] = room
    return cell
  }
}
