// Hand-quantized records with the changes known: position to 1 cm, rotation to 10 bits for each part, in three words, and
// an entity as its distance to the one before.
import { POSITION_RANGE, POSITION_STEP, ROTATION_STEP } from '../workload.js'
import { HAND_TYPED_ENTITIES, type HandTyped, handTypedStores } from './hand-typed.js'

const POSITION_STEPS = Math.round((2 * POSITION_RANGE) / POSITION_STEP)
const ROTATION_STEPS = 1023
// Multiplying and cutting off is several times faster than dividing and rounding; next to the middle between two steps it
// may choose the other one.
const POSITION_SCALE = POSITION_STEPS / (2 * POSITION_RANGE)
const ROTATION_SCALE = ROTATION_STEPS / 2

function quantizePosition(value: number): number {
  if (value <= -POSITION_RANGE) return 0
  if (value >= POSITION_RANGE) return POSITION_STEPS
  return ((value + POSITION_RANGE) * POSITION_SCALE + 0.5) | 0
}

function quantizeRotation(value: number): number {
  if (value <= -1) return 0
  if (value >= 1) return ROTATION_STEPS
  return ((value + 1) * ROTATION_SCALE + 0.5) | 0
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
      words[at + 1] = (y >>> 14) | (quantizePosition(pz[eid]!) << 4) | (quantizeRotation(rx[eid]!) << 22)
      words[at + 2] =
        quantizeRotation(ry[eid]!) | (quantizeRotation(rz[eid]!) << 10) | (quantizeRotation(rw[eid]!) << 20)
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
      tpz[eid] = ((second >>> 4) & 0x3ffff) * POSITION_STEP - POSITION_RANGE
      trx[eid] = (second >>> 22) * ROTATION_STEP - 1
      tryy[eid] = (third & 1023) * ROTATION_STEP - 1
      trz[eid] = ((third >>> 10) & 1023) * ROTATION_STEP - 1
      trw[eid] = (third >>> 20) * ROTATION_STEP - 1
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
