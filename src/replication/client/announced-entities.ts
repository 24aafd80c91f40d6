// Keeps the announced entities: a client knows their names because another entity names them, and their spawns follow.
//
// Each already has its local entity, so references resolve to their final target. Nothing else shows it before its
// spawn.
import { slotOf } from '../../protocol/net-id.js'

export interface Announced {
  readonly netId: number
  /** The local entity, or 0 once the game has removed it. */
  entity: number
  /** The entity is the game's own, and its spawn key stands for the server's. */
  readonly isOwn: boolean
}

export class AnnouncedEntities {
  private readonly bySlot = new Map<number, Announced>()
  private readonly byEntity = new Map<number, Announced>()

  get size(): number {
    return this.bySlot.size
  }

  add(announced: Announced): void {
    this.bySlot.set(slotOf(announced.netId), announced)
    this.byEntity.set(announced.entity, announced)
  }

  at(slot: number): Announced | undefined {
    return this.bySlot.get(slot)
  }

  /** Forgets the announcement in a slot, and returns it. */
  take(slot: number): Announced | undefined {
    const announced = this.bySlot.get(slot)
    if (announced === undefined) return undefined
    this.bySlot.delete(slot)
    this.byEntity.delete(announced.entity)
    return announced
  }

  /** Notes that the game has removed a local entity. Returns whether it was announced. */
  drop(entity: number): boolean {
    const announced = this.byEntity.get(entity)
    if (announced === undefined) return false
    this.byEntity.delete(entity)
    announced.entity = 0
    return true
  }

  entityOf(netId: number): number {
    const announced = this.bySlot.get(slotOf(netId))
    return announced?.netId === netId ? announced.entity : 0
  }

  netIdOf(entity: number): number {
    return this.byEntity.get(entity)?.netId ?? 0
  }

  /** The slots that are announced, the newest first. */
  slots(): number[] {
    return [...this.bySlot.keys()].reverse()
  }
}
