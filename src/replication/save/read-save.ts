// Reads the bytes of a save into plain data.
//
// Everything is checked, and no number in the bytes decides how much memory is allocated: each entity, member, pair and
// value has bytes of its own.
import { ByteReader } from '../../protocol/bytes.js'
import { SaveError } from '../../protocol/errors.js'
import { MAX_SPAWN_KEY_BYTES } from '../../protocol/limits.js'
import { type FieldText, type FieldType, parseType, splitFields } from '../../protocol/types/parse-type.js'
import type { Protocol } from '../../protocol/protocol.js'
import { ScalarForm, type SchemaType } from '../../protocol/types/schema.js'
import { crc32 } from './crc32.js'
import * as format from './save-format.js'
import type { SavedComponent, SavedOrigin, SavedOwner, SavedPair, SavedWorld } from './saved-world.js'

/** One field of a save: its type, and its values as read. */
export interface SavedField {
  /** The type as described. */
  readonly text: string
  /** Undefined where the description is not enough to read the values. */
  readonly type: FieldType | undefined
  readonly values: readonly unknown[]
}

/** A save as read, before a migration changes it. */
export interface ReadSave {
  readonly saved: SavedWorld
  /** The field of each array of component values. The arrays move when a migration renames. */
  readonly fields: ReadonlyMap<unknown[], SavedField>
  /** The fields of each payload object, by name. Undefined where a payload cannot be read. */
  readonly payloads: ReadonlyMap<object, ReadonlyMap<string, SavedField> | undefined>
  /** Its protocol is the game's current one. */
  readonly isCurrent: boolean
}

type AnyType = SchemaType<unknown>

interface TypedField extends FieldText {
  readonly type: FieldType | undefined
}

/** One line of a description. */
interface Listed {
  readonly name: string
  readonly shape: string
}

/** The lines of one kind in a protocol's description. */
function listedIn(description: string, kind: string): Listed[] {
  const lines = description.split('\n').filter((line) => line.startsWith(`${kind} `))
  return lines.map((line) => {
    const [name = '', ...shape] = line.slice(kind.length + 1).split(' ')
    return { name, shape: shape.join(' ') }
  })
}

/** @throws SaveError when the bytes are not a save, have a later format, or are damaged. */
export function readSave(bytes: Uint8Array, protocol: Protocol): ReadSave {
  const reader = openSave(bytes)
  const save = new SaveReader(reader, protocol).read()
  if (reader.failed || reader.left !== 0) throw damaged('it does not hold what it says')
  return save
}

/** A reader after the first bytes of a save, without the checksum at its end. */
function openSave(bytes: Uint8Array): ByteReader {
  if (!(bytes instanceof Uint8Array) || format.SAVE_MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new SaveError('not-a-save', 'these bytes are not a world that saveWorld wrote')
  }
  const version = bytes[format.SAVE_MAGIC.length]
  if (version !== undefined && version > format.SAVE_FORMAT) {
    const newest = format.SAVE_FORMAT
    const text = `the save has format ${version}, this version of bitecs-net reads up to ${newest}: update it`
    throw new SaveError('newer-format', text)
  }
  const end = bytes.length - format.CHECKSUM_BYTES
  const start = format.SAVE_MAGIC.length + 1
  const reader = new ByteReader()
  reader.reset(bytes, Math.max(end, 0), bytes.length)
  if (version !== format.SAVE_FORMAT || end < start || reader.u32() !== crc32(bytes, end)) {
    throw damaged('it was cut short or changed')
  }
  reader.reset(bytes, start, end)
  return reader
}

function damaged(how: string): SaveError {
  return new SaveError('corrupt-save', `the save is damaged: ${how}; load another one`)
}

/** The types of a protocol by their texts, as far as they can be reached. */
function knownTypes({ componentList, prefabList }: Protocol): ReadonlyMap<string, FieldType> {
  const types = new Map<string, FieldType>()
  const add = (type: FieldType): void => {
    types.set(type.text, type)
    if (!('collection' in type)) Object.values(type.parts ?? {}).forEach(add)
  }
  for (const { fields, collections } of componentList) {
    for (const { type } of fields) add(type as AnyType)
    for (const { type } of collections) {
      add(type)
      add(type.element)
      if (type.collection === 'map') add(type.key)
    }
  }
  for (const { schema } of prefabList) for (const type of Object.values(schema)) add(type)
  return types
}

class SaveReader {
  private readonly known: ReadonlyMap<string, FieldType>
  private readonly fields = new Map<unknown[], SavedField>()
  private readonly payloads = new Map<object, ReadonlyMap<string, SavedField> | undefined>()
  private readonly unreadable: string[] = []
  private readonly origins: SavedOrigin[] = []
  private readonly owners: SavedOwner[] = []
  private entityCount = 0

  constructor(
    private readonly reader: ByteReader,
    private readonly protocol: Protocol,
  ) {
    this.known = knownTypes(protocol)
  }

  read(): ReadSave {
    const { reader, protocol } = this
    // These bytes help to inspect a save; here the descriptions are compared.
    reader.skip(8)
    const version = reader.varint()
    const description = reader.string(format.MAX_SAVED_DESCRIPTION_BYTES)
    this.entityCount = reader.varint()
    if (this.entityCount > Math.min(reader.left, format.MAX_SAVED_ENTITIES)) reader.fail()
    this.readOrigins(listedIn(description, 'prefab'))
    const components = new Map<string, SavedComponent>()
    for (const { name, shape } of listedIn(description, 'component'))
      components.set(name, this.readComponent(name, shape))
    const relations = new Map<string, SavedPair[]>()
    for (const { name } of listedIn(description, 'relation')) relations.set(name, this.readPairs())
    this.readOwners()
    const { entityCount, origins, owners, unreadable, fields, payloads } = this
    const saved = { version, description, entityCount, components, relations, origins, owners, unreadable }
    return { saved, fields, payloads, isCurrent: description === protocol.description }
  }

  private readOrigins(prefabs: readonly Listed[]): void {
    const { reader, origins } = this
    const schemas = prefabs.map(({ shape }) => splitFields(shape).map((field) => this.typed(field)))
    const isReadable = schemas.map((fields) =>
      fields.every(({ type }) => type !== undefined && !('collection' in type)),
    )
    prefabs.forEach(({ name }, i) => {
      if (!isReadable[i]) this.unreadable.push(name)
    })
    for (let entity = 1; entity <= this.entityCount && !reader.failed; entity++) {
      const flags = reader.u8()
      if (flags > (format.SavedFlag.Prefab | format.SavedFlag.Key)) reader.fail()
      if (flags === 0) continue
      const origin: SavedOrigin = { entity, prefab: '', payload: {}, key: '' }
      if ((flags & format.SavedFlag.Prefab) !== 0) {
        const prefab = reader.varint()
        if (prefab >= prefabs.length) reader.fail()
        origin.prefab = prefabs[prefab]?.name ?? ''
        this.readSized(() => {
          this.readPayload(origin.payload, isReadable[prefab] ? schemas[prefab] : undefined)
        })
      }
      if ((flags & format.SavedFlag.Key) !== 0) origin.key = reader.string(MAX_SPAWN_KEY_BYTES)
      origins.push(origin)
    }
  }

  /** Leaves the payload empty where the types of its fields are not known. */
  private readPayload(payload: Record<string, unknown>, schema: readonly TypedField[] | undefined): void {
    const { reader } = this
    const fields = new Map<string, SavedField>()
    this.payloads.set(payload, schema && fields)
    if (schema === undefined) return reader.skip(reader.left)
    for (const { name, text, type } of schema) {
      if (reader.failed) return
      const value = (type as AnyType).read(reader)
      payload[name] = value
      fields.set(name, { text, type, values: [value] })
    }
  }

  private typed(field: FieldText): TypedField {
    return { ...field, type: parseType(field.text, this.known) }
  }

  private readComponent(name: string, shape: string): SavedComponent {
    const { reader } = this
    const entities = this.readPlaces()
    const fields = new Map<string, unknown[]>()
    for (const field of splitFields(shape)) {
      const { text, type } = this.typed(field)
      const values: unknown[] = []
      this.readSized(() => {
        if (type === undefined) reader.skip(reader.left)
        else for (let i = 0; i < entities.length && !reader.failed; i++) values.push(this.readValue(type))
      })
      if (type === undefined) this.unreadable.push(`${name}.${field.name}`)
      fields.set(field.name, values)
      this.fields.set(values, { text, type, values: [...values] })
    }
    return { entities, fields }
  }

  /** Places, ascending. */
  private readPlaces(): number[] {
    const { reader } = this
    const count = reader.varint()
    const places: number[] = []
    for (let i = 0, place = 0; i < count && !reader.failed; i++) {
      const step = reader.varint()
      place += step
      if (step === 0 || place > this.entityCount) reader.fail()
      else places.push(place)
    }
    return places
  }

  private readValue(type: FieldType): unknown {
    const { reader } = this
    if (!('collection' in type)) {
      const value = Number(type.read(reader))
      if (type.scalar === ScalarForm.Entity && value > this.entityCount) reader.fail()
      return value
    }
    const count = reader.varint()
    if (count > type.max) reader.fail()
    const values: unknown[] = []
    for (let i = 0; i < count && !reader.failed; i++) {
      const key = type.collection === 'map' ? type.key.read(reader) : undefined
      const value = type.element.read(reader)
      values.push(type.collection === 'map' ? [key, value] : value)
    }
    return values
  }

  /** Reads a part that follows its size, exactly to its end. */
  private readSized(read: () => void): void {
    const { reader } = this
    const size = reader.u32()
    if (size > reader.left) reader.fail()
    if (reader.failed) return
    const { end } = reader
    reader.end = reader.offset + size
    read()
    if (reader.left !== 0) reader.fail()
    reader.end = end
  }

  private readPairs(): SavedPair[] {
    const { reader } = this
    const count = reader.varint()
    const pairs: SavedPair[] = []
    for (let i = 0, subject = 0; i < count && !reader.failed; i++) {
      subject += reader.varint()
      const target = reader.varint()
      if (subject === 0 || subject > this.entityCount || target === 0 || target > this.entityCount) reader.fail()
      else pairs.push({ subject, target })
    }
    return pairs
  }

  private readOwners(): void {
    const { reader } = this
    const names: string[] = []
    for (let left = reader.varint(); left > 0 && !reader.failed; left--) {
      names.push(reader.string(format.MAX_OWNER_BYTES))
    }
    const count = reader.varint()
    for (let i = 0, entity = 0; i < count && !reader.failed; i++) {
      const step = reader.varint()
      entity += step
      const owner = names[reader.varint()]
      const isPlayer = reader.u8()
      if (step === 0 || entity > this.entityCount || owner === undefined || isPlayer > 1) reader.fail()
      else this.owners.push({ entity, owner, isPlayer: isPlayer === 1 })
    }
  }
}
