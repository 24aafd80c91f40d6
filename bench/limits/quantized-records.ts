// Hand-quantized records with the changes known: position to 1 cm, rotation as its three smallest parts, in three
// words, and an entity as its distance to the one before.
import { POSITION_RANGE, POSITION_STEP } from '../workload.js'
import { HAND_TYPED_ENTITIES, type HandTyped, handTypedStores } from './hand-typed.js'

const POSITION_STEPS = Math.round((2 * POSITION_RANGE) / POSITION_STEP)
/** Steps on either side of zero of the parts of a rotation but the largest, which are within ± 1/√2. */
const ROTATION_STEPS = 511
// Multiplying and cutting off is several times faster than dividing and rounding; next to the middle between two steps
// it may choose the other one.
const POSITION_SCALE = POSITION_STEPS / (2 * POSITION_RANGE)
const ROTATION_SCALE = ROTATION_STEPS * Math.SQRT2
const ROTATION_STEP = 1 / ROTATION_SCALE

function quantizePosition(value: number): number {
  if (value <= -POSITION_RANGE) return 0
  if (value >= POSITION_RANGE) return POSITION_STEPS
  return ((value + POSITION_RANGE) * POSITION_SCALE + 0.5) | 0
}

/** Which part is the largest in two bits, then the other three in ten each. The largest is made positive: -q is q. */
function packRotation(x: number, y: number, z: number, w: number): number {
  const ax = Math.abs(x)
  const ay = Math.abs(y)
  const az = Math.abs(z)
  const aw = Math.abs(w)
  if (ax >= ay && ax >= az && ax >= aw) return packParts(0, x, y, z, w)
  if (ay >= az && ay >= aw) return packParts(1, y, x, z, w)
  if (az >= aw) return packParts(2, z, x, y, w)
  return packParts(3, w, x, y, z)
}

function packParts(largest: number, most: number, a: number, b: number, c: number): number {
  const scale = most < 0 ? -ROTATION_SCALE : ROTATION_SCALE
  const middle = ROTATION_STEPS + 0.5
  return (largest << 30) | ((a * scale + middle) << 20) | ((b * scale + middle) << 10) | (c * scale + middle)
}

export const quantizedRecords: HandTyped = (() => {
  // Poses of three words, healths, then the distances between entities, of two bytes at most.
  const healthStart = 8 + HAND_TYPED_ENTITIES * 12
  const gapStart = healthStart + HAND_TYPED_ENTITIES * 2
  const buffer = new ArrayBuffer(gapStart + HAND_TYPED_ENTITIES * 4)
  const bytes = new Uint8Array(buffer)
  const words = new Uint32Array(buffer)
  const healths = new Uint16Array(buffer, healthStart, HAND_TYPED_ENTITIES)
  const source = handTypedStores()
  const { x: px, y: py, z: pz } = source.position
  const { x: rx, y: ry, z: rz, w: rw } = source.rotation
  const { hp } = source.health
  const target = handTypedStores()
  const { x: tpx, y: tpy, z: tpz } = target.position
  const { x: trx, y: tryy, z: trz, w: trw } = target.rotation
  const { hp: thp } = target.health

  /** Returns the number of bytes as if the three parts lay side by side. */
  function encode(moved: Uint32Array, movers: number, hurt: Uint32Array, hurts: number): number {
    words[0] = movers
    words[1] = hurts
    let at = 2
    for (let i = 0; i < movers; i++, at += 3) {
      const eid = moved[i]!
      const y = quantizePosition(py[eid]!)
      words[at] = quantizePosition(px[eid]!) | (y << 18)
      words[at + 1] = (y >>> 14) | (quantizePosition(pz[eid]!) << 4)
      words[at + 2] = packRotation(rx[eid]!, ry[eid]!, rz[eid]!, rw[eid]!)
    }
    for (let i = 0; i < hurts; i++) healths[i] = hp[hurt[i]!]!
    let end = writeGaps(moved, movers, gapStart)
    end = writeGaps(hurt, hurts, end)
    return 8 + movers * 12 + hurts * 2 + (end - gapStart)
  }

  /** One byte for distances below 128, else two: entities lie below 32,768. */
  function writeGaps(eids: Uint32Array, count: number, start: number): number {
    let at = start
    let previous = 0
    for (let i = 0; i < count; i++) {
      const gap = eids[i]! - previous
      previous = eids[i]!
      if (gap < 0x80) bytes[at++] = gap
      else {
        bytes[at++] = (gap & 0x7f) | 0x80
        bytes[at++] = gap >>> 7
      }
    }
    return at
  }

  function decode(eidOf: Uint32Array): number {
    const movers = words[0]!
    const hurts = words[1]!
    let gap = gapStart
    let sender = 0
    for (let i = 0, at = 2; i < movers; i++, at += 3) {
      const byte = bytes[gap++]!
      sender += byte < 0x80 ? byte : (byte & 0x7f) | (bytes[gap++]! << 7)
      const eid = eidOf[sender]!
      const first = words[at]!
      const second = words[at + 1]!
      const third = words[at + 2]!
      tpx[eid] = (first & 0x3ffff) * POSITION_STEP - POSITION_RANGE
      tpy[eid] = ((first >>> 18) | ((second & 15) << 14)) * POSITION_STEP - POSITION_RANGE
      tpz[eid] = (second >>> 4) * POSITION_STEP - POSITION_RANGE
      const largest = third >>> 30
      const a = (((third >>> 20) & 1023) - ROTATION_STEPS) * ROTATION_STEP
      const b = (((third >>> 10) & 1023) - ROTATION_STEPS) * ROTATION_STEP
      const c = ((third & 1023) - ROTATION_STEPS) * ROTATION_STEP
      const most = Math.sqrt(1 - a * a - b * b - c * c)
      trx[eid] = largest === 0 ? most : a
      tryy[eid] = largest === 0 ? a : largest === 1 ? most : b
      trz[eid] = largest <= 1 ? b : largest === 2 ? most : c
      trw[eid] = largest === 3 ? most : c
    }
    sender = 0
    for (let i = 0; i < hurts; i++) {
      const byte = bytes[gap++]!
      sender += byte < 0x80 ? byte : (byte & 0x7f) | (bytes[gap++]! << 7)
      thp[eidOf[sender]!] = healths[i]!
    }
    return movers + hurts
  }

  return { source, target, bytes, encode, decode }
})()
