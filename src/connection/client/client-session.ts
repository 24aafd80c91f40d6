// Runs the client's side of a session: hello, welcome, data, resuming, and the end with a reason.
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import { PacketKind } from '../../protocol/packet-kind.js'
import {
  DataHeader,
  type Hello,
  PingBody,
  readClose,
  readWelcome,
  writeClose,
  writeHello,
} from '../../protocol/packet.js'
import { WIRE_VERSION, type Protocol } from '../../protocol/protocol.js'
import {
  Channel,
  type PeerId,
  type Transport,
  type TransportCloseReason,
  type TransportSink,
} from '../../transport/transport.js'
import type { CloseReason } from '../close-reason.js'
import type { Counters } from '../counters.js'
import type { ErrorLog } from '../error-log.js'
import { Resumable } from '../resumable.js'
import { Resumption } from './resumption.js'
import { Session } from '../session.js'
import { TickClock } from './tick-clock.js'

/** A longer frame counts as a blocked client, in milliseconds. */
const LONGEST_FRAME_MS = 1000
/** How long heartbeats repeat the tick of the applied structure, in milliseconds: as long as a server waits for it. */
const STRUCTURE_REPEATS_MS = 10_000

/** Events for the layers above, called inside `receive`, `maintain` and `close`. */
export interface ClientSessionEvents {
  /** A data packet arrived. Keep it, and pass it to `readData` when the world is ready for it. */
  packet(channel: Channel, bytes: Uint8Array, length: number, time: number): void
  /** A data packet is read; the reader is at its first section. Returns whether it may be acknowledged. */
  data(session: Session, channel: Channel, header: DataHeader, reader: ByteReader): boolean
  /** The session continues on another transport. */
  moved?: () => void
}

export interface ClientSessionOptions {
  protocol: Protocol
  now: () => number
  /** Milliseconds without a packet until the connection to the server times out. */
  timeout: number
  /** Sent to the server's authenticator. */
  token: string
  /** Asks for a session that can be resumed over another connection. Default false. */
  mayResume?: boolean
  /** Whether the protocol lists messages that may be sent before the welcome. */
  hasEarlyMessages: boolean
}

export class ClientSession implements TransportSink {
  session: Session | undefined
  readonly clock = new TickClock()
  /** Why the session ended, or was refused. */
  reason: CloseReason | undefined
  private maintainedAt: number | undefined
  private resumption: Resumption | undefined
  /** Set when the session ends during an attempt to resume; resolves when that attempt has been cleaned up. */
  abandoned: Promise<void> | undefined
  /**
   * Packets of the current link are ignored. Either the transport lost the link, or the server was asked over another
   * to retransmit; packets of this one would then arrive twice.
   */
  private isLineGone = false
  /** The tick of the applied structure that heartbeats repeat, and until when. */
  private repeatedStructure = 0
  private repeatedUntil = 0
  private readonly reader = new ByteReader()
  private readonly writer = new ByteWriter(1024)
  private readonly header = new DataHeader()
  private readonly ping = new PingBody()
  /** How often the game has ticked; heartbeats carry it. */
  private ticks = 0
  private gameTicked = true

  constructor(
    public transport: Transport,
    readonly options: ClientSessionOptions,
    private readonly events: ClientSessionEvents,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {}

  get state(): 'connecting' | 'open' | 'closed' {
    if (this.reason !== undefined) return 'closed'
    return this.session?.state === 'open' ? 'open' : 'connecting'
  }

  /** Whether the session waits for its link or for another. */
  get isInterrupted(): boolean {
    return this.reason === undefined && this.session !== undefined && this.session.isInterrupted
  }

  /** Whether an attempt to resume is under way. */
  get isResuming(): boolean {
    return this.resumption !== undefined
  }

  receive(): void {
    this.transport.receive(this)
    this.resumption?.receive(this.options.now())
  }

  opened(peer: PeerId): void {
    const { now, mayResume } = this.options
    this.session = new Session(this.transport, peer, now())
    if (mayResume) this.session.resumable = new Resumable()
    this.writer.clear()
    writeHello(this.writer, this.hello(mayResume ? 'may' : undefined))
    this.transport.send(peer, Channel.Reliable, this.writer.bytes, this.writer.length)
  }

  private hello(resume: Hello['resume']): Hello {
    const { protocol, token } = this.options
    const { hashHigh, hashLow, description } = protocol
    return { wireVersion: WIRE_VERSION, hashHigh, hashLow, token, description, resume }
  }

  /**
   * Tries to resume an interrupted session over a transport that is open or about to open. The session owns the
   * transport from now on, and closes it when the attempt fails.
   */
  tryResume(transport: Transport): void {
    const { session } = this
    if (!this.isInterrupted || session === undefined) {
      void transport.close()
      return
    }
    void this.resumption?.abandon()
    const { token } = session.resumable!
    const hello = (): Hello => {
      this.isLineGone = true
      return this.hello({ token, received: session.resumable!.received })
    }
    this.resumption = new Resumption(transport, hello, this.options.now(), {
      resumed: (peer, received, time) => this.moveTo(transport, peer, received, time),
      refused: (reason) => this.end(reason),
      failed: () => {
        this.resumption = undefined
      },
    })
  }

  /** Ends the session: the server refused this client before there was another connection to ask over. */
  refused(code: string, text: string): void {
    if (this.isInterrupted) this.end({ code, text, by: 'remote' })
  }

  /** Continues the session on another transport; the server has `received` of our reliable packets. */
  private moveTo(transport: Transport, peer: PeerId, received: number, time: number): this {
    const session = this.session!
    this.resumption = undefined
    void this.transport.close()
    this.transport = transport
    this.isLineGone = false
    this.events.moved?.()
    session.transport = transport
    session.peer = peer
    if (!session.resumable!.sent.reaches(received)) {
      const text = 'too much was sent while the connection was interrupted'
      this.sendClose(session, 'lost', text)
      this.end({ code: 'lost', text, by: 'network' })
      return this
    }
    session.confirm(received)
    this.restore(session, time, received)
    return this
  }

  packet(_peer: PeerId, channel: Channel, bytes: Uint8Array, length: number, time: number): void {
    const { session, reader } = this
    if (session === undefined || session.state === 'closed' || this.isLineGone) {
      this.counters.packetsAfterEnd++
      return
    }
    session.lastHeard = Math.max(session.lastHeard, time)
    reader.reset(bytes, 0, length)
    const kind = reader.u8()
    if (kind === PacketKind.Ping) {
      const { ping } = this
      ping.read(reader)
      if (reader.failed || !session.confirm(ping.received)) return this.malformed()
      this.counters.acceptedPackets++
      session.heardHeartbeat(ping.tick, time)
      if (session.isUnheard(ping, time)) this.interrupt()
      this.clock.observe(ping.tick, time)
    } else if (kind === PacketKind.Pong) {
      const clock = reader.u32()
      if (reader.failed) return this.malformed()
      this.counters.acceptedPackets++
      if (session.pong(clock, time)) this.linkReturned(session, time)
    } else if (kind === PacketKind.Close && channel === Channel.Reliable) {
      const { code, text } = readClose(reader)
      if (reader.failed) this.malformed()
      else this.counters.acceptedPackets++
      this.end(reader.failed ? { code: 'lost', text: 'a malformed close', by: 'remote' } : { code, text, by: 'remote' })
    } else if (session.state === 'handshake') {
      if (kind === PacketKind.Welcome && channel === Channel.Reliable) this.takeWelcome(session, time)
      else if (kind === PacketKind.Data && this.options.hasEarlyMessages) {
        this.keepData(session, channel, bytes, length, time)
      } else this.counters.packetsBeforeHello++
    } else if (kind === PacketKind.Data) this.keepData(session, channel, bytes, length, time)
    else this.malformed()
  }

  private keepData(session: Session, channel: Channel, bytes: Uint8Array, length: number, time: number): void {
    if (channel === Channel.Reliable) session.receivedReliable()
    session.heardData(time)
    this.events.packet(channel, bytes, length, time)
  }

  /** The link carries packets again, in both directions. */
  private linkReturned(session: Session, time: number): void {
    void this.resumption?.abandon()
    this.resumption = undefined
    this.restore(session, time, session.resumable!.unsentFrom)
  }

  /** Continues the session; `from` is the first reliable packet that the server lacks. */
  private restore(session: Session, time: number, from: number): void {
    // The packet with the tick of the applied structure may have been lost with the link.
    this.repeatedStructure = 0
    session.restore(time, from)
  }

  /** Interrupts the session. Returns whether it waits for its link or for another. */
  private interrupt(): boolean {
    const { session } = this
    if (session === undefined || session.state !== 'open' || session.resumable === undefined) return false
    if (session.isInterrupted) return true
    session.interrupt(this.options.now())
    return true
  }

  closed(_peer: PeerId, reason: TransportCloseReason): void {
    // A server announces the end of a session. A link that closes without that may mean that the server moved us.
    if ((reason.code === 'lost' || reason.code === 'closed') && this.interrupt()) {
      this.isLineGone = true
      return
    }
    const code = reason.code === 'closed' ? 'lost' : reason.code
    this.end({ code, text: reason.text, by: 'network' })
  }

  /**
   * Sends heartbeats and finds timeouts and lost packets. Called once per tick, and at times while the game is
   * blocked.
   */
  maintain(gameTicks = true): void {
    const { session, options } = this
    if (gameTicks) this.ticks++
    // A heartbeat at once shows the server that the game ticks again.
    if (gameTicks && !this.gameTicked) session?.heartbeats.hurry()
    this.gameTicked = gameTicks
    if (session === undefined || session.state !== 'open') return
    const now = options.now()
    // A blocked client receives nothing; the server is not to blame for that time.
    const sinceLook = now - (this.maintainedAt ?? now)
    const deaf = Math.max(0, sinceLook - LONGEST_FRAME_MS)
    this.maintainedAt = now
    if (deaf > 0) session.excuse(deaf, now)
    if (session.isInterrupted && this.givesUp(session, now)) {
      this.close('timeout', 'the connection was lost, and did not resume in time')
    } else if (session.isSilent(now, options.timeout, sinceLook) && !this.interrupt()) {
      this.close('timeout', `nothing was received for ${options.timeout} ms`)
    } else if (session.maintain(now, this.ticks, this.writer)) this.repeatStructure(session, now)
  }

  /**
   * Whether resuming is hopeless: the server no longer keeps the session, or packets that it lacks are no longer kept.
   */
  private givesUp(session: Session, now: number): boolean {
    const { brokenAt, keptMs } = session.resumable!
    return !session.canBeRestored || now - brokenAt > keptMs
  }

  /**
   * The packet with the tick of the applied structure may be lost, and in an idle world no other follows. The server
   * would then take this client for blocked. So heartbeats repeat the tick for a while.
   */
  private repeatStructure(session: Session, now: number): void {
    if (session.structureTick !== this.repeatedStructure) {
      this.repeatedStructure = session.structureTick
      this.repeatedUntil = now + STRUCTURE_REPEATS_MS
    }
    if (now < this.repeatedUntil) session.acknowledgeDue = true
  }

  /** Ends the session from this side and sends the server the reason. */
  close(code: string, text: string): void {
    if (this.reason !== undefined) return
    if (this.session !== undefined && this.session.state !== 'closed') this.sendClose(this.session, code, text)
    this.end({ code, text, by: 'local' })
  }

  private sendClose(session: Session, code: string, text: string): void {
    this.writer.clear()
    writeClose(this.writer, code, text)
    session.transport.send(session.peer, Channel.Reliable, this.writer.bytes, this.writer.length)
  }

  private takeWelcome(session: Session, time: number): void {
    const welcome = readWelcome(this.reader)
    if (this.reader.failed || welcome.milliTicksPerSecond === 0) return this.malformed()
    this.counters.acceptedPackets++
    session.connectionId = welcome.connectionId
    session.state = 'open'
    session.tickedAt = time
    const { resume } = welcome
    if (resume !== undefined && 'token' in resume && session.resumable !== undefined)
      Object.assign(session.resumable, resume)
    else session.resumable = undefined
    this.clock.start(1_000_000 / welcome.milliTicksPerSecond, welcome.tick, time)
  }

  /** Reads a data packet that was kept. */
  readData(channel: Channel, bytes: Uint8Array, start: number, end: number, time: number): void {
    const { session, reader, header } = this
    if (session === undefined) return
    reader.reset(bytes, start, end)
    reader.u8()
    header.read(reader)
    if (reader.failed) return this.malformed()
    if (header.sequenced && !session.received.isNew(header.sequence)) {
      this.counters.duplicatePackets++
      return
    }
    if (header.acknowledges && !session.delivery.acknowledge(header.ack)) return this.malformed()
    if (channel === Channel.Unreliable) this.clock.observe(header.tick, time)
    else session.acknowledgeDue = true
    const accepted = this.events.data(session, channel, header, reader)
    if (header.sequenced) {
      session.received.mark(header.sequence, accepted)
      session.acknowledgeDue = true
    }
  }

  /**
   * Counts a malformed packet. A server is trusted more than a client, but its broken packet must not break the game.
   */
  malformed(): void {
    this.counters.malformedPackets++
    this.errors.once('malformed-packet', '', 'the server sent a malformed packet')
  }

  private end(reason: CloseReason): void {
    if (this.reason !== undefined) return
    this.reason = reason
    if (this.session !== undefined && this.session.state !== 'handshake') this.errors.closes.add(reason.code)
    this.abandoned = this.resumption?.abandon()
    this.resumption = undefined
    const { session } = this
    if (session !== undefined) {
      session.state = 'closed'
      session.reason = reason
      this.transport.disconnect(session.peer)
    }
  }
}
