// Makes the entities of a saved world after all of it was checked. Values are first, then components, origins and
// relations, and `Networked` is last.
import { addComponent, type Relation, type World } from 'bitecs'
import { Networked } from '../../../components/networked.js'
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type {
  CollectionField,
  CollectionKey,
  SyncList,
  SyncMap,
  SyncSet,
} from '../../protocol/types/collection-types.js'
import { struct } from '../../protocol/types/composite-types.js'
import type { ReplicatedComponent } from '../../protocol/definitions.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { UsageError } from '../../protocol/errors.js'
import type { Protocol } from '../../protocol/protocol.js'
import { ColumnKind, type SchemaType } from '../../protocol/types/schema.js'
import { heldIdsOf } from '../held-ids.js'
import type { SpawnOrigins } from '../server/spawn-origins.js'
import { isEntityType } from './fit-save.js'
import type { SavedComponent, SavedWorld } from './saved-world.js'

/** The world that a save is restored to. */
export interface RestoreTarget {
  readonly world: World
  readonly protocol: Protocol
  readonly origins: SpawnOrigins
  /** Removes an entity, even if observers throw. */
  remove(eid: number): void
}

/** The new entities, by their places from 1. */
class Made implements EntityMapper {
  readonly eids: number[] = []

  netIdOf(): number {
    return 0
  }

  entityOf(place: number): number {
    return this.eids[place - 1] ?? 0
  }
}

/**
 * Returns the entities, in the order of the save. When anything throws, including an observer of the game, none of them
 * is left.
 */
export function restoreWorld(target: RestoreTarget, saved: SavedWorld): number[] {
  const made = new Made()
  try {
    new Restoration(target, saved, made).run()
  } catch (error) {
    for (const eid of made.eids.toReversed()) target.remove(eid)
    throw error
  }
  return made.eids
}

class Restoration {
  private readonly writer = new ByteWriter()
  private readonly reader = new ByteReader()

  constructor(
    private readonly target: RestoreTarget,
    private readonly saved: SavedWorld,
    private readonly made: Made,
  ) {
    this.reader.entities = made
  }

  run(): void {
    const { saved, made } = this
    const { world, protocol } = this.target
    const held = heldIdsOf(world)
    for (let i = 0; i < saved.entityCount; i++) made.eids.push(held.add())
    protocol.componentList.forEach((component, id) => {
      const kept = saved.components.get(protocol.componentNames[id]!)
      if (kept !== undefined) this.writeValues(component, protocol.componentNames[id]!, kept)
    })
    protocol.componentList.forEach((component, id) => {
      const kept = saved.components.get(protocol.componentNames[id]!)
      if (kept !== undefined) this.addComponents(component, kept)
    })
    this.restoreOrigins()
    protocol.relationList.forEach((relation, id) => {
      for (const { subject, target } of saved.relations.get(protocol.relationNames[id]!) ?? []) {
        const pair = (relation as Relation<object>)(made.entityOf(target))
        addComponent(world, made.entityOf(subject), pair)
      }
    })
    for (const eid of made.eids) addComponent(world, eid, Networked)
    // Payloads name entities by net ids, which they only have now.
    this.restorePayloads()
  }

  private writeValues({ fields }: ReplicatedComponent, name: string, kept: SavedComponent): void {
    const { made } = this
    for (const { name: field, type, store } of fields) {
      const values = kept.fields.get(field) as number[] | undefined
      const isEntity = type.column.kind === ColumnKind.Entity
      const zero = type.column.kind === ColumnKind.Bool ? 0 : type.zero
      kept.entities.forEach((place, i) => {
        const eid = made.entityOf(place)
        if (eid >= store.capacity) store.refresh()
        if (eid >= store.capacity) {
          const text = `${name}.${field} holds ${store.capacity} entities, and the save needs one more: make it larger`
          throw new UsageError('store-too-small', text)
        }
        const value = values?.[i] ?? zero
        store.write(eid, isEntity ? made.entityOf(value) : value)
      })
    }
  }

  private addComponents({ store, collections }: ReplicatedComponent, kept: SavedComponent): void {
    kept.entities.forEach((place, i) => {
      const eid = this.made.entityOf(place)
      addComponent(this.target.world, eid, store)
      for (const field of collections) {
        this.fill(field, eid, (kept.fields.get(field.name)?.[i] ?? []) as unknown[])
      }
    })
  }

  /** Copies the saved elements of a collection into the new one, which the library has made with the component. */
  private fill({ type, array }: CollectionField, eid: number, values: readonly unknown[]): void {
    for (const value of values) {
      if (type.collection === 'list') (array[eid] as SyncList<unknown>).push(this.translate(type.element, value))
      else if (type.collection === 'map') {
        const [key, element] = value as [key: CollectionKey, element: unknown]
        const own = this.translate(type.key, key)
        // The entity 0 cannot be a key.
        if (own === 0 && isEntityType(type.key)) continue
        ;(array[eid] as SyncMap<CollectionKey, unknown>).set(own, this.translate(type.element, element))
      } else {
        const own = this.translate(type.element, value as CollectionKey)
        if (own !== 0 || !isEntityType(type.element)) (array[eid] as SyncSet<CollectionKey>).add(own)
      }
    }
  }

  private restoreOrigins(): void {
    const { world, protocol, origins } = this.target
    const replicated = new Set(protocol.componentList.map(({ store }) => store))
    for (const { entity, prefab, key } of this.saved.origins) {
      const eid = this.made.entityOf(entity)
      const id = protocol.prefabNames.indexOf(prefab)
      if (key !== '') origins.setKey(eid, key)
      if (id < 0) continue
      // The replicated ones are as they were saved.
      const local = protocol.prefabList[id]!.components.filter((component) => !replicated.has(component))
      for (const component of local) addComponent(world, eid, component)
    }
    this.restorePayloads()
  }

  private restorePayloads(): void {
    const { protocol, origins } = this.target
    for (const { entity, prefab, payload } of this.saved.origins) {
      const id = protocol.prefabNames.indexOf(prefab)
      if (id < 0) continue
      const type = struct(protocol.prefabList[id]!.schema) as SchemaType<Record<string, unknown>>
      origins.setPrefab(this.made.entityOf(entity), id, this.translate(type, { ...type.zero, ...payload }))
    }
  }

  /** A value with its places replaced by the new entities. */
  private translate<T>(type: SchemaType<T>, value: T): T {
    const { writer, reader } = this
    writer.clear()
    type.write(writer, value)
    reader.reset(writer.bytes, 0, writer.length)
    return type.read(reader)
  }
}
