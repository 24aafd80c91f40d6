// Hand-quantized records with the changes known: position to 1 cm, rotation to 10 bits for each part, in three words, and
// an entity as its distance to the one before.
import { POSITION_RANGE, POSITION_STEP, ROTATION_STEP, type Stores } from '../workload.js'

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

export class QuantizedRecords {
  readonly bytes: Uint8Array
  private readonly words: Uint32Array
  private readonly poses: Uint32Array
  private readonly halves: Uint16Array
  /** Where the distances between entities begin, in bytes. */
  private readonly gapStart: number

  constructor(entities: number) {
    const poseBytes = entities * 12
    const buffer = new ArrayBuffer(8 + poseBytes + ((entities * 2 + 3) & ~3) + entities * 10)
    this.bytes = new Uint8Array(buffer)
    this.words = new Uint32Array(buffer, 0, 2)
    this.poses = new Uint32Array(buffer, 8, entities * 3)
    this.halves = new Uint16Array(buffer, 8 + poseBytes, entities)
    this.gapStart = 8 + poseBytes + ((entities * 2 + 3) & ~3)
  }

  /** Encodes what is known to have changed. Returns the number of bytes, as if its three parts lay side by side. */
  encode(stores: Stores, moved: Uint32Array, hurt: Uint32Array): number {
    const { words, poses, halves } = this
    const { x: px, y: py, z: pz } = stores.position
    const { x: rx, y: ry, z: rz, w: rw } = stores.rotation
    const { hp } = stores.health
    words[0] = moved.length
    words[1] = hurt.length
    let at = 0
    for (let i = 0; i < moved.length; i++, at += 3) {
      const eid = moved[i]!
      const y = quantizePosition(py[eid]!)
      poses[at] = quantizePosition(px[eid]!) | (y << 18)
      poses[at + 1] = (y >>> 14) | (quantizePosition(pz[eid]!) << 4) | (quantizeRotation(rx[eid]!) << 22)
      poses[at + 2] =
        quantizeRotation(ry[eid]!) | (quantizeRotation(rz[eid]!) << 10) | (quantizeRotation(rw[eid]!) << 20)
    }
    for (let i = 0; i < hurt.length; i++) halves[i] = hp[hurt[i]!]!
    let end = this.writeGaps(moved, this.gapStart)
    end = this.writeGaps(hurt, end)
    return 8 + moved.length * 12 + hurt.length * 2 + (end - this.gapStart)
  }

  /** Writes what was encoded into stores. `eidOf` is by the sender's entity. Returns the number of records. */
  decode(stores: Stores, eidOf: Uint32Array): number {
    const { bytes, words, poses, halves } = this
    const { x: px, y: py, z: pz } = stores.position
    const { x: rx, y: ry, z: rz, w: rw } = stores.rotation
    const { hp } = stores.health
    const moved = words[0]!
    const hurt = words[1]!
    let gap = this.gapStart
    let sender = 0
    for (let i = 0, at = 0; i < moved; i++, at += 3) {
      const byte = bytes[gap++]!
      sender += byte < 0x80 ? byte : (byte & 0x7f) | (bytes[gap++]! << 7)
      const eid = eidOf[sender]!
      const first = poses[at]!
      const second = poses[at + 1]!
      const third = poses[at + 2]!
      px[eid] = (first & 0x3ffff) * POSITION_STEP - POSITION_RANGE
      py[eid] = ((first >>> 18) | ((second & 15) << 14)) * POSITION_STEP - POSITION_RANGE
      pz[eid] = ((second >>> 4) & 0x3ffff) * POSITION_STEP - POSITION_RANGE
      rx[eid] = (second >>> 22) * ROTATION_STEP - 1
      ry[eid] = (third & 1023) * ROTATION_STEP - 1
      rz[eid] = ((third >>> 10) & 1023) * ROTATION_STEP - 1
      rw[eid] = (third >>> 20) * ROTATION_STEP - 1
    }
    sender = 0
    for (let i = 0; i < hurt; i++) {
      const byte = bytes[gap++]!
      sender += byte < 0x80 ? byte : (byte & 0x7f) | (bytes[gap++]! << 7)
      hp[eidOf[sender]!] = halves[i]!
    }
    return moved + hurt
  }

  /** One byte for distances below 128, else two: entities lie below 32,768. */
  private writeGaps(eids: Uint32Array, start: number): number {
    const { bytes } = this
    let at = start
    let previous = 0
    for (let i = 0; i < eids.length; i++) {
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
}
