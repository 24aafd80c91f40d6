// Tests parsing types from their texts: every describable type is parsed, and invalid texts are refused.
import { describe, expect, it } from 'vitest'
import * as angles from '../../../src/protocol/types/angle.js'
import { listOf, mapOf, setOf } from '../../../src/replication/collections/declare-collections.js'
import * as composite from '../../../src/protocol/types/composite-types.js'
import { array, bytes, custom, enumOf, optional, struct } from '../../../src/protocol/types/composite-types.js'
import { type FieldType, parseType, splitFields } from '../../../src/protocol/types/parse-type.js'
import { unitQuaternion } from '../../../src/protocol/types/quaternion.js'
import * as schema from '../../../src/protocol/types/schema.js'

const { u8, u16, entity, string, quantized } = schema
const Big = custom<bigint>({
  text: 'big(8),x',
  maxBytes: 8,
  zero: 0n,
  check: () => undefined,
  write: (writer, value) => writer.f64(Number(value)),
  read: (reader) => BigInt(reader.f64()),
})
const KNOWN = new Map<string, FieldType>([[Big.text, Big]])

const TYPES: readonly FieldType[] = [
  ...[
    schema.bool,
    u8,
    u16,
    schema.u32,
    schema.i8,
    schema.i16,
    schema.i32,
    schema.f32,
    schema.f64,
    schema.varint,
    entity,
  ],
  quantized(-4096, 4096, 0.01),
  quantized(0, 1e21, 1e15),
  quantized(-1e-7, 1e-7, 1e-9),
  angles.angle(1),
  angles.angle(32),
  unitQuaternion,
  ...Object.values(unitQuaternion.fields('qx', 'qy', 'qz', 'qw')),
  optional(unitQuaternion),
  string(200),
  bytes(3),
  enumOf('fast', 'tough,slow', 'a "quoted" \\ one)', '}'),
  optional(array(entity, 4)),
  struct({ a: u8, inner: struct({ name: string(3), kind: enumOf('x:{', 'y') }) }),
  listOf(struct({ id: u16, from: entity }), 40),
  mapOf(string(8), optional(u16), 4),
  setOf(enumOf('b', 'c'), 2),
  Big,
  listOf(Big, 3),
  mapOf(u8, Big, 3),
] as readonly FieldType[]

describe('parseType', () => {
  it.each(TYPES.map((type) => [type.text, type] as const))('parses %s', (text, type) => {
    const found = parseType(text, KNOWN)!
    expect([found.text, found.maxBytes]).toEqual([type.text, type.maxBytes])
    expect('collection' in found).toBe('collection' in type)
  })

  it('knows every type', () => {
    const makers = { ...schema, ...composite, listOf, mapOf, setOf }
    const names = Object.keys(makers).filter((name) => typeof makers[name as keyof typeof makers] === 'function')
    const fixed = Object.values(makers).filter((type) => typeof type === 'object' && 'text' in type)
    expect(fixed.map(({ text }) => parseType(text, KNOWN)?.text)).toEqual(fixed.map(({ text }) => text))
    // Add a new type to the parser and to TYPES above.
    const known = [
      'array',
      'bytes',
      'custom',
      'enumOf',
      'listOf',
      'mapOf',
      'optional',
      'quantized',
      'setOf',
      'string',
      'struct',
    ]
    expect(names.filter((name) => !name.startsWith('stored')).sort()).toEqual(known)
  })

  it.each([
    '',
    'u9',
    'u8 ',
    'u8)',
    'quantized(1,0,1)',
    'quantized(1,2)',
    'string()',
    'string(-1)',
    'string(1e99)',
    'bytes(3',
    'enum()',
    'enum("a",)',
    'enum("a","a")',
    'enum("\\x")',
    'list(u8)',
    'list(u8,0)',
    'list(list(u8,3),3)',
    'map(u8,3)',
    'set(struct{a:u8},3)',
    'struct{}',
    'list(struct{},16000)',
    'struct{a}',
    'struct{a:u8',
    'custom(unheard-of)',
    `${'optional('.repeat(5000)}u8${')'.repeat(5000)}`,
    'constructor',
    '__proto__',
  ])('returns undefined for %j', (text) => {
    expect(parseType(text, KNOWN)).toBeUndefined()
  })
})

it('splitFields returns the names and texts of fields, whatever they contain', () => {
  expect(splitFields('{}')).toEqual([])
  expect(splitFields('')).toEqual([])
  for (const text of ['{', '{a}', '{,}', '{{{{']) expect(splitFields(text)).toEqual([])
  const text = '{a:u8,b:enum("x,\\"}","y"),c:list(struct{d:u8,e:quantized(0,1,0.1)},3)}'
  expect(splitFields(text)).toEqual([
    { name: 'a', text: 'u8' },
    { name: 'b', text: 'enum("x,\\"}","y")' },
    { name: 'c', text: 'list(struct{d:u8,e:quantized(0,1,0.1)},3)' },
  ])
})

it('splitFields returns the type of an array component, and leaves out options', () => {
  expect(splitFields('quantized(0,1,0.1) by owner')).toEqual([{ name: 'value', text: 'quantized(0,1,0.1)' }])
  expect(splitFields('{a:enum("} by, owner"),b:u8} to owner once')).toEqual([
    { name: 'a', text: 'enum("} by, owner")' },
    { name: 'b', text: 'u8' },
  ])
})

it('splitFields does not overflow the stack on nested brackets', () => {
  expect(splitFields(`{a:${'('.repeat(1e6)}`)).toHaveLength(1)
})
