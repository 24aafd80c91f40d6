// Hand-typed records over typed arrays: what a game that knows its two kinds of change would write by hand.
//
// A tick is: number of poses, number of healths, poses of eight words (entity, position, rotation), then the entities of
// the healths, then the healths.
import type { Stores } from '../workload.js'

const POSE_WORDS = 8

/** A buffer of records, as words, floats and halves over the same bytes. */
export class PackedRecords {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
  readonly floats: Float32Array
  readonly halves: Uint16Array
  length = 0

  constructor(entities: number) {
    const buffer = new ArrayBuffer(8 + entities * (POSE_WORDS * 4 + 8))
    this.bytes = new Uint8Array(buffer)
    this.words = new Uint32Array(buffer)
    this.floats = new Float32Array(buffer)
    this.halves = new Uint16Array(buffer)
  }

  /** Encodes what is known to have changed. Returns the number of bytes. */
  encode(stores: Stores, moved: Uint32Array, hurt: Uint32Array): number {
    return this.encodeLists(stores, moved, moved.length, hurt, hurt.length)
  }

  /** The same for the first `movers` and `hurts` entities of the two lists. */
  encodeLists(stores: Stores, moved: Uint32Array, movers: number, hurt: Uint32Array, hurts: number): number {
    const { words, floats, halves } = this
    const { position, rotation, health } = stores
    const { x: px, y: py, z: pz } = position
    const { x: rx, y: ry, z: rz, w: rw } = rotation
    words[0] = movers
    words[1] = hurts
    let at = 2
    for (let i = 0; i < movers; i++, at += POSE_WORDS) {
      const eid = moved[i]!
      words[at] = eid
      floats[at + 1] = px[eid]!
      floats[at + 2] = py[eid]!
      floats[at + 3] = pz[eid]!
      floats[at + 4] = rx[eid]!
      floats[at + 5] = ry[eid]!
      floats[at + 6] = rz[eid]!
      floats[at + 7] = rw[eid]!
    }
    for (let i = 0; i < hurts; i++) words[at++] = hurt[i]!
    let half = at * 2
    for (let i = 0; i < hurts; i++) halves[half++] = health.hp[hurt[i]!]!
    this.length = half * 2
    return this.length
  }

  /** Writes what was encoded into stores. `eidOf` is by the sender's entity. Returns the number of records. */
  decode(stores: Stores, eidOf: Uint32Array): number {
    const { words, floats, halves } = this
    const { position, rotation, health } = stores
    const { x: px, y: py, z: pz } = position
    const { x: rx, y: ry, z: rz, w: rw } = rotation
    const moved = words[0]!
    const hurt = words[1]!
    let at = 2
    for (let i = 0; i < moved; i++, at += POSE_WORDS) {
      const eid = eidOf[words[at]!]!
      px[eid] = floats[at + 1]!
      py[eid] = floats[at + 2]!
      pz[eid] = floats[at + 3]!
      rx[eid] = floats[at + 4]!
      ry[eid] = floats[at + 5]!
      rz[eid] = floats[at + 6]!
      rw[eid] = floats[at + 7]!
    }
    let half = (at + hurt) * 2
    for (let i = 0; i < hurt; i++) health.hp[eidOf[words[at++]!]!] = halves[half++]!
    return moved + hurt
  }
}
