// The errors of one side, kept until the game drains them. Nothing is only logged, and nothing grows without bound.

/** One entry of `drain(world, NetworkErrors)`. */
export interface NetworkErrorEntry {
  /** Stable, for code: `handler-threw`, `undrained`, `clamped-value`, `malformed-packet`, … */
  readonly code: string
  /** For people. */
  readonly message: string
  /** The connection entity it concerns, or 0. */
  readonly connection: number
  /** The entity it concerns, or 0. */
  readonly entity: number
  /** The definition or component it concerns, or ''. */
  readonly name: string
  /** What was thrown, if anything was. */
  readonly cause?: unknown
}

export class ErrorLog {
  private entries: NetworkErrorEntry[] = []
  private readonly reported = new Set<string>()
  /** Entries lost because nobody drained. */
  dropped = 0

  constructor(private readonly limit = 1000) {}

  push(code: string, message: string, where: Partial<Omit<NetworkErrorEntry, 'code' | 'message'>> = {}): void {
    if (this.entries.length >= this.limit) {
      this.dropped++
      return
    }
    this.entries.push({ code, message, connection: 0, entity: 0, name: '', ...where })
  }

  /** Reports what would otherwise repeat: one entry for each `code` and `name`, ever. */
  once(code: string, name: string, message: string, entity = 0): void {
    const key = `${code} ${name}`
    if (this.reported.has(key)) return
    this.reported.add(key)
    this.push(code, message, { name, entity })
  }

  /** Everything since the last call. */
  take(): NetworkErrorEntry[] {
    const taken = this.entries
    if (taken.length > 0) this.entries = []
    return taken
  }
}
