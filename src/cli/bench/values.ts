// Values by schema: what a game's components and calls are filled with when nobody but their types says what they hold.
import { ByteReader } from '../../protocol/bytes.js'
import type { Schema, SchemaType } from '../../protocol/types/schema.js'
import { type ColumnSpec, ColumnKind, ScalarForm } from '../../protocol/types/schema.js'
import { fromWire, maxWire } from '../../replication/wire/columns.js'

/** A number from 0 to 1, below 1. */
export type Random = () => number

/** Bytes that a value is read from; long enough for any that is not large. */
const BYTES = 256

/** A number that a column can hold. Entities are given by `anyEntity`. */
export function columnValue(spec: ColumnSpec, random: Random, anyEntity: () => number): number {
  switch (spec.kind) {
    case ColumnKind.Entity:
      return anyEntity()
    case ColumnKind.F32:
    case ColumnKind.F64:
      // Such as games have, and not any bits, of which some are no numbers.
      return Math.fround((random() * 2 - 1) * 1000)
    default:
      return fromWire(spec, Math.floor(random() * (maxWire(spec) + 1)))
  }
}

/**
 * Arguments of a call. A type that is none of numbers is read from printable bytes, which makes texts of texts; where
 * they are no value of it, it is its zero.
 */
export function argumentsOf(schema: Schema, random: Random, anyEntity: () => number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema).map(([name, type]) => [name, valueOf(type, name, random, anyEntity)]),
  )
}

function valueOf(type: SchemaType<unknown>, name: string, random: Random, anyEntity: () => number): unknown {
  if (type.scalar === ScalarForm.Entity) return anyEntity()
  if (type.scalar === ScalarForm.Bool) return random() < 0.5
  const value = type.column === undefined ? readFrom(type, random) : columnValue(type.column, random, anyEntity)
  try {
    type.check(value, name)
    return value
  } catch {
    // What was read names an entity, or a part of it is out of range.
    return type.zero
  }
}

function readFrom(type: SchemaType<unknown>, random: Random): unknown {
  const bytes = Uint8Array.from({ length: BYTES }, () => 0x20 + Math.floor(random() * 0x5f))
  // Short texts: this is also the length of one.
  bytes[0] = 1 + Math.floor(random() * 24)
  const reader = new ByteReader()
  reader.reset(bytes, 0, bytes.length)
  const value = type.read(reader)
  return reader.failed ? type.zero : value
}
