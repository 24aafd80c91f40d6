// Lists the entities that the spawn of an entity names.
//
// They are in its prefab's payload, its fields, its collections and relations, and in the buffered RPCs that follow it.
import type { ComponentSets } from '../../protocol/component-sets.js'
import { slotOf } from '../../protocol/net-id.js'
import type { Protocol } from '../../protocol/protocol.js'
import { ColumnKind } from '../../protocol/types/schema.js'
import type { ChangeTracker } from './change-tracker.js'
import type { ServerCollections } from '../collections/server-collections.js'
import type { Column } from '../wire/columns.js'
import type { OwnerAudience } from './owner-audience.js'
import type { ServerRelations } from '../relations/server-relations.js'
import type { ReplicationTables } from './replication-tables.js'
import type { ServerEntities } from './server-entities.js'
import type { SpawnOrigins } from './spawn-origins.js'

/**
 * A slot, and whether a value names it: a client that gets the value must know the entity. Pairs of relations can wait.
 */
export type Reference = number

export const isNamed = (reference: Reference): boolean => (reference & 1) === 1
export const slotNamedBy = (reference: Reference): number => reference >>> 1

/** Reports the entities that buffered RPCs on the entity in a slot name. */
export type BufferedNames = (slot: number, note: (netId: number) => void) => void

export class References {
  /** A spawn can name an entity at all. */
  isUsed: boolean
  /** By component: its columns of entities, and whether it names any, in collections too. */
  private readonly columns: readonly (readonly Column[])[]
  private readonly naming: Uint8Array
  private readonly hasNamingComponents: boolean
  private readonly hasNamingPrefabs: boolean
  private readonly hasRelations: boolean
  private buffered: BufferedNames | undefined
  /** Where references are added. */
  private into: Reference[] = []
  private readonly note = (netId: number): void => {
    const slot = slotOf(netId)
    if (netId !== 0 && this.entities.netIds[slot] === netId) this.into.push((slot << 1) | 1)
  }

  private readonly entities: ServerEntities
  private readonly sets: ComponentSets
  private readonly tracker: ChangeTracker
  private readonly collections: ServerCollections
  private readonly origins: SpawnOrigins
  private readonly relations: ServerRelations
  private readonly audience: OwnerAudience

  constructor(protocol: Protocol, tables: ReplicationTables) {
    this.entities = tables.entities
    this.sets = tables.sets
    this.tracker = tables.tracker
    this.collections = tables.collections
    this.origins = tables.origins
    this.relations = tables.relations
    this.audience = tables.audience
    const { tracker, collections } = tables
    this.columns = tracker.components.map(({ columns }) =>
      columns.filter(({ spec }) => spec.kind === ColumnKind.Entity),
    )
    this.naming = Uint8Array.from(this.columns, (columns, id) =>
      columns.length > 0 || collections.mayName(id) ? 1 : 0,
    )
    this.hasNamingComponents = this.naming.includes(1)
    this.hasNamingPrefabs = protocol.prefabList.some(({ codec }) => codec.namesEntities)
    this.hasRelations = protocol.relationList.length > 0
    this.isUsed = this.hasNamingComponents || this.hasNamingPrefabs || this.hasRelations
  }

  /** Includes the entities that buffered RPCs name. */
  follow(buffered: BufferedNames): void {
    this.buffered = buffered
    this.isUsed = true
  }

  /** Adds the entities that an entity's spawn names to `connection`. One entity may be added several times. */
  addSpawn(slot: number, connection: number, into: Reference[]): void {
    this.into = into
    if (this.hasRelations) this.relations.addTargets(slot, into)
    if (this.buffered !== undefined) this.buffered(slot, this.note)
    if (this.hasNamingComponents) this.addSet(slot, this.entities.componentsOf[slot]!, connection, into)
    if (!this.hasNamingPrefabs) return
    const { named } = this.origins.of(this.entities.eidOf[slot]!)
    for (let i = 0; i < named.length; i++) this.note(named[i]!)
  }

  /** Adds the entities that a set of an entity's components names to `connection`. */
  addSet(slot: number, set: number, connection: number, into: Reference[]): void {
    if (!this.hasNamingComponents) return
    this.into = into
    const { audience, naming } = this
    const members = this.sets.members[set]!
    for (let m = 0; m < members.length; m++) {
      const component = members[m]!
      if (naming[component] === 1 && !audience.hides(slot, component, connection)) this.addComponent(slot, component)
    }
  }

  /** Adds an entity by its net id, unless it has ended. */
  add(netId: number, into: Reference[]): void {
    this.into = into
    this.note(netId)
  }

  private addComponent(slot: number, component: number): void {
    const eid = this.entities.lastEidOf[slot]!
    const isAsNow = this.tracker.components[component]!.isOnce && this.entities.eidOf[slot] === eid
    const columns = this.columns[component]!
    for (let c = 0; c < columns.length; c++) {
      if (isAsNow) columns[c]!.start(eid, false)
      this.note(columns[c]!.wire[eid]!)
    }
    if (this.collections.mayName(component)) this.collections.eachName(eid, component, this.note)
  }
}
