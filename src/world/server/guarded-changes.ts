// Makes changes that run the game's observers. One that throws is reported and stops nothing; what must not happen
// within an observer waits for its end.
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'

export class GuardedChanges {
  /** How many changes are being made, each within an observer of the one before. */
  private depth = 0
  private readonly waiting: (() => void)[] = []

  constructor(
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {}

  /** Makes a change. An observer that throws must not cost another client its connection. */
  make(change: () => void): void {
    this.depth++
    try {
      change()
    } catch (cause) {
      this.counters.handlerErrors++
      this.errors.push('observer-threw', 'an observer threw while a connection or its entities changed', { cause })
    }
    this.depth--
    while (this.depth === 0 && this.waiting.length > 0) this.waiting.shift()!()
  }

  /**
   * Ends entities: now, or after the change that is being made. bitECS continues with that entity when its observers
   * have run, and throws when it is gone.
   */
  endEntities(end: () => void): void {
    if (this.depth === 0) end()
    else this.waiting.push(end)
  }
}
