// Reads collections for the second reader. Written from docs/protocol.md alone, like the rest of it.

/** The functions of the other part of the reader. */
export interface Source {
  u8(): number
  varint(): number
  /** A value of a plain type, by its text. */
  value(type: string): unknown
}

/** Splits a text at commas outside of brackets and quotes. */
export function splitParts(text: string): string[] {
  const parts: string[] = ['']
  let depth = 0
  let quoted = false
  for (const letter of text) {
    if (letter === '"') quoted = !quoted
    else if (!quoted && '({'.includes(letter)) depth++
    else if (!quoted && ')}'.includes(letter)) depth--
    if (letter === ',' && depth === 0 && !quoted) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts
}

export function isCollection(type: string): boolean {
  return /^(list|map|set)\(/.test(type)
}

/** A value in a collection, by the text of its type. */
function readElement(source: Source, type: string): string {
  if (type.startsWith('struct{')) {
    const fields = splitParts(type.slice('struct{'.length, -1)).map((field) => {
      const colon = field.indexOf(':')
      return `${field.slice(0, colon)}=${readElement(source, field.slice(colon + 1))}`
    })
    return `{${fields.join(' ')}}`
  }
  if (type.startsWith('enum(')) {
    const names = splitParts(type.slice('enum('.length, -1))
    return String(JSON.parse(names[source.u8()]!))
  }
  return String(source.value(type))
}

interface Shape {
  readonly kind: 'list' | 'map' | 'set'
  readonly types: readonly string[]
  readonly max: number
}

function shapeOf(type: string): Shape {
  const parts = splitParts(type.slice(type.indexOf('(') + 1, -1))
  return {
    kind: type.slice(0, type.indexOf('(')) as Shape['kind'],
    types: parts.slice(0, -1),
    max: Number(parts.at(-1)),
  }
}

/** A whole collection, as in a row or a reset. */
export function readWhole(source: Source, type: string): string {
  const { types, max } = shapeOf(type)
  const count = source.varint()
  if (count > max) throw new Error('a collection above its limit')
  const entries = Array.from({ length: count }, () => types.map((part) => readElement(source, part)).join(':'))
  return `[${entries.join(' ')}]`
}

/** The operations of a section, after the number of the collection. */
export function readOperations(source: Source, type: string): string {
  const { kind, types } = shapeOf(type)
  const last = types.at(-1)!
  const operations = Array.from({ length: source.varint() }, () => {
    const operation = source.u8()
    switch (`${kind} ${operation}`) {
      case 'list 0':
      case 'set 0':
        return `add ${readElement(source, last)}`
      case 'list 1':
        return `insert ${source.varint()} ${readElement(source, last)}`
      case 'list 2':
        return `set ${source.varint()} ${readElement(source, last)}`
      case 'map 2':
        return `set ${readElement(source, types[0]!)} ${readElement(source, last)}`
      case 'list 3':
        return `remove ${source.varint()}`
      case 'map 3':
      case 'set 3':
        return `remove ${readElement(source, types[0]!)}`
      default:
    }
    if (operation === 4) return 'clear'
    if (operation === 5) return `reset ${readWhole(source, type)}`
    throw new Error(`no such operation: ${kind} ${operation}`)
  })
  return operations.join(', ')
}
