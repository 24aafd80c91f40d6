// One call { entity, x, y, z, power } by hand: written to a reused DataView, read back, and handed to its handler. No
// sender, no ownership, no rate, no bounds.

const FIRE = 7
const SIZE = 18

export type FireHandler = (entity: number, x: number, y: number, z: number, power: number) => void

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

  write(entity: number, x: number, y: number, z: number, power: number): void {
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
