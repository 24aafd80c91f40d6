// A client's try to resume its session over another connection: says who it is, and hears whether the session is still there.
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

/** How long one try to connect may take: a connection opens in a fraction of a second, or the try has failed. */
export const TRY_LIMIT_MS = 6000

/** What a try tells its session, inside `receive`. */
export interface ResumptionEvents {
  /** The server goes on with the session, and has `received` of its reliable packets. What follows is the session's own. */
  resumed(peer: PeerId, received: number, time: number): TransportSink
  /** The server has no such session any more. */
  refused(reason: CloseReason): void
  /** This try came to nothing; another may do better. */
  failed(): void
}

export class Resumption implements TransportSink {
  private readonly reader = new ByteReader()
  private readonly writer = new ByteWriter(1024)
  /** Who takes what arrives, once the session goes on here. */
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
      // A hello that took too long says nothing about the session: it was this line that was too slow.
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

  /** Frees the connection of a try that is not wanted any more. Resolves when it is free. */
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
