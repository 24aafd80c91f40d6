// msgpackr with records: each changed entity is an object, whose shape is sent once and named from then on.
import { FLOAT32_OPTIONS, Packr } from 'msgpackr'
import { versionOf } from '../versions.js'
import type { Stores } from '../workload.js'

export const MSGPACKR = `msgpackr ${versionOf('msgpackr')} records`

interface Pose {
  id: number
  px: number
  py: number
  pz: number
  rx: number
  ry: number
  rz: number
  rw: number
}

interface Tick {
  poses: Pose[]
  healths: { id: number; hp: number }[]
}

function newPackr(): Packr {
  return new Packr({ structures: [], useFloat32: FLOAT32_OPTIONS.ALWAYS })
}

/** Both sides of a connection; they share the table of shapes, as those do that have met. */
export class MsgpackrCodec {
  private readonly packr = newPackr()

  encode({ position, rotation, health }: Stores, moved: readonly number[], hurt: readonly number[]): Uint8Array {
    const tick: Tick = {
      poses: moved.map((id) => ({
        id,
        px: position.x[id]!,
        py: position.y[id]!,
        pz: position.z[id]!,
        rx: rotation.x[id]!,
        ry: rotation.y[id]!,
        rz: rotation.z[id]!,
        rw: rotation.w[id]!,
      })),
      healths: hurt.map((id) => ({ id, hp: health.hp[id]! })),
    }
    return this.packr.pack(tick)
  }

  /** `ids` leads from the sender's entity to the receiver's. Returns the number of records. */
  decode(bytes: Uint8Array, { position, rotation, health }: Stores, ids: Map<number, number>): number {
    const { poses, healths } = this.packr.unpack(bytes) as Tick
    for (const pose of poses) {
      const eid = ids.get(pose.id)!
      position.x[eid] = pose.px
      position.y[eid] = pose.py
      position.z[eid] = pose.pz
      rotation.x[eid] = pose.rx
      rotation.y[eid] = pose.ry
      rotation.z[eid] = pose.rz
      rotation.w[eid] = pose.rw
    }
    for (const { id, hp } of healths) health.hp[ids.get(id)!] = hp
    return poses.length + healths.length
  }
}
