// Keeps the state of one session. Both sides use it, for the connection to one peer.
import { ByteWriter } from '../protocol/bytes.js'
import { MAX_BLOCK, MAX_RELIABLE_PACKET, MAX_UNRELIABLE_PACKET } from '../protocol/limits.js'
import { PacketFlag, type PingBody, writeDataHeader, writePing } from '../protocol/packet.js'
import { ReceiveWindow } from '../protocol/sequence.js'
import { Channel, type PeerId, type Transport } from '../transport/transport.js'
import { Backlog } from './server/send-backlog.js'
import type { CloseReason } from './close-reason.js'
import type { ClientLimits } from './server/client-limits.js'
import { Delivery, type DeliverySink } from './delivery.js'
import { ANSWER_DELAY_MS, Heartbeats, PING_INTERVAL_MS } from './heartbeats.js'
import { OverdueWork } from './overdue-work.js'
import type { Resumable } from './resumable.js'
import { RoundTrip } from './round-trip.js'

/** Heartbeats that may be lost in a row, where only missing ones show that the peer's game is blocked. */
const LOST_PINGS = 3
/**
 * How far ahead to look for a timeout, as a share of the timeout. Small, so that a side that was blocked is not hasty.
 */
const LOOK_AHEAD = 0.05

/** A server's session is `authenticating` between the hello and its authenticator's answer. */
export type SessionState = 'handshake' | 'authenticating' | 'open' | 'closed'

export class Session implements DeliverySink {
  state: SessionState = 'handshake'
  /** The number of the connection on its server; 0 before it is known. */
  connectionId = 0
  /** The connection entity in this side's world; 0 before it exists. */
  entity = 0
  /** Whether the peer is ready: it receives the world, and its calls count. */
  ready = false
  /** The server sets this while the peer loads a scene and applies no structure. */
  loadsScene = false
  /**
   * Whether the client last asked to be ready. The server follows, but the rate is limited to protect other clients.
   */
  wantsReady = false
  reason: CloseReason | undefined
  /** The user data that the server's authenticator returned. */
  user: unknown
  /** The key of the user; '' where it is unknown. Set before the session opens. */
  userKey = ''
  /** The client's address in the form of `networkOfAddress`; '' where the transport does not know it. */
  network = ''
  /** When its hello was accepted, on a server that authenticates. */
  authenticatingSince = 0
  readonly roundTrip = new RoundTrip()
  readonly heartbeats: Heartbeats
  /** When an interrupted link was last restored. */
  private restoredAt = -Infinity
  readonly received = new ReceiveWindow()
  readonly delivery = new Delivery(this)
  /** Receives whether each packet of this session arrived or was lost; set by replication. */
  deliverySink: DeliverySink | undefined
  /** The packet being read must not be acknowledged, so that its content is sent again. */
  withholds = false
  /** A packet arrived that has not been acknowledged yet. */
  acknowledgeDue = false
  lastHeard: number
  /** When the peer's game was last known to tick. Answers of its network do not show that. */
  tickedAt: number
  /** How often the peer's game has ticked, by its last heartbeat. */
  private ticks = -1
  private ticksSince = 0
  /**
   * Two heartbeats had the same number of ticks. Something else keeps the session alive, as the library does in a
   * hidden tab.
   */
  private standsStill = false
  /** Bytes of data packets sent so far. */
  bytesSent = 0
  /** The newest tick whose structure was sent to the peer, or, on a client, applied from it. */
  structureTick = 0
  /** The first tick whose structure was sent to the peer. It never knew of entities that ended before. */
  structureSince = 0
  /** The newest tick whose structure the peer has applied. */
  structureAcknowledged = 0
  /** Finds a client that does not apply structure. Until it does, no slot of a despawned entity can be reused. */
  readonly structureWork = new OverdueWork()
  /**
   * Finds a client that does not accept the parts of large messages, or that starts a large message and sends no more.
   */
  readonly partsWork = new OverdueWork()
  readonly uploadWork = new OverdueWork()
  readonly backlog = new Backlog()

  /** Lets the session continue on another connection when this one is lost; undefined where that was not agreed. */
  resumable: Resumable | undefined

  constructor(
    public transport: Transport,
    public peer: PeerId,
    readonly startedAt: number,
    /** On a server: the client's rate limits and error budget. A client has only one server and does not limit it. */
    readonly clientLimits?: ClientLimits,
  ) {
    this.lastHeard = startedAt
    this.tickedAt = startedAt
    this.heartbeats = new Heartbeats(this.roundTrip)
  }

  /** Reads from a heartbeat how often the peer's game has ticked. */
  heardHeartbeat(ticks: number, time: number): void {
    this.standsStill = ticks === this.ticks
    if (this.standsStill) this.tickedAt = Math.min(this.tickedAt, this.ticksSince)
    else this.ticksSince = this.tickedAt = Math.max(this.tickedAt, time)
    this.ticks = ticks
  }

  /** Notes that data of the peer arrived, which its game sends as it ticks. */
  heardData(time: number): void {
    if (!this.standsStill) this.tickedAt = Math.max(this.tickedAt, time)
  }

  /**
   * Whether a packet arrived more than `limit` milliseconds after the peer's game last ticked. No packets at all prove
   * nothing: the link may be at fault. Where no heartbeat shows the block, some may have been lost.
   */
  standsStillFor(limit: number): boolean {
    if (this.state !== 'open' || this.isInterrupted) return false
    return this.lastHeard - this.tickedAt > limit + (this.standsStill ? 0 : LOST_PINGS * PING_INTERVAL_MS)
  }

  /**
   * Whether no packets were received for `timeout`. The next check is as far away as the last one, `sinceLook`
   * milliseconds, and what would be late by then is late now. So a dead link is noticed within the timeout, not up to
   * a tick after it.
   */
  isSilent(now: number, timeout: number, sinceLook: number): boolean {
    return this.lastHeard < now + Math.min(sinceLook, timeout * LOOK_AHEAD) - timeout
  }

  /**
   * Whether a heartbeat shows that the peer does not receive this side's packets. A heartbeat that left before the
   * peer knew of the link's return may arrive after it, so none counts for a moment.
   */
  isUnheard(ping: PingBody, time: number): boolean {
    if (!ping.isInterrupted || this.isInterrupted) return false
    return time - this.restoredAt > 2 * (PING_INTERVAL_MS + this.roundTrip.smoothed)
  }

  /** Extends deadlines by the milliseconds for which this side was blocked and could not receive. */
  excuse(milliseconds: number, now: number): void {
    this.lastHeard = Math.min(now, this.lastHeard + milliseconds)
    this.tickedAt = Math.min(now, this.tickedAt + milliseconds)
    this.authenticatingSince = Math.min(now, this.authenticatingSince + milliseconds)
    this.structureWork.excuse(milliseconds)
    this.partsWork.excuse(milliseconds)
    this.uploadWork.excuse(milliseconds)
  }

  /** Whether the session waits for its link, or for another. */
  get isInterrupted(): boolean {
    return this.resumable !== undefined && this.resumable.brokenAt >= 0
  }

  /** Sends a reliable data packet, or keeps it until there is a link again. */
  sendReliable(bytes: Uint8Array, length: number): void {
    this.resumable?.sent.push(bytes, length)
    if (!this.isInterrupted) this.transport.send(this.peer, Channel.Reliable, bytes, length)
  }

  /** Notes that a reliable data packet arrived. */
  receivedReliable(): void {
    if (this.resumable !== undefined) this.resumable.received++
  }

  /** Notes how many of our reliable packets the peer has received. Returns false when so many were never sent. */
  confirm(received: number): boolean {
    return this.resumable === undefined ? true : this.resumable.sent.confirm(received)
  }

  /** Interrupts the session: unreliable packets in flight count as lost, and nothing more is sent. */
  interrupt(now: number): void {
    const { resumable } = this
    if (resumable === undefined || this.isInterrupted) return
    resumable.brokenAt = now
    resumable.unsentFrom = resumable.sent.next
    // The peer may still receive our packets. The next heartbeat reports that we receive none of its own.
    this.heartbeats.hurry()
    this.delivery.abandon()
  }

  /** Whether every packet that could not be sent meanwhile is still kept. */
  get canBeRestored(): boolean {
    const { resumable } = this
    return resumable !== undefined && resumable.sent.first <= resumable.unsentFrom
  }

  /** Continues an interrupted session: sends every reliable packet from number `from` on, which the peer lacks. */
  restore(now: number, from: number): void {
    const { resumable } = this
    if (resumable === undefined) return
    const outage = this.outageAt(now)
    this.structureWork.wasBroken(outage)
    this.partsWork.wasBroken(outage)
    this.uploadWork.wasBroken(outage)
    resumable.brokenAt = -1
    this.lastHeard = now
    this.restoredAt = now
    this.tickedAt = now
    resumable.sent.each(from, (packet) => this.transport.send(this.peer, Channel.Reliable, packet, packet.length))
  }

  /** How long the link has been broken by now, in milliseconds. */
  private outageAt(now: number): number {
    return this.isInterrupted ? now - this.resumable!.brokenAt : 0
  }

  /**
   * Whether the peer is too slow with some work. It has done everything up to `done` of what it was sent up to `sent`;
   * `bytes` must pass the link before that. A peer that loads a scene is excused.
   */
  isOverdue(work: OverdueWork, done: number, sent: number, now: number, bytes = -1): boolean {
    if (this.loadsScene) work.forget()
    else if (work.needsMark(done, sent)) {
      work.setMark(sent, now, bytes < 0 ? this.transport.buffered(this.peer, Channel.Reliable) : bytes)
    }
    return work.isOverdue(now, this.outageAt(now), this.resumable?.keptMs ?? 0)
  }

  /** Whether the peer is too slow in applying structure. */
  hasStalled(now: number): boolean {
    return this.isOverdue(this.structureWork, this.structureAcknowledged, this.structureTick, now)
  }

  acknowledged(sequence: number): void {
    this.deliverySink?.acknowledged(sequence)
  }

  lost(sequence: number): void {
    this.deliverySink?.lost(sequence)
  }

  /** Sends a heartbeat when one is due, and finds lost packets by time. Returns whether it sent one. */
  maintain(now: number, tick: number, scratch: ByteWriter): boolean {
    this.delivery.startTick()
    const { roundTrip } = this
    this.delivery.expire(now, roundTrip.timeout(ANSWER_DELAY_MS), roundTrip.overtakenTimeout(ANSWER_DELAY_MS))
    if (!this.heartbeats.takeDue(now)) return false
    scratch.clear()
    writePing(scratch, Math.trunc(now), tick, this.resumable?.received, this.isInterrupted)
    this.transport.send(this.peer, Channel.Unreliable, scratch.bytes, scratch.length)
    return true
  }

  /**
   * Reads the answer to a heartbeat: `clock` is the heartbeat's own time, `arrival` when the answer arrived. Returns
   * whether it shows that an interrupted link carries packets again, in both directions. Answers to older heartbeats
   * were only late.
   */
  pong(clock: number, arrival: number): boolean {
    const sentAt = this.heartbeats.answered(clock, arrival)
    return this.canBeRestored && this.isInterrupted && sentAt >= Math.trunc(this.resumable!.brokenAt)
  }
}

/**
 * Fills packets for one session after another, with one buffer per channel. A packet leaves when the next section
 * would not fit.
 */
export class PacketBuilder {
  readonly writer: ByteWriter
  private session: Session | undefined
  private open = false
  private flags = 0
  private tick = 0
  private now = 0
  private tickMs = 50
  /** The sequence number of the packet being filled, on the unreliable channel. */
  sequence = -1

  constructor(private readonly channel: Channel) {
    this.writer = new ByteWriter(channel === Channel.Reliable ? MAX_RELIABLE_PACKET : MAX_UNRELIABLE_PACKET)
  }

  /** Whether packets of a session are being filled. */
  get isBusy(): boolean {
    return this.session !== undefined
  }

  /** Starts the packets of one session. */
  start(session: Session, tick: number, now: number, tickMs: number): void {
    this.session = session
    this.tick = tick
    this.now = now
    this.tickMs = tickMs
    this.open = false
  }

  /**
   * Makes room for a section of `bytes` bytes; write it to `writer` next. Returns false when no packet may leave,
   * because too many are unacknowledged.
   */
  fit(bytes: number): boolean {
    const limit = this.channel === Channel.Reliable ? MAX_RELIABLE_PACKET : MAX_UNRELIABLE_PACKET
    if (this.open && this.writer.length + bytes <= limit) return true
    this.send()
    const session = this.session!
    if (this.channel === Channel.Unreliable) {
      if (session.isInterrupted) return false
      if (!session.delivery.maySend(this.now, session.roundTrip.smoothed / this.tickMs)) return false
      this.sequence = session.delivery.send(this.now)
    }
    this.begin()
    return true
  }

  /** Bytes of sections that may leave now, with the rest of the packet being filled. Unreliable channel only. */
  room(): number {
    const session = this.session!
    const packets = session.delivery.allowance(this.now, session.roundTrip.smoothed / this.tickMs)
    return packets * MAX_BLOCK + (this.open ? MAX_UNRELIABLE_PACKET - this.writer.length : 0)
  }

  /** Marks the packet being filled, or an empty one, as the last one with structure of this tick. */
  completeStructure(): void {
    if (!this.open) {
      this.begin()
    }
    this.flags |= PacketFlag.Structure
  }

  /** Sends the packet being filled, so that the next section is the first of a packet. */
  flush(): void {
    this.send()
  }

  /** Sends the packet being filled. If there is none and an acknowledgement is due, sends that alone. */
  finish(): void {
    const session = this.session!
    if (!this.open && this.channel === Channel.Unreliable && session.acknowledgeDue && !session.isInterrupted) {
      this.sequence = -1
      this.begin()
    }
    this.send()
    this.session = undefined
  }

  private begin(): void {
    const session = this.session!
    this.writer.clear()
    this.flags = 0
    writeDataHeader(
      this.writer,
      this.channel === Channel.Unreliable ? this.sequence : -1,
      session.received,
      this.tick,
      session.structureTick,
    )
    session.acknowledgeDue = false
    this.open = true
  }

  private send(): void {
    if (!this.open) return
    this.open = false
    this.writer.bytes[1]! |= this.flags
    const session = this.session!
    session.bytesSent += this.writer.length
    if (this.channel === Channel.Unreliable) {
      session.transport.send(session.peer, this.channel, this.writer.bytes, this.writer.length)
      return
    }
    session.sendReliable(this.writer.bytes, this.writer.length)
  }
}
