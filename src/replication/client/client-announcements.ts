// Reads the server's announcements: the net ids of entities that are spawned later, but that other entities name
// already.
import { addEntity, removeEntity, type World } from 'bitecs'
import type { ByteReader } from '../../protocol/bytes.js'
import { MAX_SPAWN_KEY_BYTES } from '../../protocol/limits.js'
import { readNetId, slotOf } from '../../protocol/net-id.js'
import type { Announced } from './announced-entities.js'
import type { ClientCopies } from './client-copies.js'
import type { ClientEntities } from './client-entities.js'
import type { LocalSpawns } from './local-spawns.js'

export class ClientAnnouncements {
  constructor(
    private readonly world: World,
    private readonly entities: ClientEntities,
    private readonly copies: ClientCopies,
    private readonly locals: LocalSpawns,
    /** Ends the entity at an index, because another one has its spawn key. */
    private readonly replace: (index: number) => void,
  ) {}

  check(reader: ByteReader): void {
    if (slotOf(readNetId(reader)) === 0) reader.fail()
    reader.string(MAX_SPAWN_KEY_BYTES)
  }

  /** Applies an announcement that was checked. Skips an entity that has been spawned or announced already. */
  apply(reader: ByteReader): void {
    const { entities, locals } = this
    const { announced } = entities
    const netId = readNetId(reader)
    const key = reader.string(MAX_SPAWN_KEY_BYTES)
    const slot = slotOf(netId)
    if (entities.indexOf(slot) !== 0 || announced.at(slot)?.netId === netId) return
    this.end(slot, true)
    const former = key === '' ? 0 : locals.indexOf(key)
    if (former !== 0) this.replace(former)
    const own = key === '' ? 0 : locals.take(key)
    // Another announcement with this key is about to be withdrawn.
    const other = announced.netIdOf(own)
    if (other !== 0) announced.take(slotOf(other))
    const entity = own === 0 ? addEntity(this.world) : own
    this.copies.arrive(entity)
    announced.add({ netId, entity, isOwn: own !== 0 })
    entities.version++
  }

  /**
   * Ends the announcement of `netId`, which is being spawned. `own` is the game's own entity that claims its key, or 0.
   * Returns the entity that the spawn begins on, or 0, and whether it is the game's own.
   */
  settle(netId: number, own: number): { entity: number; isOwn: boolean } {
    const { announced } = this.entities
    const there = announced.at(slotOf(netId))
    if (there === undefined) return { entity: own, isOwn: own !== 0 }
    announced.take(slotOf(netId))
    const isTaken = there.netId === netId && there.entity !== 0 && (own === 0 || own === there.entity)
    if (isTaken) return there
    if (there.entity !== own) this.remove(there, true)
    return { entity: own, isOwn: own !== 0 }
  }

  /** Withdraws the announcement in a slot. Returns whether there was one. */
  end(slot: number, isDestroyed: boolean): boolean {
    const there = this.entities.announced.take(slot)
    if (there === undefined) return false
    this.remove(there, isDestroyed)
    return true
  }

  /** Withdraws all announcements. */
  endAll(): void {
    for (const slot of this.entities.announced.slots()) this.end(slot, false)
  }

  private remove({ entity, isOwn }: Announced, isDestroyed: boolean): void {
    if (entity === 0) return
    this.entities.version++
    // An entity of a scene existed before the server's, and exists when that returns.
    if (isOwn && !isDestroyed && this.locals.isScene(entity)) this.copies.leave(entity)
    else this.copies.guard(() => removeEntity(this.world, entity))
  }
}
