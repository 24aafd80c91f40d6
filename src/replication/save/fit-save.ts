// Fits a save to the current protocol, name by name: converts values of the same meaning, and lists what has no place.
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type { CollectionField } from '../../protocol/types/collection-types.js'
import { struct } from '../../protocol/types/composite-types.js'
import type { ReplicatedComponent, ReplicatedField } from '../../protocol/definitions.js'
import { ArgumentError, messageOf, SaveError } from '../../protocol/errors.js'
import { MAX_SPAWN_KEY_BYTES } from '../../protocol/limits.js'
import type { Prefab } from '../../protocol/prefab.js'
import { type Protocol, protocolDifferences } from '../../protocol/protocol.js'
import { packQuaternion } from '../../protocol/types/quaternion.js'
import { isExclusive } from '../../protocol/relations.js'
import { ColumnKind, ScalarForm, type SchemaType, string } from '../../protocol/types/schema.js'
import { convert, differs, NoPlace } from './convert.js'
import type { ReadSave, SavedField } from './read-save.js'
import type { SavedComponent, SavedOrigin, SavedWorld } from './saved-world.js'

/** The most problems that an error's message lists. */
const MAX_LISTED = 8

const keyType = string(MAX_SPAWN_KEY_BYTES)

/**
 * The save with its values converted to the types of the protocol. `isMigrated`: game code may have changed the values.
 *
 * @throws SaveError that lists what has no place in the protocol, or no value.
 */
export function fitSave(read: ReadSave, protocol: Protocol, isMigrated: boolean): SavedWorld {
  const { saved, isCurrent } = read
  const problems: string[] = []
  const components = fitComponents(read, protocol, problems)
  problems.push(...relationProblems(saved, protocol))
  const origins = fitOrigins(read, protocol, problems)
  problems.push(...ownerProblems(saved))
  if (problems.length === 0) return { ...saved, components, origins }
  const more = problems.length > MAX_LISTED ? `; and ${problems.length - MAX_LISTED} more` : ''
  const listed = problems.slice(0, MAX_LISTED).join('; ') + more
  if (isCurrent && !isMigrated) throw new SaveError('corrupt-save', `the save is damaged: ${listed}; load another one`)
  const differences = protocolDifferences(protocol.description, saved.description, ['in this game', 'in the save'])
  const saveable = differences.filter((line) => /^(?:component|prefab|relation) /.test(line))
  const text = `the save does not fit this game's protocol: ${listed}; change it with the migrate option of loadWorld`
  throw new SaveError('save-mismatch', text, saveable)
}

type Field = ReplicatedField | CollectionField

function fieldsOf({ fields, collections }: ReplicatedComponent): ReadonlyMap<string, Field> {
  return new Map<string, Field>([...fields, ...collections].map((field) => [field.name, field]))
}

/** Runs `act`. If it throws because of a value or its place, adds a problem and returns undefined. */
function attempt<T>(problems: string[], act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof ArgumentError) && !(error instanceof NoPlace)) throw error
    problems.push(messageOf(error))
    return undefined
  }
}

function fitComponents(read: ReadSave, protocol: Protocol, problems: string[]): Map<string, SavedComponent> {
  const { saved } = read
  const fitted = new Map<string, SavedComponent>()
  for (const [name, component] of saved.components) {
    const id = protocol.componentNames.indexOf(name)
    if (id < 0) {
      problems.push(`component ${name} is only in the save`)
      continue
    }
    const known = fieldsOf(protocol.componentList[id]!)
    const { entities } = component
    if (new Set(entities).size !== entities.length || !entities.every((place) => isPlace(saved, place))) {
      problems.push(`${name}.entities: not places from 1 to ${saved.entityCount}, each once`)
    }
    const fields = new Map<string, unknown[]>()
    for (const [field, values] of component.fields) {
      const path = `${name}.${field}`
      const definition = known.get(field)
      if (definition === undefined) problems.push(`${path} is only in the save`)
      else fields.set(field, attempt(problems, () => fitValues(read, definition, path, values, entities.length)) ?? [])
    }
    const result = { entities, fields }
    fitted.set(name, result)
    if (problems.length === 0) checkRotations(read, protocol.componentList[id]!, name, component, problems)
  }
  return fitted
}

/** @throws NoPlace or ArgumentError when a value cannot be converted, or its type cannot represent it. */
function fitValues(read: ReadSave, { type }: Field, path: string, values: unknown[], count: number): unknown[] {
  const source = read.fields.get(values)
  if (source !== undefined && source.type === undefined && count > 0 && values.length === 0) {
    throw new NoPlace(path, `${differs(source, type)}: its values cannot be read`)
  }
  if (!Array.isArray(values) || values.length !== count) {
    throw new ArgumentError(path, `needs one value for each of its ${count} entities`)
  }
  return values.map((value, i) => {
    const fitted = convertUnchanged(source, type, value, i, path)
    if ('collection' in type) checkCollection(type, fitted, path)
    else if (type.column.kind === ColumnKind.Bool) return checkBool(fitted, path)
    else (type as SchemaType<unknown>).check(fitted, path)
    return fitted
  })
}

/** Converts the value at `i`, unless a migration has replaced it: then it stays as the game set it. */
function convertUnchanged(
  source: SavedField | undefined,
  to: Field['type'] | SchemaType<unknown>,
  value: unknown,
  i: number,
  path: string,
): unknown {
  if (source?.type === undefined || !Object.is(source.values[i], value)) return value
  return convert(source.type, to as SchemaType<unknown>, value, path)
}

/** Checks that four numbers which were not the same rotation in the save make one. */
function checkRotations(
  read: ReadSave,
  { fields }: ReplicatedComponent,
  name: string,
  saved: SavedComponent,
  problems: string[],
): void {
  for (const { type } of fields) {
    if (type.quaternion?.part !== 0) continue
    const { names } = type.quaternion
    const columns = names.map((part) => saved.fields.get(part))
    const there = columns.filter((column) => column !== undefined) as number[][]
    if (there.length === 0) continue
    const path = `${name}.{${names.join(',')}}`
    if (there.length < 4) {
      problems.push(`${path}: a rotation needs all four fields, and the save has ${there.length}`)
      continue
    }
    const [x, y, z, w] = there as [number[], number[], number[], number[]]
    const wasRotation = there.every((column, part) => isUnchanged(read.fields.get(column), column, names, part))
    const wrong = wasRotation ? -1 : x.findIndex((value, i) => packQuaternion(value, y[i]!, z[i]!, w[i]!) < 0)
    if (wrong < 0) continue
    const got = there.map((column) => column[wrong]).join(', ')
    problems.push(`${path}: must be a rotation, got ${got} for entity ${saved.entities[wrong]} of the save`)
  }
}

/** Returns whether values are as they were saved, for the same part of a rotation. */
function isUnchanged(
  source: SavedField | undefined,
  values: number[],
  names: readonly string[],
  part: number,
): boolean {
  if (source?.text !== `unitQuaternion(${names.join(',')}).${'xyzw'[part]}`) return false
  return values.every((value, i) => Object.is(value, source.values[i]))
}

function isPlace({ entityCount }: SavedWorld, place: number): boolean {
  return Number.isInteger(place) && place >= 1 && place <= entityCount
}

/** 0 or 1, as stores hold it. */
function checkBool(value: unknown, path: string): number {
  if (value === 1 || value === true) return 1
  if (value === 0 || value === false) return 0
  throw new ArgumentError(path, `must be 0 or 1, got ${String(value)}`)
}

function checkCollection(type: CollectionField['type'], value: unknown, path: string): void {
  if (!Array.isArray(value)) throw new ArgumentError(path, 'must be an array of what it holds')
  if (value.length > type.max) throw new ArgumentError(path, `has ${value.length} elements, at most ${type.max} fit`)
  for (const part of value as unknown[]) {
    if (type.collection === 'map') {
      if (!Array.isArray(part)) throw new ArgumentError(path, 'must be an array of entries, [key, value]')
      type.key.check(part[0] as string, path)
      type.element.check(part[1], path)
    } else (type.element as SchemaType<unknown>).check(part, path)
  }
  if (type.collection === 'list') return
  const keys = type.collection === 'map' ? (value as [unknown][]).map(([key]) => key) : (value as unknown[])
  requireDistinct((type.collection === 'map' ? type.key : type.element) as SchemaType<unknown>, keys, path)
}

/** Keys that differ must not become equal when their type rounds them. */
function requireDistinct(type: SchemaType<unknown>, keys: readonly unknown[], path: string): void {
  const writer = new ByteWriter()
  const reader = new ByteReader()
  const rounded = new Map<unknown, unknown>()
  for (const key of keys) {
    writer.clear()
    type.write(writer, key)
    reader.reset(writer.bytes, 0, writer.length)
    const as = type.read(reader)
    if (rounded.has(as) && !Object.is(rounded.get(as), key)) {
      throw new ArgumentError(
        path,
        `${String(rounded.get(as))} and ${String(key)} are both ${String(as)} as ${type.text}`,
      )
    }
    rounded.set(as, key)
  }
}

function relationProblems(saved: SavedWorld, protocol: Protocol): string[] {
  const problems: string[] = []
  for (const [name, pairs] of saved.relations) {
    const id = protocol.relationNames.indexOf(name)
    if (id < 0) problems.push(`relation ${name} is only in the save`)
    if (!pairs.every(({ subject, target }) => isPlace(saved, subject) && isPlace(saved, target))) {
      problems.push(`relation ${name}: not places from 1 to ${saved.entityCount}`)
    }
    if (id < 0 || !isExclusive(protocol.relationList[id]!)) continue
    const targets = new Map<number, number>()
    const second = pairs.find(({ subject, target }) => {
      const first = targets.get(subject) ?? target
      targets.set(subject, first)
      return first !== target
    })
    if (second !== undefined) {
      problems.push(`relation ${name} is exclusive, and entity ${second.subject} of the save has two targets`)
    }
  }
  return problems
}

function fitOrigins(read: ReadSave, protocol: Protocol, all: string[]): SavedOrigin[] {
  const { saved } = read
  const problems = new Set<string>()
  const keys = new Set<string>()
  const fitted: SavedOrigin[] = []
  for (const origin of saved.origins) {
    const { entity, prefab, key } = origin
    if (!isPlace(saved, entity)) problems.add(`origins: not places from 1 to ${saved.entityCount}`)
    const found: string[] = []
    const payload = prefab === '' ? {} : attempt(found, () => fitPayload(read, origin, protocol))
    if (key !== '' && keys.has(key)) problems.add(`two entities have the key ${JSON.stringify(key)}`)
    if (key !== '') attempt(found, () => keyType.check(key, 'key'))
    keys.add(key)
    for (const problem of found) problems.add(problem)
    fitted.push({ entity, prefab, payload: payload ?? {}, key })
  }
  all.push(...problems)
  return fitted
}

/** @throws NoPlace or ArgumentError when the payload does not fit the prefab. */
function fitPayload(read: ReadSave, { prefab, payload }: SavedOrigin, protocol: Protocol): Record<string, unknown> {
  const id = protocol.prefabNames.indexOf(prefab)
  if (id < 0) throw new NoPlace(`prefab ${prefab}`, 'is only in the save')
  const { schema }: Prefab = protocol.prefabList[id]!
  if (read.payloads.has(payload) && read.payloads.get(payload) === undefined && Object.keys(payload).length === 0) {
    throw new NoPlace(`the payload of ${prefab}`, 'cannot be read')
  }
  const sources = read.payloads.get(payload)
  const type = struct(schema) as SchemaType<unknown>
  const fitted: Record<string, unknown> = { ...(type.zero as object) }
  for (const [name, value] of Object.entries(payload)) {
    const path = `${prefab}.${name}`
    if (!Object.hasOwn(schema, name)) throw new NoPlace(path, 'is only in the save')
    fitted[name] = convertUnchanged(sources?.get(name), schema[name]!, value, 0, path)
  }
  type.check(fitted, prefab)
  return fitted
}

function ownerProblems(saved: SavedWorld): string[] {
  const isRight = saved.owners.every(({ entity }) => isPlace(saved, entity))
  return isRight ? [] : [`owners: not places from 1 to ${saved.entityCount}`]
}

/** Returns whether an element of a collection is an entity itself. */
export function isEntityType(type: SchemaType<unknown>): boolean {
  return type.scalar === ScalarForm.Entity
}
