// Keeps the order of a reliable channel's first packets, on the side that sends them.
//
// The native library keeps what arrives before JavaScript listens. When JavaScript begins to listen, two threads
// deliver: one what was kept, the other what arrives, and packets overtake each other. This happens to a program that
// is interrupted between making a channel and listening to it. So each side sends an empty message when it listens,
// and at most one packet before it has heard the other side.

/** The message by which a side says that it listens: empty, so that it is no packet. */
const LISTENING = new Uint8Array(0)

/** Holds back the packets of one reliable channel that the other side might get in another order. */
export class OpeningOrder {
  /** Bytes that are held back. */
  held = 0
  private hasSent = false
  private isHeard = false
  private packets: Uint8Array[] = []

  /** `send` puts a message into the channel; it may throw when the channel has closed. */
  constructor(private readonly send: (bytes: Uint8Array) => void) {}

  /** This side listens: tells the other. */
  listen(): void {
    this.trySend(LISTENING)
  }

  /** Copies and holds back a packet, and returns true; returns false when it may leave now. */
  holds(bytes: Uint8Array, length: number): boolean {
    if (this.isHeard || !this.hasSent) {
      this.hasSent = true
      return false
    }
    this.packets.push(bytes.slice(0, length))
    this.held += length
    return true
  }

  /** The other side listens, since something arrived from it: sends what was held back. */
  heard(): void {
    if (this.isHeard) return
    this.isHeard = true
    for (const packet of this.packets) this.trySend(packet)
    this.packets = []
    this.held = 0
  }

  private trySend(bytes: Uint8Array): void {
    try {
      this.send(bytes)
    } catch {
      // The channel has just closed, and its event is still on the way.
    }
  }
}
