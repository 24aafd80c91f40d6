// Packs angles: radians that wrap, in as many bits as a game wants.
import { ArgumentError, ProtocolError } from '../errors.js'
import { ColumnKind, type ColumnType, ScalarForm } from './schema.js'

/** A whole turn, in radians. */
export const TURN = 2 * Math.PI

/** The whole number that stands for an angle, of `steps` in a turn; the first is minus half a turn. */
export function angleStep(radians: number, steps: number): number {
  const turns = radians / TURN + 0.5
  const step = Math.round((turns - Math.floor(turns)) * steps)
  return step === steps ? 0 : step
}

/** The shorter way from one angle to another, from minus to plus half a turn. */
export function shortWay(from: number, to: number): number {
  const way = to - from
  return way - TURN * Math.round(way / TURN)
}

/**
 * An angle in radians, in `bits` bits: 8 bits are steps of 1.4 degrees, 12 of 0.09, 16 of 0.006. It wraps: 3π is π,
 * and arrives as -π. Received values are from -π up to one step below π. Interpolation turns the shorter way. NaN and
 * infinities are refused.
 *
 * @throws ProtocolError when `bits` is not a whole number from 1 to 32.
 */
export function angle(bits: number): ColumnType {
  if (!Number.isInteger(bits) || bits < 1 || bits > 32) {
    throw new ProtocolError('bad-type', `angle(${bits}): needs a whole number of bits from 1 to 32`)
  }
  const steps = 2 ** bits
  const step = TURN / steps
  const bytes = (bits + 7) >> 3
  return {
    text: `angle(${bits})`,
    minBytes: bytes,
    maxBytes: bytes,
    total: bits % 8 === 0,
    zero: 0,
    // Read like a quantized number, and written like one where it needs no wrapping.
    scalar: ScalarForm.Quantized,
    column: { kind: ColumnKind.Angle, bits, lanes: 1, min: -Math.PI, max: Math.PI - step, step },
    check(value, field) {
      if (typeof value !== 'number' || !Number.isFinite(value)) {
        throw new ArgumentError(field, `must be an angle in radians, got ${String(value)}`)
      }
    },
    write: (writer, value) => writer.uint(angleStep(value, steps), bytes),
    read(reader) {
      const wire = reader.uint(bytes)
      if (wire >= steps) reader.fail()
      return wire * step - Math.PI
    },
  }
}
