// Holds the workload as objects, one for each entity, for libraries that do not work on columns.
import type { Changes, Stores } from '../workload.js'

/** One entity's values that change. */
export interface Body {
  px: number
  py: number
  pz: number
  rx: number
  ry: number
  rz: number
  rw: number
  hp: number
}

/** The velocities of an entity, which do not change. */
export interface Moving extends Body {
  vx: number
  vy: number
  vz: number
}

/** Copies a pose from the stores, where the workload writes it. */
export function copyPose({ position, rotation }: Stores, eid: number, body: Body): void {
  body.px = position.x[eid]!
  body.py = position.y[eid]!
  body.pz = position.z[eid]!
  body.rx = rotation.x[eid]!
  body.ry = rotation.y[eid]!
  body.rz = rotation.z[eid]!
  body.rw = rotation.w[eid]!
}

/** Copies what a tick changed into the objects, which are numbered as the workload's entities. */
export function copyChanges(stores: Stores, eids: Uint32Array, changes: Changes, bodies: readonly Body[]): void {
  for (const i of changes.moved) copyPose(stores, eids[i]!, bodies[i]!)
  for (const i of changes.hurt) bodies[i]!.hp = stores.health.hp[eids[i]!]!
}

/** Copies everything. */
export function copyAll(stores: Stores, eids: Uint32Array, bodies: readonly Moving[]): void {
  const { velocity, health } = stores
  bodies.forEach((body, i) => {
    const eid = eids[i]!
    copyPose(stores, eid, body)
    body.vx = velocity.x[eid]!
    body.vy = velocity.y[eid]!
    body.vz = velocity.z[eid]!
    body.hp = health.hp[eid]!
  })
}

/** Copies an object's pose and health into the stores: what a client of such a library shows. */
export function copyBack(body: Readonly<Body>, eid: number, { position, rotation, health }: Stores): void {
  position.x[eid] = body.px
  position.y[eid] = body.py
  position.z[eid] = body.pz
  rotation.x[eid] = body.rx
  rotation.y[eid] = body.ry
  rotation.z[eid] = body.rz
  rotation.w[eid] = body.rw
  health.hp[eid] = body.hp
}
