// Keeps the exceptions to the policy: entities that the game shows to, or hides from, single clients or all of them.

import { SlotSet } from '../slot-set.js'

export class Forced {
  /** The slots with any exception. */
  private readonly slots = new SlotSet()
  /** By slot: by connection: shown or hidden. */
  private readonly pairs = new Map<number, Map<number, boolean>>()
  /** By slot: shown to all, or hidden from all. */
  private readonly all = new Map<number, boolean>()

  /** The exception for a pair, else the one for all clients, else undefined. */
  get(slot: number, connection: number): boolean | undefined {
    return this.pairs.get(slot)?.get(connection) ?? this.all.get(slot)
  }

  forAll(slot: number): boolean | undefined {
    return this.all.get(slot)
  }

  /** Returns whether an entity has an exception. */
  has(slot: number): boolean {
    return this.slots.has(slot)
  }

  /** Returns whether it is hidden from any client that the shared blocks of its class could reach. */
  isPrivate(slot: number): boolean {
    if (this.all.get(slot) === false) return true
    const pairs = this.pairs.get(slot)
    if (pairs === undefined) return false
    for (const shown of pairs.values()) if (!shown) return true
    return false
  }

  set(slot: number, connection: number, shown: boolean): void {
    const pairs = this.pairs.get(slot)
    if (pairs === undefined) this.pairs.set(slot, new Map([[connection, shown]]))
    else pairs.set(connection, shown)
    this.slots.add(slot)
  }

  setAll(slot: number, shown: boolean): void {
    this.pairs.delete(slot)
    this.all.set(slot, shown)
    this.slots.add(slot)
  }

  clear(slot: number, connection: number): void {
    const pairs = this.pairs.get(slot)
    if (pairs?.delete(connection) === true && pairs.size === 0) this.pairs.delete(slot)
    if (!this.pairs.has(slot) && !this.all.has(slot)) this.slots.delete(slot)
  }

  clearAll(slot: number): void {
    this.pairs.delete(slot)
    this.all.delete(slot)
    this.slots.delete(slot)
  }

  /** Forgets a connection that has ended. Returns the entities with an exception for it. */
  forget(connection: number): number[] {
    const slots = [...this.pairs.keys()].filter((slot) => this.pairs.get(slot)!.has(connection))
    for (const slot of slots) this.clear(slot, connection)
    return slots
  }
}
