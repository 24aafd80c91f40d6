// Holds packets of values that arrived before the structure they need, up to a limit, until it has been applied.

/** Packets held at once. One more is not acknowledged, so the server sends its values again. */
const MAX_HELD = 32

interface HeldPacket {
  bytes: Uint8Array
  length: number
  tick: number
  structureTick: number
}

export class HeldPackets {
  private readonly packets: HeldPacket[] = []
  count = 0

  /** Holds `bytes[start .. end)`, a packet's sections. Returns false when there is no room. */
  hold(bytes: Uint8Array, start: number, end: number, tick: number, structureTick: number): boolean {
    if (this.count === MAX_HELD) return false
    const length = end - start
    const packet = (this.packets[this.count] ??= {
      bytes: new Uint8Array(length),
      length: 0,
      tick: 0,
      structureTick: 0,
    })
    if (packet.bytes.length < length) packet.bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) packet.bytes[i] = bytes[start + i]!
    packet.length = length
    packet.tick = tick
    packet.structureTick = structureTick
    this.count++
    return true
  }

  /** Hands out the packets whose structure has been applied, oldest first, and forgets them. */
  release(appliedTick: number, apply: (bytes: Uint8Array, length: number, tick: number) => void): void {
    let kept = 0
    const { count } = this
    for (let i = 0; i < count; i++) {
      const packet = this.packets[i]!
      if (packet.structureTick <= appliedTick) apply(packet.bytes, packet.length, packet.tick)
      else {
        this.packets[i] = this.packets[kept]!
        this.packets[kept++] = packet
      }
    }
    this.count = kept
  }

  clear(): void {
    this.count = 0
  }
}
