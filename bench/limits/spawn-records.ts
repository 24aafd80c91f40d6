// A whole world by hand: a record of each entity's values, and the entities that a client makes of them.
import { addComponents, addEntity, type World } from 'bitecs'
import { HAND_TYPED_ENTITIES, handTypedStores } from './hand-typed.js'

/** An entity, ten floats, and a health with two spare bytes. */
const WORDS = 12
export const SPAWN_BYTES = WORDS * 4 - 2

export const spawnRecords = (() => {
  const buffer = new ArrayBuffer(HAND_TYPED_ENTITIES * WORDS * 4)
  const words = new Uint32Array(buffer)
  const floats = new Float32Array(buffer)
  const source = handTypedStores()
  const { x: px, y: py, z: pz } = source.position
  const { x: rx, y: ry, z: rz, w: rw } = source.rotation
  const { x: vx, y: vy, z: vz } = source.velocity
  const { hp } = source.health
  const target = handTypedStores()
  const { x: tpx, y: tpy, z: tpz } = target.position
  const { x: trx, y: tryy, z: trz, w: trw } = target.rotation
  const { x: tvx, y: tvy, z: tvz } = target.velocity
  const { hp: thp } = target.health

  /** Returns the number of bytes. */
  function encode(eids: Uint32Array): number {
    for (let i = 0, at = 0; i < eids.length; i++, at += WORDS) {
      const eid = eids[i]!
      words[at] = eid
      floats[at + 1] = px[eid]!
      floats[at + 2] = py[eid]!
      floats[at + 3] = pz[eid]!
      floats[at + 4] = rx[eid]!
      floats[at + 5] = ry[eid]!
      floats[at + 6] = rz[eid]!
      floats[at + 7] = rw[eid]!
      floats[at + 8] = vx[eid]!
      floats[at + 9] = vy[eid]!
      floats[at + 10] = vz[eid]!
      words[at + 11] = hp[eid]!
    }
    return eids.length * SPAWN_BYTES
  }

  /** Makes `count` entities in a world of the receiver's. Returns the last one. */
  function decode(world: World, count: number): number {
    const { position, rotation, velocity, health } = target
    let eid = 0
    for (let i = 0, at = 0; i < count; i++, at += WORDS) {
      eid = addEntity(world)
      tpx[eid] = floats[at + 1]!
      tpy[eid] = floats[at + 2]!
      tpz[eid] = floats[at + 3]!
      trx[eid] = floats[at + 4]!
      tryy[eid] = floats[at + 5]!
      trz[eid] = floats[at + 6]!
      trw[eid] = floats[at + 7]!
      tvx[eid] = floats[at + 8]!
      tvy[eid] = floats[at + 9]!
      tvz[eid] = floats[at + 10]!
      thp[eid] = words[at + 11]!
      addComponents(world, eid, position, rotation, velocity, health)
    }
    return eid
  }

  return { source, target, encode, decode }
})()
