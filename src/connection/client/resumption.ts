// Tries to resume a client's session over another connection: sends a hello with the session's secret, reads the
// answer.
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import { PacketKind } from '../../protocol/packet-kind.js'
import { type Hello, readClose, readWelcome, writeHello } from '../../protocol/packet.js'
import {
  Channel,
  type PeerId,
  type Transport,
  type TransportCloseReason,
  type TransportSink,
} from '../../transport/transport.js'
import type { CloseReason } from '../close-reason.js'

/** The longest that one attempt may take. A connection opens in a fraction of a second, or the attempt has failed. */
export const TRY_LIMIT_MS = 6000

/** Events for the session that is resumed, called inside `receive`. */
export interface ResumptionEvents {
  /**
   * The server continues the session, and has `received` of its reliable packets. The returned sink reads what
   * follows.
   */
  resumed(peer: PeerId, received: number, time: number): TransportSink
  /** The server no longer has the session. */
  refused(reason: CloseReason): void
  /** This attempt failed; another may succeed. */
  failed(): void
}

export class Resumption implements TransportSink {
  private readonly reader = new ByteReader()
  private readonly writer = new ByteWriter(1024)
  /** Reads the packets once the session continues on this transport. */
  private successor: TransportSink | undefined
  private ended = false

  constructor(
    readonly transport: Transport,
    private readonly hello: () => Hello,
    private readonly startedAt: number,
    private readonly events: ResumptionEvents,
  ) {}

  receive(now: number): void {
    this.transport.receive(this)
    if (!this.ended && this.successor === undefined && now - this.startedAt > TRY_LIMIT_MS) this.fail()
  }

  opened(peer: PeerId): void {
    this.writer.clear()
    writeHello(this.writer, this.hello())
    this.transport.send(peer, Channel.Reliable, this.writer.bytes, this.writer.length)
  }

  packet(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number, time: number): void {
    if (this.successor !== undefined) return this.successor.packet(peer, channel, bytes, length, time)
    if (this.ended || channel !== Channel.Reliable) return
    const { reader } = this
    reader.reset(bytes, 0, length)
    const kind = reader.u8()
    if (kind === PacketKind.Close) {
      const { code, text } = readClose(reader)
      void this.abandon()
      // A late hello does not mean that the session has ended: this link was too slow.
      if (reader.failed || code === 'handshake-timeout') this.events.failed()
      else this.events.refused({ code, text, by: 'remote' })
    } else if (kind === PacketKind.Welcome) {
      const { resume } = readWelcome(reader)
      if (reader.failed || resume === undefined || !('received' in resume)) this.fail()
      else this.successor = this.events.resumed(peer, resume.received, time)
    }
  }

  closed(peer: PeerId, reason: TransportCloseReason): void {
    if (this.successor !== undefined) this.successor.closed(peer, reason)
    else this.fail()
  }

  /** Cancels an attempt that is no longer needed. Resolves when its connection is closed. */
  async abandon(): Promise<void> {
    this.ended = true
    await this.transport.close()
  }

  private fail(): void {
    if (this.ended) return
    void this.abandon()
    this.events.failed()
  }
}
