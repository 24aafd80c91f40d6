// Packs rotations as unit quaternions in 32 bits: the three smallest parts, 10 bits each, and the index of the
// largest.
//
// The algorithm is Glenn Fiedler's ("Snapshot Compression", 2015). The largest part follows from the others. As q and
// -q are the same rotation, it can be made positive, so its sign is not sent. The other three lie within ± 1/√2. They
// have 1,023 steps here and not 1,024, so that zero is one of them and a rotation about one axis stays about that
// axis.
import { ArgumentError, ProtocolError } from '../errors.js'
import { ColumnKind, type ColumnSpec, type ColumnType, f32, type SchemaType } from './schema.js'

/** A rotation. It is normalised to unit length before it is sent. */
export interface Quaternion {
  readonly x: number
  readonly y: number
  readonly z: number
  readonly w: number
}

/** Steps on either side of zero, and the number of steps that make 1. */
const STEPS = 511
const SCALE = STEPS * Math.SQRT2
/** The largest sum of squares of a real rotation's packed parts: 3/4 of a length of 1, and rounding. */
const LARGEST_SUM = 393_000

/** The wire form of the identity rotation, which an entity has until its game sets another. */
export const IDENTITY = ((3 << 30) | (STEPS << 20) | (STEPS << 10) | STEPS) >>> 0

/** By the index of the largest part: the other three, in their order. */
const OTHERS = Uint8Array.of(1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2)

const parts = new Float64Array(4)

/** The 32 bits of a rotation, or -1 for an invalid one: of length 0, or with a part that is not finite. */
export function packQuaternion(x: number, y: number, z: number, w: number): number {
  const square = x * x + y * y + z * z + w * w
  if (!(square > 0 && square < Infinity)) return -1
  const length = Math.sqrt(square)
  const ax = Math.abs(x)
  const ay = Math.abs(y)
  const az = Math.abs(z)
  const aw = Math.abs(w)
  if (ax >= ay && ax >= az && ax >= aw) return packParts(0, x, length, y, z, w)
  if (ay >= az && ay >= aw) return packParts(1, y, length, x, z, w)
  if (az >= aw) return packParts(2, z, length, x, y, w)
  return packParts(3, w, length, x, y, z)
}

function packParts(largest: number, most: number, length: number, a: number, b: number, c: number): number {
  const scale = (most < 0 ? -SCALE : SCALE) / length
  // The numbers are above zero, so truncating after adding a half is rounding.
  const middle = STEPS + 0.5
  return ((largest << 30) | ((a * scale + middle) << 20) | ((b * scale + middle) << 10) | (c * scale + middle)) >>> 0
}

/** Unpacks a result of `packQuaternion` to x, y, z and w in `out`. */
export function unpackQuaternion(wire: number, out: Float64Array): void {
  const a = (((wire >>> 20) & 1023) - STEPS) / SCALE
  const b = (((wire >>> 10) & 1023) - STEPS) / SCALE
  const c = ((wire & 1023) - STEPS) / SCALE
  const largest = wire >>> 30
  // A table, since the processor could not predict a branch.
  out[OTHERS[largest * 3]!] = a
  out[OTHERS[largest * 3 + 1]!] = b
  out[OTHERS[largest * 3 + 2]!] = c
  out[largest] = Math.sqrt(1 - (a * a + b * b + c * c))
}

/** Whether 32 bits are a possible result of `packQuaternion`. */
export function isQuaternion(wire: number): boolean {
  const a = ((wire >>> 20) & 1023) - STEPS
  const b = ((wire >>> 10) & 1023) - STEPS
  const c = (wire & 1023) - STEPS
  return a <= STEPS && b <= STEPS && c <= STEPS && a * a + b * b + c * c <= LARGEST_SUM
}

/** The fields of a component that are one rotation, and the part of this field: 0 to 3 for x, y, z and w. */
export interface QuaternionPart {
  readonly names: readonly [string, string, string, string]
  readonly part: number
}

/** The type of a field that is one part of a rotation. */
export type QuaternionField = ColumnType & { readonly quaternion: QuaternionPart }

/** The first of the four fields, in the order of the wire, carries all 32 bits; the other three carry nothing. */
const CARRIER: ColumnSpec = { kind: ColumnKind.Quaternion, bits: 32, lanes: 1, min: -1, max: 1, step: 0 }
const CARRIED: ColumnSpec = { kind: ColumnKind.Quaternion, bits: 32, lanes: 0, min: -1, max: 1, step: 0 }

function quaternionFields<
  const X extends string = 'x',
  const Y extends string = 'y',
  const Z extends string = 'z',
  const W extends string = 'w',
>(x = 'x' as X, y = 'y' as Y, z = 'z' as Z, w = 'w' as W): { [K in X | Y | Z | W]: QuaternionField } {
  const names = [x, y, z, w] as const
  if (new Set<string>(names).size !== 4) {
    throw new ProtocolError('bad-type', `unitQuaternion.fields(${names.join(', ')}): needs four different fields`)
  }
  const [first] = [...names].sort()
  const fields = names.map((name, part): [string, QuaternionField] => [
    name,
    {
      text: `unitQuaternion(${names.join(',')}).${'xyzw'[part]!}`,
      minBytes: 4,
      maxBytes: 4,
      total: false,
      zero: part === 3 ? 1 : 0,
      column: name === first ? CARRIER : CARRIED,
      quaternion: { names, part },
      // For saves, which keep a rotation part by part.
      check(value, field) {
        if (!Number.isFinite(value)) throw new ArgumentError(field, `must be a finite number, got ${String(value)}`)
      },
      write: (writer, value) => writer.f32(value),
      read: (reader) => reader.f32(),
    },
  ])
  return Object.fromEntries(fields) as { [K in X | Y | Z | W]: QuaternionField }
}

function requireRotation(value: Quaternion, field: string): void {
  if (typeof value !== 'object' || value === null) {
    throw new ArgumentError(field, `must be a rotation { x, y, z, w }, got ${String(value)}`)
  }
  const { x, y, z, w } = value
  const isNumbers = [x, y, z, w].every((part) => typeof part === 'number')
  if (isNumbers && packQuaternion(x, y, z, w) >= 0) return
  throw new ArgumentError(field, `must be a rotation of length 1, got { x: ${x}, y: ${y}, z: ${z}, w: ${w} }`)
}

/**
 * A rotation as a unit quaternion, in 32 bits (smallest three). Each part arrives within 0.0014 of the sent one. The
 * largest part arrives positive, which is the same rotation. Rotations are normalised; one of length 0, or with a part
 * that is not finite, is invalid.
 *
 * In calls and messages it is `{ x, y, z, w }`. In a replicated component four fields are one rotation:
 * `unitQuaternion.fields()` for x, y, z and w, or `unitQuaternion.fields('qx', 'qy', 'qz', 'qw')` for other names.
 * Spread it beside other fields. A change of one part sends the whole rotation; an invalid one keeps the last.
 * Interpolation turns the shorter way.
 *
 * ```ts
 * replicate(Rotation, unitQuaternion.fields())
 * replicate(Pose, { x: f32, y: f32, ...unitQuaternion.fields('qx', 'qy', 'qz', 'qw') })
 * defineCommand({ aim: unitQuaternion })
 * ```
 */
export const unitQuaternion: SchemaType<Quaternion> & { readonly fields: typeof quaternionFields } = {
  text: 'unitQuaternion',
  minBytes: 4,
  maxBytes: 4,
  total: false,
  parts: { x: f32, y: f32, z: f32, w: f32 },
  zero: { x: 0, y: 0, z: 0, w: 1 },
  check: requireRotation,
  write: (writer, { x, y, z, w }) => writer.uint(packQuaternion(x, y, z, w), 4),
  read(reader) {
    const wire = reader.uint(4)
    if (!isQuaternion(wire)) {
      reader.fail()
      return this.zero
    }
    unpackQuaternion(wire, parts)
    return { x: parts[0]!, y: parts[1]!, z: parts[2]!, w: parts[3]! }
  },
  fields: quaternionFields,
}
