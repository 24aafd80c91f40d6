// JSON, as most games begin: an object for each changed entity, and a table of handlers for calls.
import type { FireHandler } from '../limits/call-codec.js'
import type { Shots } from '../limits/shots.js'
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

/** Calls as JSON: each is read by a table that has a handler for its name. */
export class JsonCalls {
  private readonly handlers: Record<string, (args: FireMessage) => void>
  /** Characters sent, which are bytes here. */
  size = 0

  constructor(fire: FireHandler) {
    this.handlers = { fire: ({ entity, x, y, z, power }) => fire(entity, x, y, z, power) }
  }

  clear(): void {
    this.size = 0
  }

  /** Encodes each call once, however many receive it. */
  send({ count, x, y, z, power }: Shots, receivers = 1): void {
    for (let i = 0; i < count; i++) {
      const args = { entity: 1, x: x[i]!, y: y[i]!, z: z[i]!, power: power[i]! }
      const text = JSON.stringify({ name: 'fire', args })
      this.size += text.length
      for (let r = 0; r < receivers; r++) this.receive(text)
    }
  }

  private receive(text: string): void {
    const { name, args } = JSON.parse(text) as { name: string; args: FireMessage }
    this.handlers[name]?.(args)
  }
}

/** Requests as JSON, answered as they arrive, with a table of the promises that wait. */
export class JsonRequests {
  private readonly waiting = new Map<number, (left: number) => void>()
  private readonly handlers: Record<string, (args: FireMessage) => number>
  private count = 0
  size = 0
  /** The promise of the last request made. */
  last: Promise<number> = Promise.resolve(0)

  constructor(fire: FireHandler) {
    this.handlers = {
      buy: ({ entity, x, y, z, power }) => {
        fire(entity, x, y, z, power)
        return power
      },
    }
  }

  clear(): void {
    this.size = 0
  }

  send({ count, x, y, z, power }: Shots): void {
    for (let i = 0; i < count; i++) {
      const request = ++this.count
      const args = { entity: 1, x: x[i]!, y: y[i]!, z: z[i]!, power: power[i]! }
      this.last = new Promise<number>((resolve) => this.waiting.set(request, resolve))
      this.ask(JSON.stringify({ name: 'buy', request, args }))
    }
  }

  private ask(text: string): void {
    const { name, request, args } = JSON.parse(text) as { name: string; request: number; args: FireMessage }
    const answer = JSON.stringify({ request, left: this.handlers[name]!(args) })
    this.size += text.length + answer.length
    this.take(answer)
  }

  private take(text: string): void {
    const { request, left } = JSON.parse(text) as { request: number; left: number }
    this.waiting.get(request)!(left)
    this.waiting.delete(request)
  }
}
