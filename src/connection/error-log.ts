// The errors of one side, kept until the game drains them. Nothing is only logged, and nothing grows without bound.
import { Tally } from './server/name-counts.js'

/** One entry of `drain(world, NetworkErrors)`. */
export interface NetworkErrorEntry {
  /**
   * Stable, for code. Calls that were dropped where they arrived: `not-ready`, `not-owner`, `not-observed`,
   * `unknown-entity`, `unknown-definition`, `over-rate`, `over-share`, `malformed-call`, `late`. Others: `handler-threw`,
   * `undrained`, `clamped-value`, `malformed-packet`, …
   */
  readonly code: string
  /** For people. */
  readonly message: string
  /** The connection entity it concerns, or 0. */
  readonly connection: number
  /** The entity it concerns, or 0. */
  readonly entity: number
  /** The definition or component it concerns, the kind of `Violation` that closed a connection, or ''. */
  readonly name: string
  /**
   * How many times it happened. Of calls that are dropped, the first of a connection, code and name is reported at once;
   * later entries, at most one in five seconds, say how many more there were.
   */
  readonly count: number
  /** What was thrown, if anything was. */
  readonly cause?: unknown
  /** Where a client that was refused came from, as far as that is known. */
  readonly address?: string
}

/** Entries that each connection, address, or the game itself may add to a full log. */
const LEAST_SHARE = 8

export class ErrorLog {
  private entries: NetworkErrorEntry[] = []
  /** Entries that wait, by the connection or address that they are about; '' for the others. */
  private readonly shares = new Map<number | string, number>()
  private readonly reported = new Set<string>()
  /** Entries lost because nobody drained. */
  dropped = 0
  /** Everything that was reported, by code. */
  readonly tally = new Tally()
  /** Sessions that ended, by the code of their reason. */
  readonly closes = new Tally()
  /** What no honest client sends, by kind. */
  readonly violations = new Tally()

  constructor(private readonly limit = 1000) {}

  push(code: string, message: string, where: Partial<Omit<NetworkErrorEntry, 'code' | 'message'>> = {}): void {
    this.tally.add(code, where.count)
    const source = where.connection || where.address || ''
    const held = this.shares.get(source) ?? 0
    if (this.entries.length >= this.limit && !this.hasShare(held)) {
      this.dropped++
      return
    }
    this.shares.set(source, held + 1)
    this.entries.push({ code, message, connection: 0, entity: 0, name: '', count: 1, ...where })
  }

  /** Whether a source with so many entries may add one to a full log: so that no client can crowd out what others cause. */
  private hasShare(held: number): boolean {
    const sources = held === 0 ? this.shares.size + 1 : this.shares.size
    return this.entries.length < 2 * this.limit && held < Math.max(LEAST_SHARE, this.limit / sources)
  }

  /** Reports what would otherwise repeat: one entry for each `code` and `name`, ever. */
  once(code: string, name: string, message: string, entity = 0): void {
    const key = `${code} ${name}`
    if (this.reported.has(key)) return
    this.reported.add(key)
    this.push(code, message, { name, entity })
  }

  /** Entries that wait to be drained. */
  get waiting(): number {
    return this.entries.length
  }

  /** Everything since the last call. */
  take(): NetworkErrorEntry[] {
    const taken = this.entries
    if (taken.length > 0) this.entries = []
    this.shares.clear()
    return taken
  }
}
