// The records of packed-records.ts whose changes nobody told: every store is compared with a copy of what was sent
// last. Floats are compared by their bits, several at a time, since a branch for each costs more than the comparison.
import { HAND_TYPED_ENTITIES, handTypedStores } from './hand-typed.js'
import { POSE_WORDS } from './packed-records.js'

const bitsOf = (floats: Float32Array): Int32Array => new Int32Array(floats.buffer)

export const shadowScan = (() => {
  const buffer = new ArrayBuffer(8 + HAND_TYPED_ENTITIES * (POSE_WORDS * 4 + 8))
  const words = new Int32Array(buffer)
  const halves = new Uint16Array(buffer)
  const source = handTypedStores()
  const px = bitsOf(source.position.x)
  const py = bitsOf(source.position.y)
  const pz = bitsOf(source.position.z)
  const rx = bitsOf(source.rotation.x)
  const ry = bitsOf(source.rotation.y)
  const rz = bitsOf(source.rotation.z)
  const rw = bitsOf(source.rotation.w)
  const vx = bitsOf(source.velocity.x)
  const vy = bitsOf(source.velocity.y)
  const vz = bitsOf(source.velocity.z)
  const { hp } = source.health
  const shadow = handTypedStores()
  const spx = bitsOf(shadow.position.x)
  const spy = bitsOf(shadow.position.y)
  const spz = bitsOf(shadow.position.z)
  const srx = bitsOf(shadow.rotation.x)
  const sry = bitsOf(shadow.rotation.y)
  const srz = bitsOf(shadow.rotation.z)
  const srw = bitsOf(shadow.rotation.w)
  const svx = bitsOf(shadow.velocity.x)
  const svy = bitsOf(shadow.velocity.y)
  const svz = bitsOf(shadow.velocity.z)
  const { hp: shp } = shadow.health
  const hurt = new Uint32Array(HAND_TYPED_ENTITIES)
  const swerved = new Uint32Array(HAND_TYPED_ENTITIES)

  /**
   * Finds what changed of some entities since the last time and encodes it. Returns the number of bytes. A change of
   * velocity, of which the workload has none, is found but not written.
   */
  function encode(eids: Uint32Array): number {
    let at = 2
    let hurts = 0
    let swerves = 0
    for (let i = 0; i < eids.length; i++) {
      const eid = eids[i]!
      const turned =
        (px[eid]! ^ spx[eid]!) |
        (py[eid]! ^ spy[eid]!) |
        (pz[eid]! ^ spz[eid]!) |
        (rx[eid]! ^ srx[eid]!) |
        (ry[eid]! ^ sry[eid]!) |
        (rz[eid]! ^ srz[eid]!) |
        (rw[eid]! ^ srw[eid]!)
      if (turned !== 0) {
        words[at] = eid
        words[at + 1] = spx[eid] = px[eid]!
        words[at + 2] = spy[eid] = py[eid]!
        words[at + 3] = spz[eid] = pz[eid]!
        words[at + 4] = srx[eid] = rx[eid]!
        words[at + 5] = sry[eid] = ry[eid]!
        words[at + 6] = srz[eid] = rz[eid]!
        words[at + 7] = srw[eid] = rw[eid]!
        at += POSE_WORDS
      }
      if (((vx[eid]! ^ svx[eid]!) | (vy[eid]! ^ svy[eid]!) | (vz[eid]! ^ svz[eid]!)) !== 0) {
        svx[eid] = vx[eid]!
        svy[eid] = vy[eid]!
        svz[eid] = vz[eid]!
        swerved[swerves++] = eid
      }
      if (hp[eid] !== shp[eid]) {
        shp[eid] = hp[eid]!
        hurt[hurts++] = eid
      }
    }
    words[0] = (at - 2) / POSE_WORDS
    words[1] = hurts
    for (let i = 0; i < hurts; i++) words[at++] = hurt[i]!
    let half = at * 2
    for (let i = 0; i < hurts; i++) halves[half++] = hp[hurt[i]!]!
    return half * 2 + swerves * 16
  }

  return { source, bytes: new Uint8Array(buffer), encode }
})()
