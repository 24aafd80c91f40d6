// Brings an interrupted session to another connection: tries again and again, with longer and longer pauses.
import type { ClientSession } from '../connection/client-session.js'
import type { Transport } from '../transport/transport.js'

/** The pause before a try: the first comes at once, each further one waits twice as long as the last, up to the longest. */
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 2000

/** Makes one try at a connection. What it throws is forgotten: another try follows, until the session gives up. */
export type OpenAgain = () => Transport | Promise<Transport>

export class Reconnection {
  private opening = false
  private nextAt = 0
  private pause = FIRST_PAUSE_MS

  constructor(
    private readonly open: OpenAgain,
    private readonly now: () => number,
  ) {}

  /** Once per frame, or by a timer: begins a try when one is due. */
  advance(session: ClientSession): void {
    if (!session.isInterrupted) {
      this.pause = FIRST_PAUSE_MS
      this.nextAt = 0
      return
    }
    const now = this.now()
    if (this.opening || session.isResuming || now < this.nextAt) return
    this.nextAt = now + this.pause
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS)
    const opened = this.open()
    if ('then' in opened) void this.wait(session, opened)
    else session.tryResume(opened)
  }

  private async wait(session: ClientSession, opening: Promise<Transport>): Promise<void> {
    this.opening = true
    try {
      session.tryResume(await opening)
    } catch {
      this.nextAt = this.now() + this.pause
    } finally {
      this.opening = false
    }
  }
}
