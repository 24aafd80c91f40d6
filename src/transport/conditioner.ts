// Simulates a bad network in front of any transport: latency, jitter, loss, duplication, reordering, a limited rate
// and outages.
//
// It affects the outgoing packets of its side; wrap both sides for both directions. Everything depends on the seed and
// the clock only, so that a test under loss can be repeated.
import { changeConditions, type Conditions, PERFECT } from './conditions.js'
import { DueQueue, type Due } from './due-queue.js'
import { createRandom } from './random.js'
import {
  Channel,
  type PeerId,
  type PeerInfo,
  type Transport,
  type TransportCloseReason,
  type TransportSink,
} from './transport.js'

export type { Conditions } from './conditions.js'

/** The conditions at first, and what makes a run repeatable. */
export interface ConditionerOptions extends Partial<Conditions> {
  /** Default 1. */
  seed?: number
  /**
   * The clock in milliseconds. Default `performance.now`. Packets that are due leave in `send`, `receive` and `flush`.
   */
  now?: () => number
  /** Lets timers send packets that are due, too. Default: true without `now`. */
  timer?: boolean
}

/** What a conditioner has done to packets so far. */
export interface ConditionerStats {
  lost: number
  duplicated: number
  reordered: number
  /** Reliable packets that were retransmitted. */
  retransmitted: number
}

/** A transport whose network conditions can change while it runs. */
export interface ConditionedTransport extends Transport {
  /**
   * Changes conditions from now on.
   *
   * @throws UsageError when one is unknown or out of range; nothing has changed then.
   */
  set(conditions: Partial<Conditions>): void
  /** Sends the packets that are due. */
  flush(): void
  /** Packets still in flight. */
  readonly held: number
  readonly stats: ConditionerStats
}

/** The shortest time until a sender notices a loss, on top of a round trip, in milliseconds. */
const RETRANSMIT_DELAY_MS = 20
/** The most losses of one packet in a row. */
const MAX_RETRANSMITS = 8
/** Disconnected peers that are remembered, so that no late packet goes to them, such as the answer to a heartbeat. */
const MAX_GONE = 1024

/**
 * Wraps a transport. With perfect conditions, everything passes through unchanged.
 *
 * @throws UsageError when an option or condition is unknown or out of range.
 */
export function condition(transport: Transport, options: ConditionerOptions = {}): ConditionedTransport {
  return new Conditioner(transport, options)
}

/** A packet in flight. Its memory is reused. */
interface Held extends Due {
  peer: PeerId
  channel: Channel
  bytes: Uint8Array
  length: number
}

/** The path to one peer. */
interface Line {
  readonly peer: PeerId
  /** When the last packet of each channel is due; no later one may overtake it. */
  readonly lastDue: [reliable: number, unreliable: number]
  readonly heldCount: [reliable: number, unreliable: number]
  readonly heldBytes: [reliable: number, unreliable: number]
  /** When the last byte has left, with a limited rate. */
  idleAt: number
  /** Reliable packets that wait for the end of an outage. */
  readonly halted: Held[]
  /** `disconnect` was called; the peer notices when the last reliable packet has left. */
  leaving: boolean
  /** When the peer notices. */
  leaveAt: number
  /** Whether our side was notified that the peer opened. */
  openTold: boolean
  /** Whether our side was notified that the peer closed. */
  closeTold: boolean
}

class Conditioner implements ConditionedTransport, TransportSink {
  readonly stats: ConditionerStats = { lost: 0, duplicated: 0, reordered: 0, retransmitted: 0 }
  answer: ((peer: PeerId, bytes: Uint8Array, length: number) => void) | undefined
  private readonly conditions: Conditions
  private readonly random: () => number
  private readonly now: () => number
  private readonly usesTimer: boolean
  private readonly lines = new Map<PeerId, Line>()
  private readonly gone = new Set<PeerId>()
  private readonly queue = new DueQueue<Held>()
  /** Free packets by the binary logarithm of their size. */
  private readonly pool: Held[][] = Array.from({ length: 32 }, () => [])
  private order = 0
  private leavingCount = 0
  private sink: TransportSink | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private timerDue = Infinity
  private closing: Promise<void> | undefined

  constructor(
    private readonly inner: Transport,
    options: ConditionerOptions,
  ) {
    const { seed, now, timer, ...conditions } = options
    this.conditions = { ...PERFECT }
    changeConditions(this.conditions, conditions)
    this.random = createRandom(seed ?? 1)
    this.now = now ?? (() => performance.now())
    this.usesTimer = timer ?? now === undefined
    // The conditions apply to answers of heartbeats too.
    inner.answer = (peer, bytes, length) => {
      if (this.answer) this.answer(peer, bytes, length)
      else this.send(peer, Channel.Unreliable, bytes, length)
    }
  }

  get counters(): Transport['counters'] {
    return this.inner.counters
  }

  get port(): number | undefined {
    return this.inner.port
  }

  get waiting(): number | undefined {
    return this.inner.waiting
  }

  get hasEnded(): boolean {
    return this.inner.hasEnded === true
  }

  get onArrival(): (() => void) | undefined {
    return this.inner.onArrival
  }

  set onArrival(callback: (() => void) | undefined) {
    this.inner.onArrival = callback
  }

  get clientsPerAddress(): number | undefined {
    return this.inner.clientsPerAddress
  }

  get held(): number {
    return [...this.lines.values()].reduce((n, { halted }) => n + halted.length, this.queue.size)
  }

  set(conditions: Partial<Conditions>): void {
    const wasDown = this.conditions.down
    changeConditions(this.conditions, conditions)
    if (wasDown && !this.conditions.down) this.resume()
    this.flush()
  }

  send(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number): boolean {
    this.flush()
    if (this.closing !== undefined || this.gone.has(peer) || this.line(peer).leaving) {
      this.inner.counters.sendDropped++
      return false
    }
    const line = this.line(peer)
    if (this.isPerfect() && line.heldCount[channel] === 0) return this.inner.send(peer, channel, bytes, length)
    if (channel === Channel.Reliable) this.sendReliable(line, bytes, length)
    else this.sendUnreliable(line, bytes, length)
    return true
  }

  receive(sink: TransportSink): void {
    this.flush()
    this.sink = sink
    try {
      this.inner.receive(this)
      if (this.leavingCount > 0) this.tellClosed(sink)
    } finally {
      this.sink = undefined
    }
    this.flush()
  }

  opened(peer: PeerId): void {
    this.line(peer).openTold = true
    this.sink?.opened(peer)
  }

  packet(peer: PeerId, channel: Channel, bytes: Uint8Array, length: number, time: number): void {
    if (!this.line(peer).leaving) this.sink?.packet(peer, channel, bytes, length, time)
  }

  closed(peer: PeerId, reason: TransportCloseReason): void {
    const line = this.line(peer)
    this.forget(line)
    if (!line.closeTold) this.sink?.closed(peer, line.leaving ? { code: 'closed', text: 'closed' } : reason)
  }

  buffered(peer: PeerId, channel: Channel): number {
    const line = this.lines.get(peer)
    return this.inner.buffered(peer, channel) + (line === undefined ? 0 : this.unsent(line, channel))
  }

  lendPlace(peer: PeerId, isLent: boolean): void {
    this.inner.lendPlace?.(peer, isLent)
  }

  infoOf(peer: PeerId): PeerInfo | undefined {
    return this.inner.infoOf?.(peer)
  }

  disconnect(peer: PeerId): void {
    if (this.gone.has(peer) || this.line(peer).leaving) return
    const line = this.line(peer)
    line.leaving = true
    line.leaveAt = this.now() + this.conditions.latency
    this.leavingCount++
    this.flush()
    this.schedule(line.leaveAt)
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll()
    return this.closing
  }

  flush(): void {
    const now = this.now()
    // A send of ours may cause further sends; their packets wait for the next flush.
    for (let n = this.queue.size; n > 0; n--) {
      const first = this.queue.first
      if (first === undefined || first.due > now) break
      this.release(this.queue.pop())
    }
    if (this.leavingCount > 0 && !this.conditions.down) {
      for (const line of this.lines.values()) {
        if (!line.leaving || line.leaveAt > now || line.heldCount[Channel.Reliable] > 0) continue
        line.leaveAt = Infinity
        this.inner.disconnect(line.peer)
      }
    }
    if (this.queue.first !== undefined) this.schedule(this.queue.first.due)
  }

  private closeAll(): Promise<void> {
    clearTimeout(this.timer)
    if (this.conditions.down) for (const line of this.lines.values()) this.drop(line)
    // Earlier reliable packets leave first, whenever they were due.
    while (this.queue.size > 0) {
      const held = this.queue.pop()
      if (held.channel === Channel.Reliable) this.release(held)
      else this.free(held)
    }
    return this.inner.close()
  }

  private isPerfect(): boolean {
    const { latency, jitter, loss, duplicate, reorder, rate, down } = this.conditions
    return latency + jitter + loss + duplicate + reorder + rate === 0 && !down
  }

  private line(peer: PeerId): Line {
    let line = this.lines.get(peer)
    if (line === undefined) {
      line = {
        peer,
        lastDue: [0, 0],
        heldCount: [0, 0],
        heldBytes: [0, 0],
        idleAt: 0,
        halted: [],
        leaving: false,
        leaveAt: 0,
        openTold: false,
        closeTold: false,
      }
      this.lines.set(peer, line)
    }
    return line
  }

  private sendReliable(line: Line, bytes: Uint8Array, length: number): void {
    const held = this.hold(line, Channel.Reliable, bytes, length)
    if (this.conditions.down) line.halted.push(held)
    else this.dispatchReliable(line, held)
  }

  private dispatchReliable(line: Line, held: Held): void {
    const { latency, loss } = this.conditions
    let due = this.arrival(line, held.length)
    for (let tries = 0; tries < MAX_RETRANSMITS && this.random() < loss; tries++) {
      this.stats.retransmitted++
      due += 2 * latency + RETRANSMIT_DELAY_MS
    }
    this.push(line, held, Math.max(due, line.lastDue[Channel.Reliable]))
  }

  private sendUnreliable(line: Line, bytes: Uint8Array, length: number): void {
    const { loss, duplicate, reorder, reorderBy, rate, queue, down } = this.conditions
    const isLost = this.random() < loss
    const isFull = rate > 0 && ((line.idleAt - this.now()) * rate) / 1000 > queue
    if (down || isLost || isFull) {
      this.stats.lost++
      return
    }
    const held = this.hold(line, Channel.Unreliable, bytes, length)
    const due = this.arrival(line, length)
    if (this.random() < reorder) {
      this.stats.reordered++
      held.due = due + reorderBy
      this.insert(held)
    } else this.push(line, held, Math.max(due, line.lastDue[Channel.Unreliable]))
    if (this.random() < duplicate) {
      this.stats.duplicated++
      const copy = this.hold(line, Channel.Unreliable, bytes, length)
      copy.due = held.due
      this.insert(copy)
    }
  }

  /** Bytes that wait for the rate, or for the end of an outage. Packets in flight do not count. */
  private unsent(line: Line, channel: Channel): number {
    const { rate, down } = this.conditions
    if (down) return line.heldBytes[channel]
    const waiting = rate > 0 ? Math.ceil((Math.max(0, line.idleAt - this.now()) * rate) / 1000) : 0
    return Math.min(waiting, line.heldBytes[channel])
  }

  /** When a packet that leaves now arrives, in milliseconds. */
  private arrival(line: Line, length: number): number {
    const { latency, jitter, rate } = this.conditions
    let time = this.now()
    if (rate > 0) {
      line.idleAt = Math.max(line.idleAt, time) + (length * 1000) / rate
      time = line.idleAt
    }
    return time + latency + this.random() * jitter
  }

  /** Ends the outage: the waiting packets leave, in order. */
  private resume(): void {
    for (const line of this.lines.values()) {
      for (const held of line.halted) this.dispatchReliable(line, held)
      line.halted.length = 0
    }
  }

  private tellClosed(sink: TransportSink): void {
    for (const line of this.lines.values()) {
      if (!line.leaving || !line.openTold || line.closeTold) continue
      line.closeTold = true
      sink.closed(line.peer, { code: 'closed', text: 'closed' })
    }
  }

  private forget(line: Line): void {
    this.drop(line)
    if (line.leaving) this.leavingCount--
    this.lines.delete(line.peer)
    this.gone.add(line.peer)
    const [oldest] = this.gone
    if (oldest !== undefined && this.gone.size > MAX_GONE) this.gone.delete(oldest)
  }

  /**
   * Drops the packets that wait for the end of an outage. Packets in the queue are dropped when due, since their peer
   * is gone.
   */
  private drop(line: Line): void {
    for (const held of line.halted) this.free(held)
    line.halted.length = 0
  }

  private release(held: Held): void {
    const { peer, channel, bytes, length } = held
    this.inner.send(peer, channel, bytes, length)
    this.free(held)
  }

  private hold(line: Line, channel: Channel, bytes: Uint8Array, length: number): Held {
    const size = length <= 1 ? 0 : 32 - Math.clz32(length - 1)
    const held = this.pool[size]!.pop() ?? {
      peer: 0,
      channel,
      bytes: new Uint8Array(2 ** size),
      length,
      due: 0,
      order: 0,
    }
    held.peer = line.peer
    held.channel = channel
    held.length = length
    held.order = this.order++
    held.bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length))
    line.heldCount[channel]++
    line.heldBytes[channel] += length
    return held
  }

  private free(held: Held): void {
    const line = this.lines.get(held.peer)
    if (line !== undefined) {
      line.heldCount[held.channel]--
      line.heldBytes[held.channel] -= held.length
    }
    this.pool[31 - Math.clz32(held.bytes.length)]!.push(held)
  }

  private push(line: Line, held: Held, due: number): void {
    held.due = line.lastDue[held.channel] = due
    this.insert(held)
  }

  private insert(held: Held): void {
    this.queue.push(held)
    this.schedule(held.due)
  }

  private schedule(due: number): void {
    if (!this.usesTimer || this.closing !== undefined || due >= this.timerDue) return
    clearTimeout(this.timer)
    this.timerDue = due
    this.timer = setTimeout(
      () => {
        this.timerDue = Infinity
        this.flush()
      },
      Math.max(due - this.now(), 0),
    )
  }
}
