// Keeps received packets between a network callback and the next tick, in one growing byte ring per peer and channel.
//
// A ring starts small and doubles up to its limit, so a steady connection allocates nothing. A flood is bounded per
// peer: a client that sends too fast fills its own ring, never that of another.
import { isPing, PONG_BYTES, writePong } from '../protocol/heartbeat.js'
import {
  Channel,
  countReceived,
  type PeerId,
  type TransportCloseReason,
  type TransportCounters,
  type TransportSink,
} from './transport.js'

/** The length (u32) and the arrival time (f64) that precede each packet in a ring. */
const RECORD_HEADER = 12
/** Instead of a length: nothing follows before the end of the ring, continue at its start. */
const WRAP = 0xffffffff
const SMALLEST_RING = 4096
/** Peers that both open and end between two ticks, and are still reported to the game. More are not reported. */
const MAX_UNHEARD = 64
/**
 * Heartbeats answered per second and at once, for each peer. An honest peer sends at most seven per second. Those of
 * half a minute arrive at once after a program was blocked.
 */
const ANSWERS_PER_SECOND = 32
const ANSWERS_AT_ONCE = 256
const NOTHING = new Uint8Array(0)

/** Keeps packets in a byte ring. Each record is contiguous, so that one call can copy it out. */
class PacketRing {
  private bytes: Uint8Array
  private view: DataView
  private head = 0
  private tail = 0
  private used = 0
  /** Packets in the ring. */
  count = 0

  constructor(private readonly limit: number) {
    this.bytes = new Uint8Array(Math.min(SMALLEST_RING, limit))
    this.view = new DataView(this.bytes.buffer)
  }

  push(packet: Uint8Array, length: number, time: number): boolean {
    const need = RECORD_HEADER + length
    while (!this.hasRoom(need)) if (!this.grow()) return false
    const room = this.bytes.length - this.tail
    if (room < need) {
      if (room >= 4) this.view.setUint32(this.tail, WRAP, true)
      this.used += room
      this.tail = 0
    }
    const at = this.tail
    this.view.setUint32(at, length, true)
    this.view.setFloat64(at + 4, time, true)
    if (packet.length === length) this.bytes.set(packet, at + RECORD_HEADER)
    // A longer array is a sender's reused buffer; `subarray` would allocate a view for every packet.
    else for (let i = 0; i < length; i++) this.bytes[at + RECORD_HEADER + i] = packet[i]!
    this.tail = at + need === this.bytes.length ? 0 : at + need
    this.used += need
    this.count++
    return true
  }

  /** Copies the oldest packet to the start of `out` and returns its length; `times[0]` becomes its arrival. */
  shift(out: Uint8Array, times: Float64Array): number {
    if (this.bytes.length - this.head < 4 || this.view.getUint32(this.head, true) === WRAP) {
      this.used -= this.bytes.length - this.head
      this.head = 0
    }
    const at = this.head
    const length = this.view.getUint32(at, true)
    times[0] = this.view.getFloat64(at + 4, true)
    const start = at + RECORD_HEADER
    for (let i = 0; i < length; i++) out[i] = this.bytes[start + i]!
    const end = start + length
    this.head = end === this.bytes.length ? 0 : end
    this.used -= RECORD_HEADER + length
    if (--this.count === 0) this.head = this.tail = this.used = 0
    return length
  }

  /** Drops the waiting packets and accepts no more. Returns how many were dropped. */
  end(): number {
    const { count } = this
    this.bytes = NOTHING
    this.view = new DataView(NOTHING.buffer)
    this.head = this.tail = this.used = this.count = 0
    return count
  }

  private hasRoom(need: number): boolean {
    if (this.used + need > this.bytes.length) return false
    if (this.tail < this.head) return this.head - this.tail >= need
    const room = this.bytes.length - this.tail
    return room >= need || this.head >= need
  }

  private grow(): boolean {
    const size = Math.min(this.bytes.length * 2, this.limit)
    if (size === this.bytes.length) return false
    const old = this.bytes
    const oldView = this.view
    this.bytes = new Uint8Array(size)
    this.view = new DataView(this.bytes.buffer)
    let from = this.head
    let to = 0
    for (let i = 0; i < this.count; i++) {
      if (old.length - from < 4 || oldView.getUint32(from, true) === WRAP) from = 0
      const record = RECORD_HEADER + oldView.getUint32(from, true)
      this.bytes.set(old.subarray(from, from + record), to)
      from = from + record === old.length ? 0 : from + record
      to += record
    }
    this.head = 0
    this.tail = to === size ? 0 : to
    this.used = to
    return true
  }
}

interface InboxPeer {
  readonly id: PeerId
  readonly reliable: PacketRing
  readonly unreliable: PacketRing
  /** Whether its channels are open, so that the game may see the peer. Earlier packets wait in the rings. */
  ready: boolean
  announced: boolean
  closed: TransportCloseReason | undefined
  /** How many heartbeats would be answered now, and since when. */
  answers: number
  answersAt: number
}

/** What an inbox needs of its transport. */
export interface InboxOptions {
  /** The most waiting bytes of one peer on one channel. */
  limitPerPeer: number
  /** The largest packet that is accepted, in bytes. */
  maxPacket: number
  counters: TransportCounters
  now: () => number
  /** Sends the answer to a heartbeat. */
  reply: (peer: PeerId, bytes: Uint8Array, length: number) => void
  /** Called once when a peer must be closed because of what it sent. */
  refuse: (peer: PeerId, reason: TransportCloseReason) => void
}

/**
 * Keeps the received packets of a transport. Its `push*` methods are for network callbacks: they never throw and never
 * call the game.
 */
export class Inbox {
  private readonly peers = new Map<PeerId, InboxPeer>()
  private readonly scratch: Uint8Array
  private readonly time = new Float64Array(1)
  private readonly pong = new Uint8Array(PONG_BYTES)
  /** Peers that opened and ended since the last {@link deliver}. */
  private unheard = 0

  constructor(private readonly options: InboxOptions) {
    this.scratch = new Uint8Array(options.maxPacket)
  }

  /** Adds a peer whose channels are not all open yet. Its packets are kept, and delivered after {@link pushOpened}. */
  pushOpening(peer: PeerId): void {
    const { limitPerPeer } = this.options
    this.peers.set(peer, {
      id: peer,
      reliable: new PacketRing(limitPerPeer),
      unreliable: new PacketRing(limitPerPeer),
      ready: false,
      announced: false,
      closed: undefined,
      answers: ANSWERS_AT_ONCE,
      answersAt: 0,
    })
  }

  /** Marks a peer as open: all its channels are. */
  pushOpened(peer: PeerId): void {
    if (!this.peers.has(peer)) this.pushOpening(peer)
    this.peers.get(peer)!.ready = true
  }

  pushPacket(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): void {
    const options = this.options
    const counters = options.counters
    const entry = this.peers.get(peer)
    if (entry === undefined || entry.closed !== undefined) return
    countReceived(counters, channel, length)
    if (length === 0 || length > options.maxPacket) {
      counters.oversized++
      if (channel === Channel.Reliable) this.refuse(entry, `a packet of ${length} bytes`)
      return
    }
    const now = options.now()
    if (isPing(bytes, length)) this.answer(entry, bytes, now)
    const ring = channel === Channel.Reliable ? entry.reliable : entry.unreliable
    if (ring.push(bytes, length, now)) return
    counters.inboxDropped++
    if (channel === Channel.Reliable) this.refuse(entry, 'reliable bytes arrived faster than they were read')
  }

  /** Answers are sent before the session's limits are checked, so they have their own limit. */
  private answer(entry: InboxPeer, ping: Uint8Array, now: number): void {
    const added = (Math.max(0, now - entry.answersAt) / 1000) * ANSWERS_PER_SECOND
    entry.answers = Math.min(ANSWERS_AT_ONCE, entry.answers + added)
    entry.answersAt = now
    if (entry.answers < 1) {
      this.options.counters.unansweredPings++
      return
    }
    entry.answers--
    writePong(ping, this.pong)
    this.options.reply(entry.id, this.pong, PONG_BYTES)
  }

  /**
   * The peer's packets are dropped too. Otherwise many flooding clients in turn would fill the memory of a blocked
   * server.
   */
  private refuse({ id, reliable, unreliable }: InboxPeer, text: string): void {
    this.options.refuse(id, { code: 'overflow', text })
    this.options.counters.inboxDropped += reliable.end() + unreliable.end()
  }

  /** Ends a peer. The first reason counts. A peer that never opened is not reported. */
  pushClosed(peer: PeerId, reason: TransportCloseReason): void {
    const entry = this.peers.get(peer)
    if (entry === undefined || entry.closed !== undefined) return
    if (entry.ready && (entry.announced || ++this.unheard <= MAX_UNHEARD)) entry.closed = reason
    else this.peers.delete(peer)
  }

  /** Waiting packets, for tests and metrics. */
  get waiting(): number {
    let n = 0
    for (const peer of this.peers.values()) n += peer.reliable.count + peer.unreliable.count
    return n
  }

  /**
   * Delivers the waiting packets. A peer's reliable packets go before its unreliable ones, so that structure is known
   * when the values that refer to it are read.
   */
  deliver(sink: TransportSink): void {
    this.unheard = 0
    for (const peer of this.peers.values()) {
      if (!peer.ready) continue
      if (!peer.announced) {
        peer.announced = true
        sink.opened(peer.id)
      }
      this.deliverRing(peer, Channel.Reliable, peer.reliable, sink)
      this.deliverRing(peer, Channel.Unreliable, peer.unreliable, sink)
      if (peer.closed !== undefined && peer.reliable.count === 0 && peer.unreliable.count === 0) {
        this.peers.delete(peer.id)
        sink.closed(peer.id, peer.closed)
      }
    }
  }

  private deliverRing(peer: InboxPeer, channel: Channel, ring: PacketRing, sink: TransportSink): void {
    // Only packets from before the call. Over loopback a sink's answer may be delivered at once, and would keep this
    // loop running.
    for (let n = ring.count; n > 0; n--) {
      const length = ring.shift(this.scratch, this.time)
      sink.packet(peer.id, channel, this.scratch, length, this.time[0]!)
    }
  }
}
