// JSON, as most games begin: an object for each changed entity, and a table of handlers for calls.
import type { FireHandler } from '../limits/call-codec.js'
import type { Stores } from '../workload.js'

interface Pose {
  id: number
  position: { x: number; y: number; z: number }
  rotation: { x: number; y: number; z: number; w: number }
}

interface Tick {
  poses: Pose[]
  healths: { id: number; hp: number }[]
}

export function encodeJson(stores: Stores, moved: readonly number[], hurt: readonly number[]): string {
  const { position, rotation, health } = stores
  const tick: Tick = {
    poses: moved.map((id) => ({
      id,
      position: { x: position.x[id]!, y: position.y[id]!, z: position.z[id]! },
      rotation: { x: rotation.x[id]!, y: rotation.y[id]!, z: rotation.z[id]!, w: rotation.w[id]! },
    })),
    healths: hurt.map((id) => ({ id, hp: health.hp[id]! })),
  }
  return JSON.stringify(tick)
}

/** `ids` leads from the sender's entity to the receiver's. Returns the number of records. */
export function decodeJson(text: string, stores: Stores, ids: Map<number, number>): number {
  const { poses, healths } = JSON.parse(text) as Tick
  const { position, rotation, health } = stores
  for (const pose of poses) {
    const eid = ids.get(pose.id)!
    position.x[eid] = pose.position.x
    position.y[eid] = pose.position.y
    position.z[eid] = pose.position.z
    rotation.x[eid] = pose.rotation.x
    rotation.y[eid] = pose.rotation.y
    rotation.z[eid] = pose.rotation.z
    rotation.w[eid] = pose.rotation.w
  }
  for (const { id, hp } of healths) health.hp[ids.get(id)!] = hp
  return poses.length + healths.length
}

interface FireMessage {
  entity: number
  x: number
  y: number
  z: number
  power: number
}

/** Encodes one call. */
export function encodeJsonCall(entity: number, x: number, y: number, z: number, power: number): string {
  return JSON.stringify({ name: 'fire', args: { entity, x, y, z, power } })
}

/** Decodes calls and hands each to the handler that a table has for its name. */
export function createJsonDispatch(fire: FireHandler): (text: string) => void {
  const handlers: Record<string, (args: FireMessage) => void> = {
    fire: ({ entity, x, y, z, power }) => fire(entity, x, y, z, power),
  }
  return (text) => {
    const { name, args } = JSON.parse(text) as { name: string; args: FireMessage }
    handlers[name]?.(args)
  }
}
