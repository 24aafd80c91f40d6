// Limits how many clients may begin to connect, at once and per second, from one address and from all of them.
//
// It decides before anything is made for a client. Its memory is bounded by the connected clients and a table of a
// fixed size, however many addresses send requests.
import { isLoopback, networkOfAddress } from '../addresses.js'

/**
 * Limits for clients that begin to connect. An address is an IPv4 address or a 64-bit network of IPv6. The limits of
 * an address do not hold for this machine (loopback), where a proxy may stand for every client: see `trustProxy`.
 */
export interface HandshakeLimits {
  /**
   * Connections made per second, for all addresses together. Further clients wait up to four seconds; beyond that they
   * get HTTP 503. Making a connection costs the server up to 9 ms of work. Default 50.
   */
  perSecond?: number
  /** The most clients connecting at once, from all addresses. Above it: HTTP 503. Default 512. */
  connecting?: number
  /** Connections that one address may begin per second, on average. Above it: HTTP 429. Default 10. */
  addressPerSecond?: number
  /**
   * Connections that one address may begin at once, after a pause. Default 256: all clients of a school connect again
   * when their server or link returns. `addressConnecting` limits those that begin and never finish.
   */
  addressBurst?: number
  /** The most clients connecting at once from one address. Above it: HTTP 429. Default 64. */
  addressConnecting?: number
  /**
   * The most clients at once from one address. Connecting clients count. Interrupted ones do not, since they connect
   * again over other links. Above it: HTTP 429. Default 256.
   */
  addressClients?: number
}

export const DEFAULT_HANDSHAKES: Readonly<Required<HandshakeLimits>> = {
  perSecond: 50,
  connecting: 512,
  addressPerSecond: 10,
  addressBurst: 256,
  addressConnecting: 64,
  addressClients: 256,
}

/** The limits, with defaults for those left out or undefined. */
export function withDefaults(limits: HandshakeLimits = {}): Required<HandshakeLimits> {
  const given = Object.entries(limits).filter(([, limit]) => limit !== undefined)
  return { ...DEFAULT_HANDSHAKES, ...Object.fromEntries(given) }
}

/** Remembered addresses without a client; beyond that, those that were inactive longest are forgotten. */
const MAX_REMEMBERED = 4096
/** When to try again after the server or an address was full, in seconds. */
const WHEN_FULL = 5

/** Why a client may not begin to connect. */
export interface AdmissionRefusal {
  readonly reason: 'too-many' | 'full'
  /** When to try again, in whole seconds. */
  readonly retryAfter: number
}

/** The state of one address. */
interface Visitor {
  readonly key: string
  /** Connections that it may begin, at `filledAt`. */
  tokens: number
  /** When `tokens` was last updated. */
  filledAt: number
  connecting: number
  /** Connecting clients included. */
  clients: number
  /** The part of `clients` whose places are lent. */
  lent: number
}

/** The place of one client, from its first request until its connection is completely closed. */
export class Place {
  private isConnecting = true
  private isHeld = true
  private isLent = false

  constructor(
    private readonly admission: Admission,
    private readonly visitor: Visitor | undefined,
  ) {}

  /** Notes that the client is connected. */
  opened(): void {
    if (!this.isConnecting) return
    this.isConnecting = false
    this.admission.connecting--
    if (this.visitor !== undefined) this.visitor.connecting--
  }

  /**
   * Lends the place of an interrupted client, so that it does not count until packets arrive there again. Otherwise a
   * client that connects again over another link would find its own broken one in the way.
   */
  lend(isLent: boolean): void {
    if (!this.isHeld || isLent === this.isLent) return
    this.isLent = isLent
    const change = isLent ? 1 : -1
    this.admission.lent += change
    if (this.visitor !== undefined) this.visitor.lent += change
  }

  /** Frees the place of a client that has disconnected. */
  free(): void {
    if (!this.isHeld) return
    this.opened()
    this.lend(false)
    this.isHeld = false
    this.admission.clients--
    if (this.visitor !== undefined) this.admission.leave(this.visitor)
  }
}

export class Admission {
  /** Clients that have a place. */
  clients = 0
  /** The part of `clients` whose places are lent: they do not count against the limit. */
  lent = 0
  connecting = 0
  /** In the order of their last activity, oldest first. */
  private readonly idle = new Map<string, Visitor>()
  private readonly busy = new Map<string, Visitor>()

  constructor(
    private readonly limits: Readonly<Required<HandshakeLimits>>,
    private readonly maxClients: number,
    private readonly now: () => number,
  ) {}

  /** Addresses in memory. */
  get remembered(): number {
    return this.idle.size + this.busy.size
  }

  /** A place for a client at `address` (in the form of `normalizeAddress`), or why there is none. */
  enter(address: string): Place | AdmissionRefusal {
    const { limits } = this
    const visitor = isLoopback(address) ? undefined : this.visitorAt(networkOfAddress(address))
    const refusal = visitor === undefined ? undefined : this.judge(visitor)
    if (refusal !== undefined) return refusal
    if (this.clients - this.lent >= this.maxClients) return { reason: 'full', retryAfter: WHEN_FULL }
    if (this.connecting >= limits.connecting) return { reason: 'full', retryAfter: WHEN_FULL }
    this.clients++
    this.connecting++
    if (visitor !== undefined) {
      visitor.tokens--
      visitor.connecting++
      visitor.clients++
      this.idle.delete(visitor.key)
      this.busy.set(visitor.key, visitor)
    }
    return new Place(this, visitor)
  }

  /** Notes that one client of an address has disconnected. */
  leave(visitor: Visitor): void {
    if (--visitor.clients > 0) return
    this.busy.delete(visitor.key)
    this.remember(visitor)
  }

  private judge(visitor: Visitor): AdmissionRefusal | undefined {
    const { addressPerSecond, addressConnecting, addressClients } = this.limits
    if (visitor.tokens < 1) {
      return { reason: 'too-many', retryAfter: Math.ceil((1 - visitor.tokens) / addressPerSecond) }
    }
    if (visitor.connecting >= addressConnecting) return { reason: 'too-many', retryAfter: 1 }
    if (visitor.clients - visitor.lent >= addressClients) return { reason: 'too-many', retryAfter: WHEN_FULL }
    return undefined
  }

  private visitorAt(key: string): Visitor {
    const { addressBurst, addressPerSecond } = this.limits
    const now = this.now()
    const known = this.busy.get(key) ?? this.idle.get(key)
    const visitor = known ?? { key, tokens: addressBurst, filledAt: now, connecting: 0, clients: 0, lent: 0 }
    const added = (Math.max(0, now - visitor.filledAt) / 1000) * addressPerSecond
    visitor.tokens = Math.min(addressBurst, visitor.tokens + added)
    visitor.filledAt = now
    if (visitor.clients === 0) this.remember(visitor)
    return visitor
  }

  /** Puts a visitor without clients last in the order. */
  private remember(visitor: Visitor): void {
    this.idle.delete(visitor.key)
    this.idle.set(visitor.key, visitor)
    if (this.idle.size <= MAX_REMEMBERED) return
    const [oldest] = this.idle.keys()
    this.idle.delete(oldest!)
  }
}
