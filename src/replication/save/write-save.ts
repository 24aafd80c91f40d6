// Writes a world to bytes: its networked entities, their replicated components, their origins and their owners.
//
// The types are those of the wire. Entities are written as their place in the save, where the wire uses net ids.
import { LARGEST_F32 } from '../../protocol/types/record.js'
import { getRelationTargets, hasComponent, type Relation, type World } from 'bitecs'
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type { CollectionField, SyncList, SyncMap, SyncSet } from '../../protocol/types/collection-types.js'
import { struct } from '../../protocol/types/composite-types.js'
import type { ReplicatedComponent, ReplicatedField } from '../../protocol/definitions.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { MAX_SPAWN_KEY_BYTES } from '../../protocol/limits.js'
import { NO_PREFAB } from '../../protocol/prefab.js'
import type { Protocol } from '../../protocol/protocol.js'
import { ColumnKind, type ColumnSpec, ScalarForm } from '../../protocol/types/schema.js'
import type { SpawnOrigins } from '../server/spawn-origins.js'
import { crc32 } from './crc32.js'
import { MAX_OWNER_BYTES, MAX_SAVED_DESCRIPTION_BYTES, SAVE_FORMAT, SAVE_MAGIC, SavedFlag } from './save-format.js'

/** The parts of a server's world that are saved. */
export interface SaveSource {
  readonly world: World
  readonly protocol: Protocol
  /** The world's table of net ids, by which payloads name entities. */
  readonly netIds: EntityMapper
  readonly origins: SpawnOrigins
  /** The entities to save, each once. */
  readonly entities: readonly number[]
  readonly version: number
  /** The owner of each entity, or '': by its place in `entities`. */
  readonly owners: readonly { readonly owner: string; readonly isPlayer: boolean }[]
}

/** Entities by their places in the save. */
class Places implements EntityMapper {
  private readonly places = new Map<number, number>()

  constructor(entities: readonly number[]) {
    entities.forEach((eid, i) => this.places.set(eid, i + 1))
  }

  netIdOf(eid: number): number {
    return this.places.get(eid) ?? 0
  }

  entityOf(): number {
    return 0
  }
}

export function writeSave(source: SaveSource): Uint8Array {
  const { protocol, entities, version } = source
  const writer = new ByteWriter(4096 + entities.length * 64)
  const places = new Places(entities)
  writer.entities = places
  for (const byte of SAVE_MAGIC) writer.u8(byte)
  writer.u8(SAVE_FORMAT)
  writer.u32(protocol.hashHigh)
  writer.u32(protocol.hashLow)
  writer.varint(version)
  writer.string(protocol.description, MAX_SAVED_DESCRIPTION_BYTES)
  writer.varint(entities.length)
  writeOrigins(writer, source)
  for (const component of protocol.componentList) writeComponent(writer, source, component)
  for (const relation of protocol.relationList) writePairs(writer, source, relation as Relation<unknown>, places)
  writeOwners(writer, source)
  writer.u32(crc32(writer.bytes, writer.length))
  return writer.bytes.slice(0, writer.length)
}

function writeOrigins(writer: ByteWriter, { protocol, entities, origins, netIds }: SaveSource): void {
  const payloads = protocol.prefabList.map(({ schema }) => struct(schema))
  const reader = new ByteReader()
  reader.entities = netIds
  for (const eid of entities) {
    const { prefab, payload, key } = origins.of(eid)
    writer.u8((prefab === NO_PREFAB ? 0 : SavedFlag.Prefab) | (key === '' ? 0 : SavedFlag.Key))
    if (prefab !== NO_PREFAB) {
      writer.varint(prefab)
      // The payload names entities by net ids; one that has ended since counts as no entity.
      reader.reset(payload, 0, payload.length)
      writeSized(writer, () => payloads[prefab]!.write(writer, payloads[prefab]!.read(reader)))
    }
    if (key !== '') writer.string(key, MAX_SPAWN_KEY_BYTES)
  }
}

function writeComponent(writer: ByteWriter, { world, entities }: SaveSource, component: ReplicatedComponent): void {
  const members: number[] = []
  for (let i = 0; i < entities.length; i++) if (hasComponent(world, entities[i]!, component.store)) members.push(i)
  writer.varint(members.length)
  let last = -1
  for (const i of members) {
    writer.varint(i - last)
    last = i
  }
  const eids = members.map((i) => entities[i]!)
  const fields = [...component.fields, ...component.collections].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const field of fields) {
    writeSized(writer, () => ('column' in field.type ? writeNumbers : writeCollections)(writer, field as never, eids))
  }
}

/** Writes the output of `write`, after its size, a u32. */
function writeSized(writer: ByteWriter, write: () => void): void {
  const start = writer.length
  writer.u32(0)
  write()
  writer.view.setUint32(start, writer.length - start - 4, true)
}

function writeNumbers(writer: ByteWriter, { type, store }: ReplicatedField, eids: readonly number[]): void {
  for (const eid of eids) type.write(writer, representable(type.column, store.read(eid)))
}

/** The value that clients receive for a store's value. */
function representable(spec: ColumnSpec, value: number): number {
  const { kind, min, max } = spec
  if (kind === ColumnKind.F64 || kind === ColumnKind.Entity) return value
  // An angle wraps when it is written; NaN and infinite numbers become 0.
  if (kind === ColumnKind.Angle || kind === ColumnKind.Quaternion) return Number.isFinite(value) ? value : 0
  if (kind === ColumnKind.F32) {
    const isTooLarge = Number.isFinite(value) && !Number.isFinite(Math.fround(value))
    return isTooLarge ? Math.sign(value) * LARGEST_F32 : value
  }
  if (Number.isNaN(value)) return Math.max(min, Math.min(max, 0))
  const clamped = Math.max(min, Math.min(max, value))
  return kind === ColumnKind.Quantized ? clamped : Math.round(clamped)
}

function writeCollections(writer: ByteWriter, { type, array }: CollectionField, eids: readonly number[]): void {
  const namesEntity = (key: unknown): boolean => writer.entities!.netIdOf(key as number) !== 0
  for (const eid of eids) {
    if (type.collection === 'list') {
      const list = array[eid] as SyncList<unknown>
      writer.varint(list.length)
      for (const value of list) type.element.write(writer, value)
    } else if (type.collection === 'map') {
      let entries = [...(array[eid] as SyncMap<number, unknown>)]
      if (type.key.scalar === ScalarForm.Entity) entries = entries.filter(([key]) => namesEntity(key))
      writer.varint(entries.length)
      for (const [key, value] of entries) {
        type.key.write(writer, key)
        type.element.write(writer, value)
      }
    } else {
      let members = [...(array[eid] as SyncSet<number>)]
      if (type.element.scalar === ScalarForm.Entity) members = members.filter(namesEntity)
      writer.varint(members.length)
      for (const member of members) type.element.write(writer, member)
    }
  }
}

function writePairs(
  writer: ByteWriter,
  { world, entities }: SaveSource,
  relation: Relation<unknown>,
  places: Places,
): void {
  const pairs: [subject: number, target: number][] = []
  for (const eid of entities) {
    for (const target of getRelationTargets(world, eid, relation)) {
      const place = places.netIdOf(target)
      if (place !== 0) pairs.push([places.netIdOf(eid), place])
    }
  }
  writer.varint(pairs.length)
  let last = 0
  for (const [subject, target] of pairs) {
    writer.varint(subject - last)
    writer.varint(target)
    last = subject
  }
}

/** Writes owners by name, each name once, then the entities of each. */
function writeOwners(writer: ByteWriter, { owners }: SaveSource): void {
  const numbers = new Map<string, number>()
  for (const { owner } of owners) if (owner !== '' && !numbers.has(owner)) numbers.set(owner, numbers.size)
  writer.varint(numbers.size)
  for (const owner of numbers.keys()) writer.string(owner, MAX_OWNER_BYTES)
  writer.varint(owners.filter(({ owner }) => owner !== '').length)
  let last = -1
  owners.forEach(({ owner, isPlayer }, i) => {
    if (owner === '') return
    writer.varint(i - last)
    writer.varint(numbers.get(owner)!)
    writer.u8(isPlayer ? 1 : 0)
    last = i
  })
}
