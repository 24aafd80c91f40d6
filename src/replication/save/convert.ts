// Converts values of a save to the types of the current protocol, and refuses those whose meaning would change.
import type { FieldType } from '../../protocol/types/parse-type.js'
import type { SchemaType } from '../../protocol/types/schema.js'

type AnyType = SchemaType<unknown>

/** A part of a save has no place in the current protocol. */
export class NoPlace extends Error {
  constructor(path: string, why: string) {
    super(`${path} ${why}`)
  }
}

/** The meaning of all values of a type. Types of one meaning convert into each other. */
function meaningOf(type: FieldType): string {
  if ('collection' in type) return type.collection
  const { text } = type
  const word = /^\w+/.exec(text)![0]
  if (word === 'custom') return text
  if (word === 'string' || word === 'enum') return 'text'
  if (text === 'unitQuaternion') return 'struct'
  return word === 'entity' || word === 'bytes' || word === 'array' || word === 'struct' ? word : 'number'
}

/** The part of a rotation that a field is, such as `.w`; '' for any other field. */
const partOf = (type: FieldType): string => /^unitQuaternion\(.*(\.[xyzw])$/.exec(type.text)?.[1] ?? ''

function optionalOf(type: FieldType): AnyType | undefined {
  return !('collection' in type) && type.text.startsWith('optional(') ? type.parts!.element : undefined
}

/**
 * Converts a value of `from` to one of `to`. `check` decides later whether it fits the type's range.
 *
 * @throws NoPlace when the two types mean different things, or part of the value has no place in `to`.
 */
export function convert(from: FieldType, to: FieldType, value: unknown, path: string): unknown {
  if (from.text === to.text) return value
  const wasOptional = optionalOf(from)
  if (wasOptional !== undefined) return value === undefined ? value : convert(wasOptional, to, value, path)
  const isOptional = optionalOf(to)
  if (isOptional !== undefined) return convert(from, isOptional, value, path)
  const meaning = meaningOf(from)
  const parts = [partOf(from), partOf(to)]
  if (meaning !== meaningOf(to) || (!parts.includes('') && parts[0] !== parts[1])) {
    throw new NoPlace(path, differs(from, to))
  }
  if (meaning === 'number') return convertNumber(to, value)
  if (!hasParts(value)) return value
  if ('collection' in from && 'collection' in to) return convertCollection(from, to, value, path)
  if (meaning === 'array') {
    const [was, is] = [(from as AnyType).parts!.element!, (to as AnyType).parts!.element!]
    return (value as unknown[]).map((part, i) => convert(was, is, part, `${path}[${i}]`))
  }
  return meaning === 'struct' ? convertStruct(from as AnyType, to as AnyType, value as Fields, path) : value
}

/** The text of an error about a field whose type has changed. */
export function differs(from: { readonly text: string }, to: FieldType): string {
  return `is ${from.text} in the save, ${to.text} in this game`
}

const hasParts = (value: unknown): value is object => typeof value === 'object' && value !== null

function convertNumber(to: FieldType, value: unknown): unknown {
  if (to.text !== 'bool') return typeof value === 'boolean' ? Number(value) : value
  return value === 0 || value === 1 ? value === 1 : value
}

type CollectionType = Extract<FieldType, { collection: string }>

function convertCollection(from: CollectionType, to: CollectionType, value: object, path: string): unknown {
  if (!Array.isArray(value)) return value
  return (value as unknown[]).map((part) => {
    if (from.collection !== 'map' || to.collection !== 'map') {
      return convert(from.element as AnyType, to.element as AnyType, part, path)
    }
    if (!Array.isArray(part)) return part
    const key = convert(from.key as AnyType, to.key as AnyType, part[0], path)
    return [key, convert(from.element, to.element, part[1], path)]
  })
}

type Fields = Readonly<Record<string, unknown>>

/** Fields that are new begin with zeros, as those of components do. */
function convertStruct(from: AnyType, to: AnyType, value: Fields, path: string): unknown {
  const was = from.parts!
  const is = to.parts!
  const result: Record<string, unknown> = { ...(to.zero as object) }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(is, name)) throw new NoPlace(`${path}.${name}`, 'is only in the save')
    const wasThere = Object.hasOwn(was, name)
    result[name] = wasThere ? convert(was[name]!, is[name]!, value[name], `${path}.${name}`) : value[name]
  }
  return result
}
