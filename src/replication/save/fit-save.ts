// Whether a saved world fits the game's protocol of today, name by name: what is new begins with zeros, what the protocol
// does not list any more is somebody's decision.
import type { CollectionField } from '../../protocol/collection-types.js'
import { struct } from '../../protocol/composite-types.js'
import type { ReplicatedComponent, ReplicatedField } from '../../protocol/definitions.js'
import { ArgumentError, messageOf, SaveError } from '../../protocol/errors.js'
import { MAX_SPAWN_KEY_BYTES } from '../../protocol/limits.js'
import { type Protocol, protocolDifferences } from '../../protocol/protocol.js'
import { ColumnKind, ScalarForm, type SchemaType, string } from '../../protocol/schema.js'
import type { ReadSave } from './read-save.js'
import type { SavedComponent, SavedWorld } from './saved-world.js'

/** The most problems that an error's message lists. */
const MAX_LISTED = 8

const keyType = string(MAX_SPAWN_KEY_BYTES)

/**
 * Checks that all of a save has a place in the protocol. `isMigrated`: game code has been at it, so what was once of another
 * type may be of the right one by now.
 *
 * @throws SaveError that lists what has none.
 */
export function requireFit(read: ReadSave, protocol: Protocol, isMigrated: boolean): void {
  const { saved, isCurrent } = read
  const problems = [
    ...(isMigrated ? [] : changedTypes(read, protocol)),
    ...componentProblems(saved, protocol),
    ...relationProblems(saved, protocol),
    ...originProblems(saved, protocol),
    ...ownerProblems(saved),
  ]
  if (problems.length === 0) return
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

/** What a value of a type is for whoever does not know the type: numbers turn into numbers of another size, and no further. */
function kindOf(text: string): string {
  if (/\bentity\b/.test(text)) return text
  return /^(?:list|map|set)\(/.exec(text)?.[0] ?? 'number'
}

/** Fields of which the save has something else than the game, or something that cannot be read. */
function changedTypes({ saved, fieldTexts }: ReadSave, protocol: Protocol): string[] {
  const problems: string[] = []
  protocol.componentList.forEach((component, id) => {
    for (const { name, type } of fieldsOf(component).values()) {
      const path = `${protocol.componentNames[id]}.${name}`
      const before = fieldTexts.get(path)
      if (before === undefined || before === type.text) continue
      if (kindOf(before) !== kindOf(type.text) || saved.unreadable.includes(path)) {
        problems.push(`${path} is ${before} in the save, ${type.text} in this game`)
      }
    }
  })
  for (const { prefab } of saved.origins) {
    if (saved.unreadable.includes(prefab)) return [...problems, `the payload of ${prefab} cannot be read`]
  }
  return problems
}

function componentProblems(saved: SavedWorld, protocol: Protocol): string[] {
  const problems: string[] = []
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
    for (const [field, values] of component.fields) {
      const path = `${name}.${field}`
      const definition = known.get(field)
      const problem =
        definition === undefined ? `${path} is only in the save` : valueProblem(definition, path, values, component)
      if (problem !== undefined) problems.push(problem)
    }
  }
  return problems
}

function isPlace({ entityCount }: SavedWorld, place: number): boolean {
  return Number.isInteger(place) && place >= 1 && place <= entityCount
}

/** The first value of a field that its type cannot represent. */
function valueProblem({ type }: Field, path: string, values: unknown[], component: SavedComponent): string | undefined {
  if (!Array.isArray(values) || values.length !== component.entities.length) {
    return `${path}: needs one value for each of its ${component.entities.length} entities`
  }
  try {
    for (const value of values) {
      if ('collection' in type) checkCollection(type, value, path)
      else if (type.column.kind === ColumnKind.Bool) checkBool(value, path)
      else (type as SchemaType<unknown>).check(value, path)
    }
  } catch (error) {
    return messageOf(error)
  }
  return undefined
}

function checkBool(value: unknown, path: string): void {
  if (value !== 0 && value !== 1) throw new ArgumentError(path, `must be 0 or 1, got ${String(value)}`)
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
}

function relationProblems(saved: SavedWorld, protocol: Protocol): string[] {
  const problems: string[] = []
  for (const [name, pairs] of saved.relations) {
    if (!protocol.relationNames.includes(name)) problems.push(`relation ${name} is only in the save`)
    if (!pairs.every(({ subject, target }) => isPlace(saved, subject) && isPlace(saved, target))) {
      problems.push(`relation ${name}: not places from 1 to ${saved.entityCount}`)
    }
  }
  return problems
}

function originProblems(saved: SavedWorld, protocol: Protocol): string[] {
  const problems = new Set<string>()
  const keys = new Set<string>()
  for (const { entity, prefab, payload, key } of saved.origins) {
    if (!isPlace(saved, entity)) problems.add(`origins: not places from 1 to ${saved.entityCount}`)
    const problem = prefab === '' ? undefined : prefabProblem(prefab, payload, protocol)
    if (problem !== undefined) problems.add(problem)
    if (key === '') continue
    if (keys.has(key)) problems.add(`two entities have the key ${JSON.stringify(key)}`)
    keys.add(key)
    try {
      keyType.check(key, 'key')
    } catch (error) {
      problems.add(messageOf(error))
    }
  }
  return [...problems]
}

function ownerProblems(saved: SavedWorld): string[] {
  const isRight = saved.owners.every(({ entity }) => isPlace(saved, entity))
  return isRight ? [] : [`owners: not places from 1 to ${saved.entityCount}`]
}

function prefabProblem(name: string, payload: Record<string, unknown>, protocol: Protocol): string | undefined {
  const id = protocol.prefabNames.indexOf(name)
  if (id < 0) return `prefab ${name} is only in the save`
  const { schema } = protocol.prefabList[id]!
  for (const field of Object.keys(payload)) {
    if (!Object.hasOwn(schema, field)) return `${name}.${field} is only in the save`
  }
  const type = struct(schema) as SchemaType<unknown>
  try {
    type.check({ ...(type.zero as object), ...payload }, name)
  } catch (error) {
    return messageOf(error)
  }
  return undefined
}

/** Whether an element of a collection names an entity by itself. */
export function isEntityType(type: SchemaType<unknown>): boolean {
  return type.scalar === ScalarForm.Entity
}
