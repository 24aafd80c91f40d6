// Keeps the ids of ended entities from being reused while an event that systems can read still names them.
//
// bitECS keeps the free ids in one array, after those in use. A held id is removed from that array, so that no entity
// gets it, and put back when the events of its frame are withdrawn. To bitECS and to the game its entity is simply
// gone.
import { $internal, addEntity, type createEntityIndex, observe, onRemove, removeEntity, type World } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { Networked } from '../../components/networked.js'
import { MAX_GATHERED } from './published-queue.js'
import { growTo } from './slot-set.js'

type EntityIndex = ReturnType<typeof createEntityIndex>

/** The place of a held id among the ids of bitECS: beyond any id in use, so it is neither in use nor free. */
const NOWHERE = 2 ** 30 - 1

/** A side of a host's world counts as stopped, and holds no ids, after the other side has published this often. */
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
  /** The ids of the world, from which the held ones were removed. */
  private index: EntityIndex
  /** Held ids and the stamp of each, oldest first, from `start` to `end`. */
  private ids = new Uint32Array(64)
  private stamps = new Uint32Array(64)
  private start = 0
  private end = 0
  /** By entity: when an event last named one that ended. */
  private named = new Uint32Array(64)
  /** Entities that ended while `remove` runs. */
  private readonly ended: number[] = []
  private removing = 0

  constructor(private readonly world: World) {
    this.index = indexOf(world)
    const note = (eid: number): void => {
      this.named = growTo(this.named, eid + 1)
      this.named[eid] = this.stamp
      if (this.removing > 0) this.ended.push(eid)
    }
    observe(world, onRemove(Networked), note)
    observe(world, onRemove(Connection), note)
  }

  /** The number of held ids. */
  get count(): number {
    return this.end - this.start
  }

  /**
   * Makes an entity whose id no event names. The game's arrays have room for ids below `capacity`; if only held ids are
   * left below it, they are released.
   */
  add(capacity = Infinity): number {
    this.follow()
    while (this.isNamed(this.next)) this.hold(this.next)
    if (this.next >= capacity && this.count > 0) {
      this.releaseAll()
      this.preferBelow(capacity)
    }
    return addEntity(this.world)
  }

  /** Removes an entity. Holds its id, and those of entities that bitECS removes with it, where events name them. */
  remove(eid: number): void {
    this.removing++
    try {
      removeEntity(this.world, eid)
    } finally {
      this.removing--
    }
    this.follow()
    if (this.isNamed(eid)) this.hold(eid)
    if (this.removing > 0) return
    for (let i = 0; i < this.ended.length; i++) this.hold(this.ended[i]!)
    this.ended.length = 0
  }

  /** Notes that one side's events were published and replaced those published before. */
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

  /** Releases all ids: the world may never publish again. */
  releaseAll(): void {
    while (this.count > 0) this.releaseOldest()
    this.start = this.end = 0
  }

  /** Forgets the gathered events, so that none of them names an ended entity. */
  forget(): void {
    this.horizon = this.stamp++
    this.releaseAll()
  }

  /** The id of the next entity. */
  private get next(): number {
    const { dense, aliveCount, maxId } = this.index
    return aliveCount < dense.length ? dense[aliveCount]! : maxId + 1
  }

  /** Gives the next entity an id below `capacity`, if one is free. */
  private preferBelow(capacity: number): void {
    const { dense, aliveCount } = this.index
    for (let i = aliveCount; i < dense.length; i++) if (dense[i]! < capacity) return this.exchange(i, aliveCount)
  }

  /** Exchanges two free ids. */
  private exchange(a: number, b: number): void {
    const { dense, sparse } = this.index
    const id = dense[a]!
    dense[a] = dense[b]!
    dense[b] = id
    sparse[dense[a]!] = a
    sparse[id] = b
  }

  private isNamed(eid: number): boolean {
    return (this.named[eid] ?? 0) > this.horizon
  }

  /** Holds a free id. An id that is in use, or already held, stays as it is. */
  private hold(eid: number): void {
    const { dense, sparse, aliveCount } = this.index
    const at = sparse[eid] ?? NOWHERE
    if (at < aliveCount || dense[at] !== eid) return
    if (this.count >= MAX_GATHERED) this.releaseOldest()
    this.exchange(at, dense.length - 1)
    dense.pop()
    sparse[eid] = NOWHERE
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
    const { dense, sparse } = this.index
    const eid = this.ids[this.start++]!
    sparse[eid] = dense.push(eid) - 1
  }

  /** Picks up the new ids that `resetWorld` of bitECS gives a world. */
  private follow(): void {
    const index = indexOf(this.world)
    if (index === this.index) return
    this.releaseAll()
    this.index = index
    this.named.fill(0)
  }
}

function indexOf(world: World): EntityIndex {
  return (world as unknown as { [$internal]: { entityIndex: EntityIndex } })[$internal].entityIndex
}

const byWorld = new WeakMap<World, HeldIds>()

/** The held ids of a world. */
export function heldIdsOf(world: World): HeldIds {
  let held = byWorld.get(world)
  if (held === undefined) byWorld.set(world, (held = new HeldIds(world)))
  return held
}
