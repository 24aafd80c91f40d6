// Types of fields from their texts in a protocol's description: for bytes that were written by an earlier version of a game.
import { type CollectionType, listOf, mapOf, setOf } from './collection-types.js'
import { array, bytes, enumOf, optional, struct } from './composite-types.js'
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

/** Types within types; deeper ones are nobody's. */
const MAX_DEPTH = 16

/** Says that a text is no type that is known here: whoever parses catches it. */
class UnknownType extends Error {}

class TypeParser {
  private at = 0
  private depth = 0

  constructor(
    private readonly text: string,
    /** Types by their texts, for those whose texts say too little: `custom`. */
    private readonly known: ReadonlyMap<string, FieldType>,
  ) {}

  get isDone(): boolean {
    return this.at === this.text.length
  }

  field(): FieldType {
    if (this.takes('list(')) return this.closed(() => listOf(this.type(), this.nextNumber()))
    if (this.takes('map(')) {
      return this.closed(() => {
        const key = this.type() as SchemaType<string>
        this.expect(',')
        return mapOf(key, this.type(), this.nextNumber())
      })
    }
    if (this.takes('set(')) return this.closed(() => setOf(this.type() as SchemaType<string>, this.nextNumber()))
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
    for (const [text, type] of this.known) {
      if (text.startsWith('custom(') && !('collection' in type) && this.takes(text)) return type
    }
    if (this.takes('struct')) return this.struct()
    if (this.takes('quantized(')) {
      return this.closed(() => quantized(this.number(), this.nextNumber(), this.nextNumber()) as AnyType)
    }
    if (this.takes('string(')) return this.closed(() => string(this.number()) as AnyType)
    if (this.takes('bytes(')) return this.closed(() => bytes(this.number()) as AnyType)
    if (this.takes('array(')) return this.closed(() => array(this.type(), this.nextNumber()) as AnyType)
    if (this.takes('optional(')) return this.closed(() => optional(this.type()) as AnyType)
    if (this.takes('enum(')) return this.closed(() => enumOf(...this.names()) as AnyType)
    const simple = SIMPLE.get(/^[a-z0-9]+/.exec(this.text.slice(this.at))?.[0] ?? '')
    if (simple === undefined || !this.takes(simple.text)) throw new UnknownType()
    return simple
  }

  /** Without fields a value would take no bytes, and bytes could claim any number of them. */
  private struct(): AnyType {
    const fields = this.fields(() => this.type())
    if (Object.keys(fields).length === 0) throw new UnknownType()
    return struct(fields) as AnyType
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
    // A text that is no type, or a type that its own maker refuses.
    return undefined
  }
}

/** The type that a text is of, or undefined where that cannot be told. `known`: types by their texts. */
export function parseType(text: string, known: ReadonlyMap<string, FieldType>): FieldType | undefined {
  return known.get(text) ?? attempt(text, known, (parser) => parser.field())
}

/** The types of the fields of a payload, `{…}`, by name; or undefined where they cannot be told. */
export function parseSchema(
  text: string,
  known: ReadonlyMap<string, FieldType>,
): Record<string, SchemaType<unknown>> | undefined {
  return attempt(text, known, (parser) => parser.fields(() => parser.type()))
}

/** Splits the fields of a component, `{…}`, into names and the texts of their types, in their order. */
export function splitFields(text: string): { name: string; text: string }[] {
  if (!/^\{.*\}$/s.test(text)) return []
  const fields: { name: string; text: string }[] = []
  let start = 1
  let depth = 0
  let quoted = false
  for (let i = 1; i < text.length; i++) {
    const sign = text[i]!
    if (quoted && sign === '\\') i++
    else if (sign === '"') quoted = !quoted
    else if (!quoted && (sign === '(' || sign === '{')) depth++
    const ends = !quoted && depth === 0 && (sign === ',' || sign === '}')
    if (ends && i > start) {
      const colon = text.indexOf(':', start)
      fields.push({ name: text.slice(start, colon), text: text.slice(colon + 1, i) })
      start = i + 1
    }
    if (!quoted && (sign === ')' || sign === '}')) depth--
  }
  return fields
}
