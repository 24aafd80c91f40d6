// Hand-typed records: what a game that knows its two kinds of change would write by hand.
//
// A tick is: number of poses, number of healths, poses of eight words (entity, position, rotation), then the entities
// of the healths, then the healths.
import { HAND_TYPED_ENTITIES, type HandTyped, handTypedStores } from './hand-typed.js'

/** Words of a pose: the entity, then its seven values. */
export const POSE_WORDS = 8

export const packedRecords: HandTyped = (() => {
  const buffer = new ArrayBuffer(8 + HAND_TYPED_ENTITIES * (POSE_WORDS * 4 + 8))
  const words = new Uint32Array(buffer)
  const floats = new Float32Array(buffer)
  const halves = new Uint16Array(buffer)
  const source = handTypedStores()
  const { x: px, y: py, z: pz } = source.position
  const { x: rx, y: ry, z: rz, w: rw } = source.rotation
  const { hp } = source.health
  const target = handTypedStores()
  const { x: tpx, y: tpy, z: tpz } = target.position
  const { x: trx, y: tryy, z: trz, w: trw } = target.rotation
  const { hp: thp } = target.health

  function encode(moved: Uint32Array, movers: number, hurt: Uint32Array, hurts: number): number {
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
    for (let i = 0; i < hurts; i++) halves[half++] = hp[hurt[i]!]!
    return half * 2
  }

  function decode(eidOf: Uint32Array): number {
    const movers = words[0]!
    const hurts = words[1]!
    let at = 2
    for (let i = 0; i < movers; i++, at += POSE_WORDS) {
      const eid = eidOf[words[at]!]!
      tpx[eid] = floats[at + 1]!
      tpy[eid] = floats[at + 2]!
      tpz[eid] = floats[at + 3]!
      trx[eid] = floats[at + 4]!
      tryy[eid] = floats[at + 5]!
      trz[eid] = floats[at + 6]!
      trw[eid] = floats[at + 7]!
    }
    let half = (at + hurts) * 2
    for (let i = 0; i < hurts; i++) thp[eidOf[words[at++]!]!] = halves[half++]!
    return movers + hurts
  }

  return { source, target, bytes: new Uint8Array(buffer), encode, decode }
})()
