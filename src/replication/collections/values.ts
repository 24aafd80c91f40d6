// Copies, freezes and compares the values of collections, so that no code changes one in place.
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { makeNetId, slotOf } from '../../protocol/net-id.js'
import type { SchemaType } from '../../protocol/types/schema.js'

/** Lets entity ids pass through a codec unchanged: each is written as its place in a list. */
export class PassThrough implements EntityMapper {
  private readonly eids: number[] = []

  /** Entities that were written, without 0. */
  get count(): number {
    return this.eids.length
  }

  netIdOf(eid: number): number {
    if (eid === 0) return 0
    return makeNetId(this.eids.push(eid), 0)
  }

  entityOf(netId: number): number {
    return this.eids[slotOf(netId) - 1] ?? 0
  }

  clear(): void {
    this.eids.length = 0
  }
}

const writer = new ByteWriter()
const reader = new ByteReader()
const entities = new PassThrough()
writer.entities = entities
reader.entities = entities

/** A copy of a value that its type accepts, as a receiver would have it: rounded, and without unlisted fields. */
export function copyValue<T>(type: SchemaType<T>, value: T): T {
  writer.clear()
  entities.clear()
  type.write(writer, value)
  reader.reset(writer.bytes, 0, writer.length)
  return type.read(reader)
}

/** Freezes plain objects and arrays recursively. Raw bytes cannot be frozen. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

/**
 * Returns whether two values are the same to every receiver. Objects of a game's own classes are equal only if they are
 * the same object.
 */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (!Array.isArray(a) && !(a instanceof Uint8Array) && Object.getPrototypeOf(a) !== Object.prototype) return false
  const ours = Object.entries(a)
  return ours.length === Object.keys(b).length && ours.every(([name, part]) => isSamePart(b, name, part))
}

function isSamePart(object: object, name: string, part: unknown): boolean {
  return Object.hasOwn(object, name) && isSameValue((object as Readonly<Record<string, unknown>>)[name], part)
}
