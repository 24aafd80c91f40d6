// Keeps the ids of removed entities from being handed out again while an event that systems can read still names them.
//
// bitECS hands out the id that was freed last. So an entity that is removed and followed at once by a new, empty one keeps its
// id taken: this placeholder is removed when the events of its frame are withdrawn. Everything else goes as in bitECS: the
// observers have run, and the entity is in no query of the game.
import {
  addComponent,
  addEntity,
  entityExists,
  hasComponent,
  observe,
  onRemove,
  removeEntity,
  type World,
} from 'bitecs'
import { Connection } from '../../components/connection.js'
import { Networked } from '../../components/networked.js'
import { MAX_GATHERED } from './published-queue.js'
import { growTo } from './slot-set.js'

/** On a placeholder, and on nothing else. */
const Held = {}

/** Publishes of one side of a host's world after which the other side counts as stopped, and holds no ids. */
const MAX_LAG = 64

/** When the events of one side were published, in stamps. */
class PublishTimes {
  /** Events up to this stamp have been published. */
  published = 0
  /** Events up to this stamp have been withdrawn. */
  withdrawn = 0
  /** How often the other side has published since; Infinity before the first time. */
  lag = Infinity
}

export class HeldIds {
  private readonly times = { server: new PublishTimes(), client: new PublishTimes() }
  /** The time, counted in publishes of either side. */
  private stamp = 1
  /** Events up to this stamp have been withdrawn on every side. */
  private horizon = 0
  /** Placeholders and when they were made, oldest first, from `start` to `end`. One that the game has removed is listed too. */
  private ids = new Uint32Array(64)
  private stamps = new Uint32Array(64)
  private start = 0
  private end = 0
  /** By entity: when an event last named one that ended. */
  private named = new Uint32Array(64)
  /** Entities that ended since `remove` began. */
  private ended = 0

  constructor(private readonly world: World) {
    const note = (eid: number): void => {
      this.ended++
      this.named = growTo(this.named, eid + 1)
      this.named[eid] = this.stamp
    }
    observe(world, onRemove(Networked), note)
    observe(world, onRemove(Connection), note)
  }

  /** How many ids are held. */
  get count(): number {
    return this.end - this.start
  }

  /**
   * Makes an entity whose id no event names. The game's arrays have room for ids below `capacity`: where held ids are all that
   * is left of it, they are given up.
   */
  add(capacity = Infinity): number {
    let eid = addEntity(this.world)
    while (eid < capacity && this.isNamed(eid)) {
      this.hold(eid)
      eid = addEntity(this.world)
    }
    if (eid < capacity || this.count === 0) return eid
    removeEntity(this.world, eid)
    this.releaseAll()
    return addEntity(this.world)
  }

  /** Removes an entity, and holds its id and those of entities that bitECS removes with it. */
  remove(eid: number): void {
    if (hasComponent(this.world, eid, Held)) return
    const before = this.ended
    removeEntity(this.world, eid)
    this.take((id) => id === eid)
    // The ids freed last come first, so the loop ends at the first that is not one of them.
    for (let i = this.ended - before; i > 0 && this.take((id) => this.isNamed(id)); i--);
  }

  /** One side's events were published, in place of those published before. */
  publish(side: 'server' | 'client'): void {
    const own = this.times[side]
    const other = this.times[side === 'server' ? 'client' : 'server']
    own.withdrawn = own.published
    own.published = this.stamp++
    own.lag = 0
    other.lag++
    this.horizon = other.lag > MAX_LAG ? own.withdrawn : Math.min(own.withdrawn, other.withdrawn)
    while (this.count > 0 && this.stamps[this.start]! <= this.horizon) this.releaseOldest()
    if (this.count === 0) this.start = this.end = 0
  }

  /** Gives all ids up: the world may never publish again. */
  releaseAll(): void {
    while (this.count > 0) this.releaseOldest()
    this.start = this.end = 0
  }

  /** The events were thrown away, so nothing names an ended entity. */
  forget(): void {
    this.horizon = this.stamp++
    this.releaseAll()
  }

  private isNamed(eid: number): boolean {
    return (this.named[eid] ?? 0) > this.horizon
  }

  /** Holds the next free id if it is wanted. Else it is free again: an observer, or another world, has taken the right one. */
  private take(isWanted: (eid: number) => boolean): boolean {
    const eid = addEntity(this.world)
    if (isWanted(eid)) {
      this.hold(eid)
      return true
    }
    removeEntity(this.world, eid)
    return false
  }

  private hold(eid: number): void {
    if (this.count >= MAX_GATHERED) this.releaseOldest()
    addComponent(this.world, eid, Held)
    if (this.start > 64 && this.start * 2 > this.end) {
      this.ids.copyWithin(0, this.start, this.end)
      this.stamps.copyWithin(0, this.start, this.end)
      this.end -= this.start
      this.start = 0
    }
    this.ids = growTo(this.ids, this.end + 1)
    this.stamps = growTo(this.stamps, this.end + 1)
    this.ids[this.end] = eid
    this.stamps[this.end++] = this.stamp
  }

  private releaseOldest(): void {
    const eid = this.ids[this.start++]!
    // The game may have removed a placeholder by a number that it kept; the id may be another entity's since.
    if (hasComponent(this.world, eid, Held)) removeEntity(this.world, eid)
  }
}

const byWorld = new WeakMap<World, HeldIds>()

/** The held ids of a world. */
export function heldIdsOf(world: World): HeldIds {
  let held = byWorld.get(world)
  if (held === undefined) byWorld.set(world, (held = new HeldIds(world)))
  return held
}

/** Whether there is such an entity; a placeholder is none. */
export function isThere(world: World, eid: number): boolean {
  return entityExists(world, eid) && !hasComponent(world, eid, Held)
}
