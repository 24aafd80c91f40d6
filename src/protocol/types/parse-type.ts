// Parses the types of fields from a protocol's description, to read bytes that an earlier version of a game wrote.
import { angle } from './angle.js'
import { type CollectionType, listType, mapType, setType } from './collection-types.js'
import { array, bytes, enumOf, optional, struct } from './composite-types.js'
import { unitQuaternion } from './quaternion.js'
import {
  bool,
  entity,
  f32,
  f64,
  i16,
  i32,
  i8,
  quantized,
  type SchemaType,
  string,
  u16,
  u32,
  u8,
  varint,
} from './schema.js'

/** The type of a field of a component, a call or a payload. */
export type FieldType = SchemaType<unknown> | CollectionType

type AnyType = SchemaType<unknown>

const SIMPLE: ReadonlyMap<string, AnyType> = new Map(
  [bool, u8, u16, u32, i8, i16, i32, f32, f64, varint, entity].map((type) => [type.text, type as AnyType]),
)

/** The deepest nesting of types; no real type is deeper. */
const MAX_DEPTH = 16

/** Thrown for a text that is not a known type; the parser's entry catches it. */
class UnknownType extends Error {}

class TypeParser {
  private at = 0
  private depth = 0

  constructor(
    private readonly text: string,
    /** Types by their texts, for those whose texts do not describe them: `custom`. */
    private readonly known: ReadonlyMap<string, FieldType>,
  ) {}

  get isDone(): boolean {
    return this.at === this.text.length
  }

  field(): FieldType {
    if (this.takes('list(')) return this.closed(() => listType(this.type(), this.nextNumber()))
    if (this.takes('map(')) {
      return this.closed(() => {
        const key = this.type() as SchemaType<string>
        this.expect(',')
        return mapType(key, this.type(), this.nextNumber())
      })
    }
    if (this.takes('set(')) return this.closed(() => setType(this.type() as SchemaType<string>, this.nextNumber()))
    return this.type()
  }

  /** `{name:type,…}`. */
  fields<T>(read: () => T): Record<string, T> {
    const fields: Record<string, T> = {}
    this.expect('{')
    while (!this.takes('}')) {
      if (Object.keys(fields).length > 0) this.expect(',')
      const name = this.until(':')
      this.expect(':')
      fields[name] = read()
    }
    return fields
  }

  type(): AnyType {
    if (++this.depth > MAX_DEPTH) throw new UnknownType()
    const type = this.nested()
    this.depth--
    return type
  }

  private nested(): AnyType {
    if (this.text.startsWith('custom(', this.at)) return this.custom()
    if (this.takes('struct')) return this.struct()
    if (this.takes('quantized(')) {
      return this.closed(() => quantized(this.number(), this.nextNumber(), this.nextNumber()) as AnyType)
    }
    if (this.takes('angle(')) return this.closed(() => angle(this.number()) as AnyType)
    if (this.takes('unitQuaternion')) return this.rotation()
    if (this.takes('string(')) return this.closed(() => string(this.number()) as AnyType)
    if (this.takes('bytes(')) return this.closed(() => bytes(this.number()) as AnyType)
    if (this.takes('array(')) return this.closed(() => array(this.type(), this.nextNumber()) as AnyType)
    if (this.takes('optional(')) return this.closed(() => optional(this.type()) as AnyType)
    if (this.takes('enum(')) return this.closed(() => enumOf(...this.names()) as AnyType)
    const simple = SIMPLE.get(/^[a-z0-9]+/.exec(this.text.slice(this.at))?.[0] ?? '')
    if (simple === undefined || !this.takes(simple.text)) throw new UnknownType()
    return simple
  }

  private custom(): AnyType {
    const start = this.at
    this.at = endOfBrackets(this.text, start + 'custom'.length)
    const type = this.known.get(this.text.slice(start, this.at))
    if (type === undefined || 'collection' in type) throw new UnknownType()
    return type
  }

  /** Without fields a value would take no bytes, and bytes could claim any number of them. */
  private struct(): AnyType {
    const fields = this.fields(() => this.type())
    if (Object.keys(fields).length === 0) throw new UnknownType()
    return struct(fields) as AnyType
  }

  /** A rotation, or one part of it when the names of four fields follow in brackets. */
  private rotation(): AnyType {
    if (!this.takes('(')) return unitQuaternion as AnyType
    const names = this.closed(() => this.until(')').split(','))
    this.expect('.')
    const part = 'xyzw'.indexOf(this.text[this.at++] ?? '-')
    if (names.length !== 4 || part < 0) throw new UnknownType()
    const [x, y, z, w] = names
    return unitQuaternion.fields(x, y, z, w)[names[part]!] as AnyType
  }

  private names(): string[] {
    const names: string[] = []
    do {
      const found = /^"(?:[^"\\]|\\.)*"/.exec(this.text.slice(this.at))
      if (found === null) throw new UnknownType()
      this.at += found[0].length
      names.push(JSON.parse(found[0]) as string)
    } while (this.takes(','))
    return names
  }

  private number(): number {
    return Number(this.until(',', ')'))
  }

  private nextNumber(): number {
    this.expect(',')
    return this.number()
  }

  private closed<T>(read: () => T): T {
    const value = read()
    this.expect(')')
    return value
  }

  private until(...ends: readonly string[]): string {
    const start = this.at
    while (!this.isDone && !ends.includes(this.text[this.at]!)) this.at++
    return this.text.slice(start, this.at)
  }

  private takes(part: string): boolean {
    if (!this.text.startsWith(part, this.at)) return false
    this.at += part.length
    return true
  }

  private expect(part: string): void {
    if (!this.takes(part)) throw new UnknownType()
  }
}

function attempt<T>(
  text: string,
  known: ReadonlyMap<string, FieldType>,
  read: (parser: TypeParser) => T,
): T | undefined {
  const parser = new TypeParser(text, known)
  try {
    const value = read(parser)
    return parser.isDone ? value : undefined
  } catch {
    // The text is not a type, or the type's own function refuses its parameters.
    return undefined
  }
}

/** The type that a text describes; undefined where that is unknown. `known`: types by their texts. */
export function parseType(text: string, known: ReadonlyMap<string, FieldType>): FieldType | undefined {
  return known.get(text) ?? attempt(text, known, (parser) => parser.field())
}

/** One field of a description, with the text of its type. */
export interface FieldText {
  readonly name: string
  readonly text: string
}

/**
 * The fields of a component or payload as described, in their order: `{name:type,…}`, or the only type of a component
 * that is an array. Options that follow, such as ` by owner`, are left out.
 */
export function splitFields(shape: string): FieldText[] {
  if (!shape.startsWith('{')) {
    const [text = ''] = shape.split(' ')
    return text === '' ? [] : [{ name: 'value', text }]
  }
  const end = endOfBrackets(shape, 0) - 1
  const fields: FieldText[] = []
  for (let at = 1; at < end; at++) {
    const start = at
    const colon = shape.indexOf(':', at)
    if (colon < 0 || colon > end) return []
    at = colon + 1
    while (at < end && shape[at] !== ',') {
      const sign = shape[at]
      at = sign === '(' || sign === '{' ? endOfBrackets(shape, at) : sign === '"' ? endOfQuotes(shape, at) : at + 1
    }
    fields.push({ name: shape.slice(start, colon), text: shape.slice(colon + 1, at) })
  }
  return fields
}

/** The index after the bracket that closes the one at `start`; the length of the text if none does. */
function endOfBrackets(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length;) {
    const sign = text[at]
    if (sign === '(' || sign === '{') depth++
    else if ((sign === ')' || sign === '}') && --depth === 0) return at + 1
    at = sign === '"' ? endOfQuotes(text, at) : at + 1
  }
  return text.length
}

/** The index after the quote that closes the one at `start`; the length of the text if none does. */
function endOfQuotes(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return Math.min(at + 1, text.length)
}
