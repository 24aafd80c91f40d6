// The server's side of sessions: peers come, say hello, are let in or refused, are heard of, and leave with a reason.
import { ByteReader, ByteWriter, utf8Length } from '../protocol/bytes.js'
import { MAX_REASON_BYTES } from '../protocol/limits.js'
import { PacketKind } from '../protocol/packet-kind.js'
import { DataHeader, readClose, readHello, writeClose, writeWelcome } from '../protocol/packet.js'
import { protocolDifferences, WIRE_VERSION, type Protocol } from '../protocol/protocol.js'
import {
  Channel,
  type PeerId,
  type Transport,
  type TransportCloseReason,
  type TransportSink,
} from '../transport/transport.js'
import type { CloseReason } from './close-reason.js'
import type { Counters } from './counters.js'
import type { ErrorLog } from './error-log.js'
import { Session } from './session.js'

/**
 * How long a client may answer heart-beats and apply nothing. Until it does, no slot can be given out again: one such
 * client would use up the slots of all.
 */
const STALLED_AFTER_MS = 10_000

/** A tick may take this long before its side counts as having stood still. */
const LONGEST_TICK_MS = 1000

/** What sessions tell the layers above, inside `receive`, `maintain` and `close`. */
export interface ServerSessionEvents {
  /**
   * A hello was accepted: the session waits for `admit` or `refuse`. Left out when nobody is authenticated: a client is
   * let in at once then.
   */
  greeted?: (session: Session, token: string) => void
  /** A client was let in. */
  opened(session: Session): void
  /** A client whose hello had been accepted is gone; `session.reason` says why. */
  closed(session: Session): void
  /**
   * A data packet; the reader stands at its first section. Returns false when it is malformed, or, for an unreliable
   * packet, when it must not be acknowledged.
   */
  data(session: Session, channel: Channel, header: DataHeader, reader: ByteReader): boolean
}

export interface ServerSessionOptions {
  protocol: Protocol
  now: () => number
  /** Milliseconds without a packet until a client counts as gone. */
  timeout: number
  /** Milliseconds that a client has to say hello. */
  handshakeTimeout: number
  /** Milliseconds between an accepted hello and the answer of the authenticator. */
  authenticationTimeout: number
  /** The most clients, those that are being authenticated included. */
  maxConnections: number
  ticksPerSecond: number
  /** Numbers the connections. Default: from 1 on. */
  takeConnectionId?: () => number
}

export class ServerSessions implements TransportSink {
  /** Every session that has not ended, by peer. */
  private readonly byPeer = new Map<PeerId, Session>()
  /** Open sessions, in the order in which they opened. */
  readonly open: Session[] = []
  /** How many sessions wait for an authenticator's answer. */
  private authenticating = 0
  private nextConnectionId = 1
  private readonly reader = new ByteReader()
  private readonly writer = new ByteWriter(1024)
  private readonly header = new DataHeader()
  tick = 0
  private maintainedAt: number | undefined

  constructor(
    readonly transport: Transport,
    readonly options: ServerSessionOptions,
    private readonly events: ServerSessionEvents,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {}

  /** Takes in everything that arrived. */
  receive(): void {
    this.transport.receive(this)
  }

  opened(peer: PeerId): void {
    this.byPeer.set(peer, new Session(this.transport, peer, this.options.now()))
  }

  packet(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number, time: number): void {
    const session = this.byPeer.get(peer)
    if (session === undefined || session.state === 'closed') return
    session.lastHeard = Math.max(session.lastHeard, time)
    const { reader } = this
    reader.reset(bytes, 0, length)
    const kind = reader.u8()
    if (kind === PacketKind.Ping) return
    if (kind === PacketKind.Pong) {
      const clock = reader.u32()
      if (!reader.failed) session.pong(clock, time)
      return
    }
    if (session.state === 'handshake') {
      if (kind === PacketKind.Hello && channel === Channel.Reliable) this.takeHello(session)
      else if (kind === PacketKind.Close)
        this.end(session, { code: 'client-closed', text: 'closed by the client', by: 'remote' })
      else this.counters.packetsBeforeHello++
      return
    }
    if (kind === PacketKind.Data) this.takeData(session, channel)
    else if (kind === PacketKind.Close && channel === Channel.Reliable) this.takeClose(session)
    else this.malformed(session, `a packet of unknown kind ${kind}`)
  }

  closed(peer: PeerId, reason: TransportCloseReason): void {
    const session = this.byPeer.get(peer)
    if (session === undefined) return
    const code = reason.code === 'closed' ? 'client-closed' : reason.code
    this.end(session, { code, text: reason.text, by: 'network' })
  }

  /** Once per tick: heart-beats, time-outs, lost packets. */
  maintain(): void {
    const now = this.options.now()
    // While this side stood still it could not hear; that silence is not the clients'.
    const deaf = this.maintainedAt === undefined ? 0 : Math.max(0, now - this.maintainedAt - LONGEST_TICK_MS)
    this.maintainedAt = now
    for (const session of this.byPeer.values()) {
      session.lastHeard = Math.min(now, session.lastHeard + deaf)
      session.structureProgressAt = Math.min(now, session.structureProgressAt + deaf)
      session.authenticatingSince = Math.min(now, session.authenticatingSince + deaf)
      if (session.state === 'open') {
        if (session.structureAcknowledged === session.structureTick) {
          session.structureProgressAt = now
          session.structureGrace = 0
        }
        if (session.loadsScene) session.structureProgressAt = now
        if (now - session.structureProgressAt > STALLED_AFTER_MS + session.structureGrace) {
          this.close(session, 'stalled', 'structure was not acknowledged; the game stands still')
        } else if (now - session.lastHeard > this.options.timeout) {
          this.close(session, 'timeout', `nothing heard for ${this.options.timeout} ms`)
        } else session.maintain(now, this.tick, this.writer)
      } else if (session.state === 'authenticating') this.maintainAuthentication(session, now)
      else if (now - session.startedAt > this.options.handshakeTimeout) {
        this.refuse(session, 'handshake-timeout', `no hello within ${this.options.handshakeTimeout} ms`)
      }
    }
  }

  /** Heart-beats tell a client whose authentication takes long that it may wait on. */
  private maintainAuthentication(session: Session, now: number): void {
    const { authenticationTimeout, timeout } = this.options
    if (now - session.authenticatingSince > authenticationTimeout) {
      this.refuse(session, 'authentication-timeout', `not authenticated within ${authenticationTimeout} ms`)
    } else if (now - session.lastHeard > timeout) {
      this.close(session, 'timeout', `nothing heard for ${timeout} ms`)
    } else session.maintain(now, this.tick, this.writer)
  }

  /** Ends a session from this side: tells the peer why, then closes the connection. */
  close(session: Session, code: string, text: string): void {
    if (session.state === 'closed') return
    this.sendClose(session, code, text)
    this.end(session, { code, text, by: 'local' })
  }

  /** Ends every session, also of clients that have not said hello. */
  closeAll(code: string, text: string): void {
    for (const session of [...this.byPeer.values()]) this.close(session, code, text)
  }

  private takeHello(session: Session): void {
    const { reader, options } = this
    const hello = readHello(reader)
    if (reader.failed) return this.refuse(session, 'malformed', 'the hello was malformed')
    if (hello.wireVersion !== WIRE_VERSION) {
      const text = `the server speaks version ${WIRE_VERSION} of the wire format, the client ${hello.wireVersion}`
      return this.refuse(session, 'wire-version', text)
    }
    const { protocol } = options
    if (hello.hashHigh !== protocol.hashHigh || hello.hashLow !== protocol.hashLow) {
      const differences = protocolDifferences(protocol.description, hello.description)
      return this.refuse(session, 'protocol-mismatch', listDifferences(differences), differences.join('; '))
    }
    if (this.open.length + this.authenticating >= options.maxConnections) {
      return this.refuse(session, 'server-full', 'the server is full')
    }
    session.connectionId = options.takeConnectionId?.() ?? this.nextConnectionId++
    session.lastHeard = options.now()
    if (this.events.greeted === undefined) return this.letIn(session)
    session.state = 'authenticating'
    session.authenticatingSince = session.lastHeard
    this.authenticating++
    this.events.greeted(session, hello.token)
  }

  /** Lets in a client that was authenticated; one that has left meanwhile is passed over. */
  admit(session: Session): void {
    if (session.state !== 'authenticating') return
    this.authenticating--
    this.letIn(session)
  }

  private letIn(session: Session): void {
    session.state = 'open'
    this.open.push(session)
    this.writer.clear()
    writeWelcome(this.writer, {
      connectionId: session.connectionId,
      milliTicksPerSecond: Math.round(this.options.ticksPerSecond * 1000),
      tick: this.tick,
    })
    session.transport.send(session.peer, Channel.Reliable, this.writer.bytes, this.writer.length)
    this.events.opened(session)
  }

  private takeData(session: Session, channel: Channel): void {
    const { reader, header } = this
    header.read(reader)
    const wrongChannel = header.sequenced && channel === Channel.Reliable
    if (reader.failed || wrongChannel || header.completesStructure || header.structureTick > session.structureTick) {
      return this.malformed(session, 'a data packet with a malformed header')
    }
    if (header.sequenced && !session.received.isNew(header.sequence)) {
      this.counters.duplicatePackets++
      return
    }
    if (header.acknowledges && !session.delivery.acknowledge(header.ack)) {
      return this.malformed(session, 'an acknowledgement of a packet that was never sent')
    }
    if (header.structureTick > session.structureAcknowledged) {
      session.structureAcknowledged = header.structureTick
      session.structureProgressAt = this.options.now()
    }
    const accepted = this.events.data(session, channel, header, reader)
    if (header.sequenced) {
      session.received.mark(header.sequence, accepted)
      session.acknowledgeDue = true
    }
    if (!accepted) this.malformed(session, 'a data packet with a malformed section')
  }

  private takeClose(session: Session): void {
    const { text } = readClose(this.reader)
    if (this.reader.failed) return this.malformed(session, 'a malformed close')
    // The code is for code, and a client may say anything; what it says is text.
    this.end(session, { code: 'client-closed', text, by: 'remote' })
  }

  /** Counts a packet that is not what it claims. */
  private malformed(session: Session, text: string): void {
    this.counters.malformedPackets++
    this.weigh(session, text)
  }

  /** Weighs something that no honest client sends on the session's error budget; over budget it is closed. */
  weigh(session: Session, text: string): void {
    if (session.state === 'closed' || session.spendMalformed(this.options.now())) return
    this.errors.push('malformed', `connection closed: ${text}`, { connection: session.entity })
    this.close(session, 'malformed', 'too much that no honest client sends')
  }

  /**
   * Turns a client away before it was let in; one that has left meanwhile is passed over. `detail` is what the server's
   * own log tells, where the client's room is short.
   */
  refuse(session: Session, code: string, text: string, detail = text): void {
    if (session.state !== 'handshake' && session.state !== 'authenticating') return
    this.counters.refusedConnections++
    this.errors.push(code, `a client was refused: ${detail}`, { connection: session.entity })
    this.sendClose(session, code, text)
    this.end(session, { code, text, by: 'local' })
  }

  private sendClose(session: Session, code: string, text: string): void {
    this.writer.clear()
    writeClose(this.writer, code, text)
    session.transport.send(session.peer, Channel.Reliable, this.writer.bytes, this.writer.length)
  }

  private end(session: Session, reason: CloseReason): void {
    if (session.state === 'closed') return
    const { state } = session
    session.state = 'closed'
    session.reason = reason
    this.byPeer.delete(session.peer)
    this.transport.disconnect(session.peer)
    if (state === 'handshake') return
    if (state === 'authenticating') this.authenticating--
    else this.open.splice(this.open.indexOf(session), 1)
    this.events.closed(session)
  }
}

/** The differences that fit a close reason, whole, and how many more there are. */
function listDifferences(differences: readonly string[]): string {
  const room = MAX_REASON_BYTES - 40
  let text = 'the protocols differ'
  let listed = 0
  for (const difference of differences) {
    const longer = `${text}${listed === 0 ? ': ' : '; '}${difference}`
    if (utf8Length(longer) > room) break
    text = longer
    listed++
  }
  const more = differences.length - listed
  return more > 0 ? `${text}; and ${more} more` : text
}
