// Follows the entities that move through a grid's cells, a spatial hash, and the cells around each client's viewpoint.
import { entityExists, hasComponent, observe, onAdd, onRemove, type World } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import type { ComponentSets } from '../../protocol/component-sets.js'
import type { ChangeTracker } from '../server/change-tracker.js'
import type { Observer } from '../server/observer.js'
import type { ServerEntities } from '../server/server-entities.js'
import { SlotSet } from '../slot-set.js'
import type { GridPolicy } from './grid-policy.js'
import { Leaf, type LeafListener, UNPLACED } from './leaf.js'
import { Positions } from './positions.js'
import { Surroundings } from './surroundings.js'

/** What grids need of the world's replication. */
export interface GridContext {
  readonly world: World
  readonly entities: ServerEntities
  readonly tracker: ChangeTracker
  readonly sets: ComponentSets
}

/** Cells are numbered from the origin up to here, on both sides; everything further out is in the last one. */
const LAST_CELL = 2 ** 30

/** The viewpoint of a client whose entity has ended: it still sees what is around the place. */
const NOTHING = 0

/** A client's viewpoint: an entity, or a place. */
export type Viewpoint = number | readonly number[]

export class GridLeaf extends Leaf {
  readonly positions: Positions
  /** The id of the replicated component that holds positions, or -1. */
  private readonly component: number
  /** Entities with a position, where that is not tracked. */
  private readonly placed = new SlotSet()
  /** Slots that gained or lost the component. */
  private readonly restless = new SlotSet()
  /** By connection: its viewpoint, where that is not its player. */
  private readonly viewpoints = new Map<number, Viewpoint>()
  /** Entities that are viewpoints, and some that were. */
  private readonly lookedAt = new Set<number>()
  private readonly watchers: Surroundings[] = []
  /** The same, by the client's bit in rows of clients. */
  private readonly watcherAt: (Surroundings | undefined)[] = []
  private readonly stops: (() => void)[]
  private readonly margin: number
  /** The coordinates of the viewpoint's entity. */
  private readonly spot: Float64Array

  constructor(
    override readonly policy: GridPolicy,
    index: number,
    words: number,
    listener: LeafListener,
    private readonly context: GridContext,
  ) {
    super(policy, index, policy.axes.length, words, listener)
    const { position, axes, hysteresis } = policy
    this.positions = new Positions(position, axes)
    this.margin = hysteresis / 8
    this.spot = new Float64Array(axes.length)
    this.component = context.tracker.components.findIndex(({ store, columns }) => {
      return store === position && axes.every((axis) => columns.some(({ field }) => field.name === axis))
    })
    const touch = (eid: number): void => {
      const slot = context.entities.slotOfEntity(eid)
      if (slot !== 0) this.restless.add(slot)
    }
    this.stops = [onAdd(position), onRemove(position)].map((event) => observe(context.world, event, touch))
    this.stops.push(observe(context.world, onRemove(position), (eid: number) => this.loseSightOf(eid)))
  }

  place(slot: number, eid: number): void {
    this.restless.delete(slot)
    if (hasComponent(this.context.world, eid, this.policy.position)) this.follow(slot, eid)
    else this.move(slot, UNPLACED)
  }

  override end(slot: number): void {
    this.restless.delete(slot)
    this.move(slot, UNPLACED)
  }

  update(): void {
    const { restless } = this
    const { eidOf } = this.context.entities
    for (let slot = restless.next(0); slot >= 0; slot = restless.next(slot + 1)) this.place(slot, eidOf[slot]!)
    if (this.component >= 0) this.followTracked()
    else this.followPlaced()
    for (let i = 0; i < this.watchers.length; i++) this.watch(this.watchers[i]!)
  }

  join(observer: Observer): void {
    if (this.watcherAt[observer.view.index] !== undefined) return
    const watcher = new Surroundings(observer, this.policy)
    this.watchers.push(watcher)
    this.watcherAt[observer.view.index] = watcher
    this.watch(watcher)
  }

  leave(observer: Observer): void {
    const watcher = this.watcherAt[observer.view.index]
    if (watcher === undefined) return
    this.watcherAt[observer.view.index] = undefined
    this.watchers.splice(this.watchers.indexOf(watcher), 1)
    for (const cell of watcher.take()) this.unsubscribe(cell, observer)
  }

  forget(connection: number): void {
    this.viewpoints.delete(connection)
  }

  stop(): void {
    for (const stop of this.stops) stop()
  }

  /** Sets a connection's viewpoint; `undefined` is its player. */
  look(connection: number, viewpoint: Viewpoint | undefined): void {
    if (viewpoint === undefined) this.viewpoints.delete(connection)
    else this.viewpoints.set(connection, viewpoint)
    if (typeof viewpoint === 'number') this.lookedAt.add(viewpoint)
  }

  /**
   * Ends the use of an entity as a viewpoint, because it ends or lost its position. Another entity may get its id at
   * once.
   */
  private loseSightOf(eid: number): void {
    if (!this.lookedAt.delete(eid)) return
    for (const [connection, viewpoint] of this.viewpoints) {
      if (viewpoint === eid) this.viewpoints.set(connection, NOTHING)
    }
  }

  override distance(observer: Observer, slot: number): number {
    const watcher = this.watcherAt[observer.view.index]
    if (watcher === undefined || (this.cellOf[slot] ?? UNPLACED) === UNPLACED) return 0
    return watcher.distanceTo(this.positions, this.context.entities.eidOf[slot]!)
  }

  /** Follows the entities whose position changed in this tick. */
  private followTracked(): void {
    const { tracker, sets, entities } = this.context
    const { dirty, changed } = tracker
    const { component } = this
    for (let slot = dirty.next(0); slot >= 0; slot = dirty.next(slot + 1)) {
      const eid = entities.eidOf[slot]!
      if (eid !== 0 && sets.has(changed[slot]!, component)) this.follow(slot, eid)
    }
  }

  /** Follows all entities, where nothing reports which have moved. */
  private followPlaced(): void {
    const { placed } = this
    const { eidOf } = this.context.entities
    for (let slot = placed.next(0); slot >= 0; slot = placed.next(slot + 1)) this.follow(slot, eidOf[slot]!)
  }

  /** Puts an entity into its current cell. One whose position is NaN stays where it is. */
  private follow(slot: number, eid: number): void {
    const { spot, cells, margin } = this
    const { cellSize } = this.policy
    const { width, key } = cells
    const cell = this.cellOf[slot] ?? UNPLACED
    this.positions.read(eid, spot)
    let isOut = cell === UNPLACED
    for (let axis = 0; axis < width && !isOut; axis++) {
      const from = spot[axis]! - cells.at(cell, axis) * cellSize
      isOut = from < -margin || from >= cellSize + margin
    }
    if (!isOut) return
    for (let axis = 0; axis < width; axis++) {
      // NaN becomes 0.
      key[axis] = Math.max(-LAST_CELL, Math.min(LAST_CELL, Math.floor(spot[axis]! / cellSize))) | 0
    }
    this.move(slot, cells.intern())
  }

  private move(slot: number, cell: number): void {
    if (cell === UNPLACED) this.placed.delete(slot)
    else if (this.component < 0) this.placed.add(slot)
    this.setCell(slot, cell)
  }

  /** Follows one client's viewpoint. */
  private watch(watcher: Surroundings): void {
    if (!this.findViewpoint(watcher)) return
    const { cells } = this
    const { observer, from, to } = watcher
    for (let i = watcher.count - 1; i >= 0; i--) {
      const cell = watcher.cells[i]!
      if (watcher.keeps(cells, cell)) continue
      watcher.removeAt(i)
      this.unsubscribe(cell, observer)
    }
    const { key, width } = cells
    const isFlat = width === 2
    for (let x = from[0]!; x <= to[0]!; x++) {
      for (let y = from[1]!; y <= to[1]!; y++) {
        for (let z = isFlat ? 0 : from[2]!; z <= (isFlat ? 0 : to[2]!); z++) {
          if (!watcher.reaches(x, y, z)) continue
          key[0] = x
          key[1] = y
          if (!isFlat) key[2] = z
          const cell = cells.intern()
          if (this.sees(cell, observer)) continue
          this.subscribe(cell, observer)
          watcher.add(cell)
        }
      }
    }
  }

  /** Moves a client's anchor to its viewpoint. Returns whether it moved. */
  private findViewpoint(watcher: Surroundings): boolean {
    const connection = watcher.observer.session.entity
    const viewpoint = this.viewpoints.get(connection) ?? Connection.player[connection] ?? 0
    if (typeof viewpoint !== 'number') return watcher.moveToPlace(viewpoint)
    return this.hasPosition(viewpoint) && watcher.moveTo(this.positions, viewpoint)
  }

  private hasPosition(eid: number): boolean {
    const { world, entities } = this.context
    const slot = entities.slotOfEntity(eid)
    if (slot !== 0) return (this.cellOf[slot] ?? UNPLACED) !== UNPLACED
    return eid !== 0 && entityExists(world, eid) && hasComponent(world, eid, this.policy.position)
  }
}
