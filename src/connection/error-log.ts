// Keeps the errors of one side until the game drains them. Every error reaches the game, and the log is bounded.
import { NameCounts } from './server/name-counts.js'

/** One entry of `drain(world, NetworkErrors)`. */
export interface NetworkErrorEntry {
  /**
   * Stable, for code. For calls dropped by the receiver: `not-ready`, `not-owner`, `not-observed`, `unknown-entity`,
   * `unknown-definition`, `over-rate`, `over-share`, `malformed-call`, `late`. Others: `handler-threw`, `undrained`,
   * `clamped-value`, `malformed-packet`, …
   */
  readonly code: string
  /** Human-readable. */
  readonly message: string
  /** The connection entity it concerns, or 0. */
  readonly connection: number
  /** The entity it concerns, or 0. */
  readonly entity: number
  /** The definition or component it concerns, the kind of `Violation` that closed a connection, or ''. */
  readonly name: string
  /**
   * How many times it happened. Of dropped calls, the first of a connection, code and name is reported at once; later
   * entries, at most one in five seconds, count how many more there were.
   */
  readonly count: number
  /** The value that was thrown, if any. */
  readonly cause?: unknown
  /** The address of a refused client, if known. */
  readonly address?: string
}

/** Entries that each connection, each address and the game itself may add to a full log. */
const LEAST_SHARE = 8

export class ErrorLog {
  private entries: NetworkErrorEntry[] = []
  /** Entries not yet drained, by connection or address; '' for the others. */
  private readonly shares = new Map<number | string, number>()
  private readonly reported = new Set<string>()
  /** Entries lost because the game did not drain the log. */
  dropped = 0
  /** Everything that was reported, by code. */
  readonly codes = new NameCounts()
  /** Sessions that ended, by the code of their reason. */
  readonly closes = new NameCounts()
  /** Violations, by kind. */
  readonly violations = new NameCounts()

  constructor(private readonly limit = 1000) {}

  push(code: string, message: string, where: Partial<Omit<NetworkErrorEntry, 'code' | 'message'>> = {}): void {
    this.codes.add(code, where.count)
    const source = where.connection || where.address || ''
    const held = this.shares.get(source) ?? 0
    if (this.entries.length >= this.limit && !this.hasShare(held)) {
      this.dropped++
      return
    }
    this.shares.set(source, held + 1)
    this.entries.push({ code, message, connection: 0, entity: 0, name: '', count: 1, ...where })
  }

  /**
   * Whether a source with `held` entries may add one to a full log, so that no client crowds out the errors of others.
   */
  private hasShare(held: number): boolean {
    const sources = held === 0 ? this.shares.size + 1 : this.shares.size
    return this.entries.length < 2 * this.limit && held < Math.max(LEAST_SHARE, this.limit / sources)
  }

  /** Reports a recurring error once: one entry per `code` and `name`. */
  once(code: string, name: string, message: string, entity = 0): void {
    const key = `${code} ${name}`
    if (this.reported.has(key)) return
    this.reported.add(key)
    this.push(code, message, { name, entity })
  }

  /** Entries not yet drained. */
  get waiting(): number {
    return this.entries.length
  }

  /** Removes and returns all entries. */
  take(): NetworkErrorEntry[] {
    const taken = this.entries
    if (taken.length > 0) this.entries = []
    this.shares.clear()
    return taken
  }
}
