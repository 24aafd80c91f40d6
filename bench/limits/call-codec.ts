// Calls { entity, x, y, z, power } on entity 1 by hand: written to a reused DataView, read back, and handed to their
// handler. No sender, no ownership, no rate, no bounds.
import type { Shots } from './shots.js'

const FIRE = 7
const BOUGHT = 9
const SIZE = 18
const MESSAGE_SIZE = 14
const REQUEST_SIZE = 20
const REPLY_SIZE = 7

export type FireHandler = (entity: number, x: number, y: number, z: number, power: number) => void

/** Calls on an entity. */
export class CallCodec {
  readonly bytes: Uint8Array
  private readonly view: DataView
  private length = 0

  constructor(calls: number) {
    this.bytes = new Uint8Array(calls * SIZE)
    this.view = new DataView(this.bytes.buffer)
  }

  clear(): void {
    this.length = 0
  }

  /** Bytes written since `clear`. */
  get size(): number {
    return this.length
  }

  /** Takes over what another one wrote. */
  copy(from: CallCodec): void {
    this.bytes.set(from.bytes)
    this.length = from.length
  }

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) this.write(1, shots.x[i]!, shots.y[i]!, shots.z[i]!, shots.power[i]!)
  }

  private write(entity: number, x: number, y: number, z: number, power: number): void {
    const { view, length: at } = this
    view.setUint8(at, FIRE)
    view.setUint32(at + 1, entity, true)
    view.setFloat32(at + 5, x, true)
    view.setFloat32(at + 9, y, true)
    view.setFloat32(at + 13, z, true)
    view.setUint8(at + 17, power)
    this.length = at + SIZE
  }

  /** Hands every call to its handler. */
  dispatch(fire: FireHandler): void {
    const { view, length } = this
    for (let at = 0; at < length; at += SIZE) {
      if (view.getUint8(at) !== FIRE) continue
      fire(
        view.getUint32(at + 1, true),
        view.getFloat32(at + 5, true),
        view.getFloat32(at + 9, true),
        view.getFloat32(at + 13, true),
        view.getUint8(at + 17),
      )
    }
  }
}

/** Calls that go to many: written once, copied into the packet of each receiver, and read there. */
export class FanOutCodec {
  private readonly codec: CallCodec
  private readonly packets: readonly CallCodec[]

  constructor(calls: number, receivers: number) {
    this.codec = new CallCodec(calls)
    this.packets = Array.from({ length: receivers }, () => new CallCodec(calls))
  }

  clear(): void {
    this.codec.clear()
  }

  get size(): number {
    return this.codec.size
  }

  send(shots: Shots): void {
    this.codec.send(shots)
  }

  dispatch(fire: FireHandler): void {
    for (const packet of this.packets) {
      packet.copy(this.codec)
      packet.dispatch(fire)
    }
  }
}

/** Messages { x, y, z, power }, on no entity: their handlers are given a 1 for it. */
export class MessageCodec {
  private readonly view: DataView
  private length = 0

  constructor(calls: number) {
    this.view = new DataView(new ArrayBuffer(calls * MESSAGE_SIZE))
  }

  clear(): void {
    this.length = 0
  }

  get size(): number {
    return this.length
  }

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) this.write(shots.x[i]!, shots.y[i]!, shots.z[i]!, shots.power[i]!)
  }

  private write(x: number, y: number, z: number, power: number): void {
    const { view, length: at } = this
    view.setUint8(at, FIRE)
    view.setFloat32(at + 1, x, true)
    view.setFloat32(at + 5, y, true)
    view.setFloat32(at + 9, z, true)
    view.setUint8(at + 13, power)
    this.length = at + MESSAGE_SIZE
  }

  dispatch(fire: FireHandler): void {
    const { view, length } = this
    for (let at = 0; at < length; at += MESSAGE_SIZE) {
      if (view.getUint8(at) !== FIRE) continue
      fire(
        1,
        view.getFloat32(at + 1, true),
        view.getFloat32(at + 5, true),
        view.getFloat32(at + 9, true),
        view.getUint8(at + 13),
      )
    }
  }
}

/** Requests that are answered { left }: numbered, with a table of the promises that wait. */
export class RequestCodec {
  private readonly view: DataView
  private readonly replies: DataView
  private readonly waiting: ((left: number) => void)[] = []
  private length = 0
  private replied = 0
  /** The promise of the last request made. */
  last: Promise<number> = Promise.resolve(0)
  private readonly wait = (resolve: (left: number) => void): void => {
    this.waiting.push(resolve)
  }

  constructor(calls: number) {
    this.view = new DataView(new ArrayBuffer(calls * REQUEST_SIZE))
    this.replies = new DataView(new ArrayBuffer(calls * REPLY_SIZE))
  }

  clear(): void {
    this.length = 0
    this.replied = 0
    this.waiting.length = 0
  }

  get size(): number {
    return this.length + this.replied
  }

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.last = this.request(1, shots.x[i]!, shots.y[i]!, shots.z[i]!, shots.power[i]!)
    }
  }

  private request(entity: number, x: number, y: number, z: number, power: number): Promise<number> {
    const { view, length: at } = this
    view.setUint8(at, FIRE)
    view.setUint32(at + 1, entity, true)
    view.setFloat32(at + 5, x, true)
    view.setFloat32(at + 9, y, true)
    view.setFloat32(at + 13, z, true)
    view.setUint8(at + 17, power)
    view.setUint16(at + 18, this.waiting.length, true)
    this.length = at + REQUEST_SIZE
    return new Promise(this.wait)
  }

  /** Hands every request to its handler, and answers it. */
  dispatch(fire: FireHandler): void {
    const { view, length } = this
    for (let at = 0; at < length; at += REQUEST_SIZE) {
      if (view.getUint8(at) !== FIRE) continue
      const power = view.getUint8(at + 17)
      fire(
        view.getUint32(at + 1, true),
        view.getFloat32(at + 5, true),
        view.getFloat32(at + 9, true),
        view.getFloat32(at + 13, true),
        power,
      )
      this.reply(view.getUint16(at + 18, true), power)
    }
  }

  /** Resolves what was answered. */
  settle(): void {
    const { replies, replied } = this
    for (let at = 0; at < replied; at += REPLY_SIZE) {
      if (replies.getUint8(at) !== BOUGHT) continue
      this.waiting[replies.getUint16(at + 1, true)]!(replies.getUint32(at + 3, true))
    }
  }

  private reply(request: number, left: number): void {
    const { replies, replied: at } = this
    replies.setUint8(at, BOUGHT)
    replies.setUint16(at + 1, request, true)
    replies.setUint32(at + 3, left, true)
    this.replied = at + REPLY_SIZE
  }
}
