// Checks that every packet that a transport delivers is counted once: as accepted, or as dropped by reason.
import type { Counters } from '../../../src/connection/counters.js'
import { Escape } from './steps.js'

/** The counters of packets, of both sides. */
export const FATES = [
  'acceptedPackets',
  'malformedPackets',
  'packetsBeforeHello',
  'packetsAfterEnd',
  'duplicatePackets',
  'unauthenticatedPackets',
  'rateLimitedPackets',
  'packetsWhileLoading',
  'holdOverflows',
] as const satisfies readonly (keyof Counters)[]

/** The receiver of packets: the sessions of a server, or the session of a client. */
interface Taker {
  packet(...packet: never[]): void
}

/** Counts the packets that sessions receive, and compares their counters with it. */
export class Accounting {
  private given = 0
  private readonly before: number

  constructor(private readonly counters: Counters) {
    this.before = this.counted
  }

  /** Counts the packets of these sessions from now on. */
  watch(taker: Taker): void {
    const packet = taker.packet.bind(taker)
    taker.packet = (...args) => {
      this.given++
      packet(...args)
    }
  }

  private get counted(): number {
    return FATES.reduce((sum, fate) => sum + this.counters[fate], 0)
  }

  /** `waiting`: received packets that have not been read yet. @throws Escape when the counters do not add up. */
  check(who: string, waiting = 0): void {
    const counted = this.counted - this.before + waiting
    if (counted === this.given) return
    const fates = FATES.map((fate) => `${fate} ${this.counters[fate]}`).join(', ')
    throw new Escape(`${who} was given ${this.given} packets and counted ${counted} (${fates}, waiting ${waiting})`)
  }
}
