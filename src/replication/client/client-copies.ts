// Begins and ends a client's copy of an entity: adds and removes components, the game's hook and the library's tags, in
// a fixed order.
//
// Every step runs observers of the game; an error that one throws stops nothing.
import { addComponent, entityExists, hasComponent, observe, onRemove, removeComponent, type World } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import { LocalPlayer, Networked, Owned } from '../../../components/networked.js'
import { Predicted } from '../../../components/spawning.js'
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { NO_PREFAB } from '../../protocol/prefab.js'
import type { Protocol } from '../../protocol/protocol.js'
import { PrefabInstances } from './prefab-instances.js'
import { put } from '../slot-set.js'

export type DespawnReason = 'destroyed' | 'hidden' | 'replaced' | 'disconnected'

/**
 * Tags a copy until it is networked. bitECS removes the tag with the entity, so another entity with the id lacks it.
 */
const Arriving = {}

/** What the copies of one client need. */
export interface CopiesOptions {
  readonly world: World
  readonly protocol: Protocol
  readonly entities: EntityMapper
  /** The one connection entity of this world. */
  readonly connection: number
  readonly counters: Counters
  readonly errors: ErrorLog
  /** Runs when the game removes `Networked` from a copy. */
  readonly dropped: (eid: number) => void
}

export class ClientCopies {
  readonly prefabs: PrefabInstances
  /** By prefab: its components that are not replicated, so that no spawn carries them. */
  private readonly localComponents: readonly (readonly object[])[]
  /** By entity of the client's own: those of them that it had before it stood for the server's. */
  private readonly ownComponents = new Map<number, readonly object[]>()
  /** The entity that the library is ending here, or 0: its `onRemove` is not the game's doing. */
  private ending = 0
  /** The entity that has just arrived, or 0: removing its `Arriving` is not the game's doing. */
  private arrived = 0

  private readonly world: World
  private readonly connection: number
  private readonly counters: Counters
  private readonly errors: ErrorLog

  constructor({ world, protocol, entities, connection, counters, errors, dropped }: CopiesOptions) {
    this.world = world
    this.connection = connection
    this.counters = counters
    this.errors = errors
    this.prefabs = new PrefabInstances(protocol, entities, counters, errors)
    const replicated = new Set(protocol.componentList.map(({ store }) => store))
    this.localComponents = protocol.prefabList.map(({ components }) =>
      components.filter((component) => !replicated.has(component)),
    )
    observe(world, onRemove(Networked), (eid: number) => {
      if (eid !== this.ending) dropped(eid)
    })
    observe(world, onRemove(Arriving), (eid: number) => {
      if (eid !== this.arrived) dropped(eid)
    })
  }

  /** Begins a copy, before its components are added. */
  arrive(eid: number): void {
    addComponent(this.world, eid, Arriving)
  }

  /** Gives an announced entity back to the game, because its copy will not begin. */
  leave(eid: number): void {
    this.remove(eid, Arriving)
  }

  /** Returns whether the beginning copy still exists. The game's code runs at every step and may end it. */
  isArriving(eid: number): boolean {
    return entityExists(this.world, eid) && hasComponent(this.world, eid, Arriving)
  }

  /**
   * Completes a copy that has its replicated components and values: local components, the hook, then `Networked`. Keeps
   * `payload`.
   */
  begin(eid: number, netId: number, prefab: number, payload: Uint8Array): void {
    if (!this.isArriving(eid)) return
    put(Networked.netId, eid, netId, 0)
    put(Networked.owner, eid, 0, 0)
    put(Networked.reason, eid, '', '')
    if (prefab !== NO_PREFAB) {
      this.addLocal(eid, prefab)
      this.prefabs.begin(eid, prefab, payload)
    }
    if (!this.isArriving(eid)) return
    this.remove(eid, Predicted)
    if (!this.isArriving(eid)) return
    this.arrived = eid
    removeComponent(this.world, eid, Arriving)
    this.arrived = 0
    this.add(eid, Networked)
  }

  /** Ends a copy: removes `Networked`, and tears down what the hook built. Its components stay. Returns its prefab. */
  end(eid: number, reason: DespawnReason): number {
    // An observer that runs here may end another copy.
    const outer = this.ending
    this.ending = eid
    Networked.reason[eid] = reason
    if (Connection.player[this.connection] === eid) {
      this.remove(eid, LocalPlayer)
      Connection.player[this.connection] = 0
    }
    this.remove(eid, Owned)
    Networked.owner[eid] = 0
    this.remove(eid, Networked)
    this.ending = outer
    const prefab = this.prefabs.of(eid)
    this.prefabs.end(eid)
    return prefab
  }

  /** Forgets a copy whose `Networked` the game removed. If the entity lives on, it belongs to the game. */
  drop(eid: number): void {
    this.prefabs.end(eid)
    this.ownComponents.delete(eid)
  }

  /** Removes the components that `begin` added for a prefab, and none that were there before. */
  removeLocal(eid: number, prefab: number): void {
    if (prefab === NO_PREFAB) return
    const local = this.localComponents[prefab]!
    const own = this.ownComponents.get(eid)
    this.ownComponents.delete(eid)
    for (let i = local.length - 1; i >= 0; i--) if (!own?.includes(local[i]!)) this.remove(eid, local[i]!)
  }

  private addLocal(eid: number, prefab: number): void {
    const local = this.localComponents[prefab]!
    const own = local.filter((component) => hasComponent(this.world, eid, component))
    if (own.length > 0) this.ownComponents.set(eid, own)
    for (const component of local) if (this.isArriving(eid)) this.add(eid, component)
  }

  add(eid: number, component: object): void {
    this.guard(() => addComponent(this.world, eid, component))
  }

  remove(eid: number, component: object): void {
    this.guard(() => {
      if (hasComponent(this.world, eid, component)) removeComponent(this.world, eid, component)
    })
  }

  /** Makes a change of the world whose observers may throw. */
  guard(change: () => void): void {
    try {
      change()
    } catch (cause) {
      this.counters.handlerErrors++
      this.errors.push('observer-threw', 'an observer threw while replication was applied', { cause })
    }
  }
}
