// Keeps when a retiring server closes, and notifies each client once.
import type { PacketBuilder, Session } from '../../connection/session.js'
import { MAX_DRAINING_SECTION_BYTES, writeDraining } from '../../remote/draining-section.js'

/** When a retiring server closes, and which clients it has notified. */
export class Retirement {
  endsAt = 0
  text = ''
  /** Resolves when it is over. */
  readonly over: Promise<void>
  private end!: () => void
  private notified = new WeakSet<Session>()

  constructor() {
    this.over = new Promise((resolve) => (this.end = resolve))
  }

  set(endsAt: number, text: string): void {
    this.endsAt = endsAt
    this.text = text
    this.notified = new WeakSet()
  }

  /** Notifies a client, unless it has been notified. */
  write(session: Session, packet: PacketBuilder, now: number): void {
    if (this.notified.has(session)) return
    this.notified.add(session)
    packet.fit(MAX_DRAINING_SECTION_BYTES)
    writeDraining(packet.writer, Math.max(0, Math.round(this.endsAt - now)), this.text)
  }

  finish(): void {
    this.end()
  }
}
