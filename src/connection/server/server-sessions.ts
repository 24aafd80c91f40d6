// Opens, resumes, maintains and ends the sessions of a server's clients.
import { ByteReader, ByteWriter } from '../../protocol/bytes.js'
import { PacketKind } from '../../protocol/packet-kind.js'
import {
  DataHeader,
  readClose,
  PingBody,
  readHello,
  type Welcome,
  writeClose,
  writeWelcome,
} from '../../protocol/packet.js'
import { addressOf, isLoopback, networkOfAddress } from '../../transport/addresses.js'
import {
  Channel,
  type PeerId,
  type Transport,
  type TransportCloseReason,
  type TransportSink,
} from '../../transport/transport.js'
import { checkHello, type HelloRefusal } from './check-hello.js'
import type { CloseReason } from '../close-reason.js'
import { ClientLimits, type Violation } from './client-limits.js'
import type { Counters } from '../counters.js'
import type { ErrorLog } from '../error-log.js'
import { UserAdmission } from './user-admission.js'
import { InterruptedSessions } from './interrupted-sessions.js'
import type { ServerSessionEvents, ServerSessionOptions } from './server-session-options.js'
import { Session } from '../session.js'

const FULL_TEXT = 'the server is full'
/** A longer tick counts as a blocked server, in milliseconds. */
const LONGEST_TICK_MS = 1000

export class ServerSessions implements TransportSink {
  /** Every session that has not ended, by peer. Interrupted sessions whose link closed are missing. */
  private readonly byPeer = new Map<PeerId, Session>()
  /** Open sessions, in the order in which they opened. */
  readonly open: Session[] = []
  /** Sessions that wait for the authenticator's answer. */
  private authenticating = 0
  private nextConnectionId = 1
  private readonly reader = new ByteReader()
  private readonly writer = new ByteWriter(1024)
  private readonly header = new DataHeader()
  private readonly ping = new PingBody()
  tick = 0
  private readonly interrupted: InterruptedSessions
  private readonly admission: UserAdmission
  private maintainedAt: number | undefined
  /** The human-readable reason why no more clients are admitted; undefined while they are. */
  private joinsStopped: string | undefined

  constructor(
    readonly transport: Transport,
    readonly options: ServerSessionOptions,
    private readonly events: ServerSessionEvents,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {
    this.interrupted = new InterruptedSessions(options.resumeTime ?? 0, options.interruptedPerAddress ?? Infinity)
    this.admission = new UserAdmission(options)
  }

  /** Reads every received packet. */
  receive(): void {
    this.transport.receive(this)
  }

  opened(peer: PeerId): void {
    const { now, rules } = this.options
    const session = new Session(this.transport, peer, now(), new ClientLimits(rules))
    session.network = networkOfAddress(addressOf(this.transport, peer) ?? '')
    this.byPeer.set(peer, session)
    this.turnAway(session, this.admission.banOf(session))
  }

  packet(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number, time: number): void {
    const session = this.byPeer.get(peer)
    if (session === undefined || session.state === 'closed') {
      this.counters.packetsAfterEnd++
      return
    }
    session.lastHeard = Math.max(session.lastHeard, time)
    if (!session.clientLimits!.takesPacket(channel, length, time)) return this.flooded(session, channel)
    const { reader } = this
    reader.reset(bytes, 0, length)
    const kind = reader.u8()
    // A pong does not confirm: the network answers heartbeats even where the client has given up the link.
    if (kind !== PacketKind.Pong && session.resumable !== undefined) session.resumable.isUnconfirmed = false
    if (kind === PacketKind.Ping) {
      this.ping.read(reader)
      if (reader.failed || !session.confirm(this.ping.received))
        return this.malformed(session, 'a malformed heart-beat')
      session.heardHeartbeat(this.ping.tick, time)
      if (session.isUnheard(this.ping, time)) this.interrupt(session)
      this.counters.acceptedPackets++
      return
    }
    if (kind === PacketKind.Pong) {
      const clock = reader.u32()
      if (reader.failed) return this.malformed(session, 'a malformed answer to a heart-beat')
      this.counters.acceptedPackets++
      if (session.pong(clock, time)) this.restore(session, session.resumable!.unsentFrom)
      return
    }
    if (session.state === 'handshake') {
      if (kind === PacketKind.Hello && channel === Channel.Reliable) this.takeHello(session)
      else if (kind === PacketKind.Close) {
        this.counters.acceptedPackets++
        this.end(session, { code: 'client-closed', text: 'closed by the client', by: 'remote' })
      } else this.counters.packetsBeforeHello++
      return
    }
    if (kind === PacketKind.Data) this.takeData(session, channel, time)
    else if (kind === PacketKind.Close && channel === Channel.Reliable) this.takeClose(session)
    else this.malformed(session, `a packet of unknown kind ${kind}`)
  }

  closed(peer: PeerId, reason: TransportCloseReason): void {
    const session = this.byPeer.get(peer)
    if (session === undefined) return
    // A client may give up a link before it knows that its session resumed there. That does not end the session.
    if ((reason.code === 'lost' || session.resumable?.isUnconfirmed) && this.interrupt(session)) {
      this.byPeer.delete(peer)
      return
    }
    const code = reason.code === 'closed' ? 'client-closed' : reason.code
    this.end(session, { code, text: reason.text, by: 'network' })
  }

  /** Interrupts a session whose link is lost. Returns whether the session waits to be resumed. */
  private interrupt(session: Session): boolean {
    if (session.state !== 'open' || session.resumable === undefined) return false
    if (session.isInterrupted) return true
    this.interrupted.interrupt(session, this.options.now())
    if (this.interrupted.isCrowded(session)) this.giveUp(this.interrupted.oldest(session.network))
    return session.state === 'open'
  }

  /** Continues an interrupted session. The client already has every reliable packet before number `from`. */
  private restore(session: Session, from: number): void {
    this.interrupted.restored(session)
    session.restore(this.options.now(), from)
  }

  /** Once per tick: sends heartbeats and finds timeouts and lost packets. */
  maintain(): void {
    const now = this.options.now()
    // A blocked server receives nothing; the clients are not to blame for that time.
    const sinceLook = now - (this.maintainedAt ?? now)
    const deaf = Math.max(0, sinceLook - LONGEST_TICK_MS)
    this.maintainedAt = now
    for (const session of this.byPeer.values()) {
      if (deaf > 0) session.excuse(deaf, now)
      if (session.state === 'open') {
        if (session.loadsScene) session.tickedAt = now
        if (session.hasStalled(now)) {
          this.close(session, 'stalled', 'structure was not acknowledged; the game is blocked')
        } else if (session.isSilent(now, this.options.timeout, sinceLook)) {
          if (!this.interrupt(session))
            this.close(session, 'timeout', `nothing was received for ${this.options.timeout} ms`)
          // Heartbeats continue, so that both sides notice when the link returns.
          else session.maintain(now, this.tick, this.writer)
        } else if (session.maintain(now, this.tick, this.writer)) this.checkBacklog(session, now)
      } else if (session.state === 'authenticating') this.maintainAuthentication(session, now)
      else if (now - session.startedAt > this.options.handshakeTimeout) {
        this.refuse(session, 'handshake-timeout', `no hello within ${this.options.handshakeTimeout} ms`)
      }
    }
    for (const session of this.interrupted.overdue(now)) {
      this.close(session, 'timeout', 'the connection was lost, and the client did not resume in time')
    }
  }

  /**
   * Closes a client whose reliable queue does not shrink. Values can be sent less often; reliable data must arrive.
   */
  private checkBacklog(session: Session, now: number): void {
    const waiting = session.transport.buffered(session.peer, Channel.Reliable)
    if (!session.backlog.isHopeless(waiting, now)) return
    this.close(session, 'overflow', `${waiting} reliable bytes are queued for a client that reads too slowly`)
  }

  /** Sends heartbeats while a client's authentication takes long, so that the client keeps waiting. */
  private maintainAuthentication(session: Session, now: number): void {
    const { authenticationTimeout, timeout } = this.options
    if (now - session.authenticatingSince > authenticationTimeout) {
      this.refuse(session, 'authentication-timeout', `not authenticated within ${authenticationTimeout} ms`)
    } else if (now - session.lastHeard > timeout) {
      this.close(session, 'timeout', `nothing was received for ${timeout} ms`)
    } else session.maintain(now, this.tick, this.writer)
  }

  /** Ends a session from this side: sends the peer the reason, then closes the connection. */
  close(session: Session, code: string, text: string): void {
    if (session.state === 'closed') return
    if (this.byPeer.get(session.peer) === session) {
      this.events.closing?.(session)
      this.sendClose(session, code, text)
    }
    this.end(session, { code, text, by: 'local' })
  }

  /** Ends every session, also of clients that have not sent a hello. */
  closeAll(code: string, text: string): void {
    for (const session of [...this.byPeer.values(), ...this.open]) this.close(session, code, text)
  }

  /** Admits no more clients, those being authenticated included. Interrupted sessions may still resume. */
  stopJoins(text: string): void {
    this.joinsStopped = text
    for (const session of [...this.byPeer.values()]) {
      if (session.state === 'authenticating') this.refuse(session, 'draining', text)
    }
  }

  private takeHello(session: Session): void {
    const { reader, options } = this
    const hello = readHello(reader)
    if (reader.failed) {
      this.counters.malformedPackets++
      return this.refuse(session, 'malformed', 'the hello was malformed')
    }
    this.counters.acceptedPackets++
    if (this.turnAway(session, checkHello(hello, options.protocol))) return
    if (typeof hello.resume === 'object') return this.resume(session, hello.resume)
    if (this.joinsStopped !== undefined) return this.refuse(session, 'draining', this.joinsStopped)
    if (this.open.length - this.interrupted.count + this.authenticating >= options.maxConnections) {
      return this.refuse(session, 'server-full', FULL_TEXT)
    }
    session.connectionId = options.takeConnectionId?.() ?? this.nextConnectionId++
    session.lastHeard = options.now()
    if (hello.resume === 'may') this.interrupted.prepare(session)
    if (this.events.greeted === undefined) return this.letIn(session)
    session.state = 'authenticating'
    session.authenticatingSince = session.lastHeard
    this.authenticating++
    this.events.greeted(session, hello.token)
  }

  /** Moves the session of a client that lost its link to the link over which the client asked for it. */
  private resume(newcomer: Session, { token, received }: { token: string; received: number }): void {
    const session = this.interrupted.find(token)
    const resumable = session?.resumable
    if (session === undefined || resumable === undefined) {
      const { code, text } = this.interrupted.endOf(token) ?? { code: 'session-ended', text: 'the session has ended' }
      return this.refuse(newcomer, code, text)
    }
    if (!resumable.sent.reaches(received)) {
      const text = 'too much was sent while the connection was interrupted'
      this.end(session, { code: 'lost', text, by: 'network' })
      return this.refuse(newcomer, 'session-ended', text)
    }
    if (newcomer.network !== session.network && !this.makeRoomAt(newcomer.network)) {
      this.giveUp(session)
      return this.refuse(newcomer, 'server-full', FULL_TEXT)
    }
    // The session does not start to wait, so it uses up no place for waiting sessions.
    this.interrupted.interrupt(session, this.options.now())
    if (this.byPeer.get(session.peer) === session) {
      this.byPeer.delete(session.peer)
      this.transport.disconnect(session.peer)
    }
    newcomer.state = 'closed'
    session.peer = newcomer.peer
    session.network = newcomer.network
    this.byPeer.set(session.peer, session)
    resumable.isUnconfirmed = true
    resumable.sent.confirm(received)
    this.welcome(session, { received: resumable.received })
    this.restore(session, received)
  }

  /**
   * Admits an authenticated client with its user data, unless its user is banned or a duplicate. Does nothing when the
   * client has left meanwhile.
   */
  admit(session: Session, user: object | undefined): void {
    if (session.state !== 'authenticating') return
    if (this.turnAway(session, this.admission.identify(session, user))) return
    for (const old of this.admission.users.givingWay(session.userKey)) {
      this.close(old, 'duplicate-user', 'you have connected to this server again')
    }
    this.letIn(session)
  }

  private letIn(session: Session): void {
    if (this.open.length >= this.options.maxConnections) this.giveUp(this.interrupted.oldest())
    const isFull = this.open.length >= this.options.maxConnections
    if (isFull || !this.makeRoomAt(session.network)) return this.refuse(session, 'server-full', FULL_TEXT)
    if (session.state === 'authenticating') this.authenticating--
    session.state = 'open'
    session.tickedAt = this.options.now()
    this.open.push(session)
    this.admission.users.add(session)
    this.welcome(session, this.interrupted.issue(session))
    this.events.opened(session)
  }

  /**
   * Makes room for one more session of an address. Returns whether there is room.
   *
   * The place of an interrupted session is free for others, so that its client can connect again. A new session
   * replaces the one that has waited longest.
   */
  private makeRoomAt(network: string): boolean {
    const { clientsPerAddress = Infinity } = this.transport
    if (clientsPerAddress === Infinity || network === '' || isLoopback(network)) return true
    const isFull = (): boolean => this.open.filter((one) => one.network === network).length >= clientsPerAddress
    if (isFull()) this.giveUp(this.interrupted.oldest(network))
    return !isFull()
  }

  /** Ends an interrupted session because there is no room for it. */
  private giveUp(session: Session | undefined): void {
    if (session !== undefined)
      this.close(session, 'timeout', 'the connection was lost, and the server keeps no more interrupted sessions')
  }

  private welcome(session: Session, resume: Welcome['resume']): void {
    this.writer.clear()
    writeWelcome(this.writer, {
      connectionId: session.connectionId,
      milliTicksPerSecond: Math.round(this.options.ticksPerSecond * 1000),
      tick: this.tick,
      resume,
    })
    session.transport.send(session.peer, Channel.Reliable, this.writer.bytes, this.writer.length)
  }

  private takeData(session: Session, channel: Channel, time: number): void {
    const { reader, header } = this
    session.heardData(time)
    if (channel === Channel.Reliable) session.receivedReliable()
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
    session.structureAcknowledged = Math.max(session.structureAcknowledged, header.structureTick)
    session.withholds = false
    const accepted = this.events.data(session, channel, header, reader)
    if (header.sequenced) {
      session.received.mark(header.sequence, accepted && !session.withholds)
      session.acknowledgeDue = true
    }
    if (!accepted) this.malformed(session, 'a data packet with a malformed section')
  }

  private takeClose(session: Session): void {
    const { text } = readClose(this.reader)
    if (this.reader.failed) return this.malformed(session, 'a malformed close')
    this.counters.acceptedPackets++
    // Code depends on the codes of reasons, and a client may send any. So only its text is kept.
    this.end(session, { code: 'client-closed', text, by: 'remote' })
  }

  /** Counts a malformed packet. */
  private malformed(session: Session, text: string): void {
    this.counters.malformedPackets++
    this.weigh(session, 'malformed-packet', text)
  }

  /**
   * Charges a violation to the session's error budget of that kind, and closes the session when the budget is used up.
   */
  weigh(session: Session, kind: Violation, text: string): void {
    if (session.state === 'closed') return
    this.errors.violations.add(kind)
    if (session.clientLimits!.spend(kind, this.options.now())) return
    this.errors.push('malformed', `connection closed: ${text}`, { connection: session.entity, name: kind })
    this.close(session, 'malformed', `too much that no honest client sends (${kind}): ${text}`)
  }

  /**
   * Drops a packet over the rate limit. A session can continue without an unreliable packet, but not without a
   * reliable one.
   */
  private flooded(session: Session, channel: Channel): void {
    this.counters.rateLimitedPackets++
    if (channel === Channel.Unreliable) return
    const text = 'more packets or bytes than a client may send'
    this.errors.push('flood', `connection closed: ${text}`, { connection: session.entity })
    this.close(session, 'flood', text)
  }

  /**
   * Refuses a client that has not been admitted yet. Does nothing when the client has left meanwhile. `detail` is the
   * longer text for the server's own log.
   */
  refuse(session: Session, code: string, text: string, detail = text): void {
    if (session.state !== 'handshake' && session.state !== 'authenticating') return
    this.counters.refusedConnections++
    const address = addressOf(this.transport, session.peer)
    this.errors.push(code, `a client was refused: ${detail}`, { connection: session.entity, address })
    this.events.closing?.(session)
    this.sendClose(session, code, text)
    this.end(session, { code, text, by: 'local' })
  }

  /** Ends the sessions of all banned users and addresses. */
  endBanned(): void {
    for (const session of [...this.byPeer.values(), ...this.open]) {
      const ban = this.admission.banOf(session)
      if (ban === undefined) continue
      if (session.state === 'open') this.close(session, ban.code, ban.text)
      else this.turnAway(session, ban)
    }
  }

  /** Refuses a client that has not been admitted yet, if there is a reason to. Returns whether there was. */
  private turnAway(session: Session, refusal: HelloRefusal | undefined): boolean {
    if (refusal !== undefined) this.refuse(session, refusal.code, refusal.text, refusal.detail)
    return refusal !== undefined
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
    this.interrupted.forget(session, reason)
    this.admission.users.remove(session)
    if (this.byPeer.get(session.peer) === session) {
      this.byPeer.delete(session.peer)
      this.transport.disconnect(session.peer)
    }
    if (state === 'handshake') return
    this.errors.closes.add(reason.code)
    if (state === 'authenticating') this.authenticating--
    else this.open.splice(this.open.indexOf(session), 1)
    this.events.closed(session)
  }
}
