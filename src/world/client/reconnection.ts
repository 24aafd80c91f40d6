// Resumes an interrupted session on another link: retries with longer and longer pauses.
import type { ClientSession } from '../../connection/client/client-session.js'
import { ConnectionError } from '../../protocol/errors.js'
import type { Transport } from '../../transport/transport.js'

/** The first try starts at once. Each further one waits twice as long as the one before, up to the longest pause. */
export const FIRST_PAUSE_MS = 200
export const LONGEST_PAUSE_MS = 2000
/**
 * Each pause is shortened by up to a half, so that clients that lost their server together do not reconnect together.
 * The share depends on the connection's number and that of the try. Multiples of an irrational number are spread evenly
 * (Weyl's equidistribution), even over few clients, and tests can repeat them.
 */
const BY_CONNECTION = 0.618_033_988_749_894_9
const BY_TRY = 0.414_213_562_373_095_1

/** The part of a pause that a connection waits before its next try, from a half to the whole. */
export function shareOfPause(connectionId: number, tries: number): number {
  return 1 - ((connectionId * BY_CONNECTION + tries * BY_TRY) % 1) / 2
}

/** The server's refusal to admit this client, before there is a connection. */
export interface Refused {
  readonly code: string
  readonly text: string
}

/**
 * Makes one try at a connection. Errors are ignored: another try follows, until the session gives up. A refusal ends
 * the session. `signal` aborts the try.
 */
export type OpenAgain = (signal: AbortSignal) => Transport | Promise<Transport | Refused>

export class Reconnection {
  private opening: Promise<void> | undefined
  private readonly ending = new AbortController()
  private nextAt = 0
  private pause = FIRST_PAUSE_MS
  private tries = 0

  constructor(
    private readonly open: OpenAgain,
    private readonly now: () => number,
  ) {}

  /** Runs once per frame, or by a timer: starts a try when one is due. */
  advance(session: ClientSession): void {
    if (!session.isInterrupted) {
      this.pause = FIRST_PAUSE_MS
      this.nextAt = 0
      this.tries = 0
      return
    }
    const now = this.now()
    if (this.opening !== undefined || session.isResuming || now < this.nextAt) return
    this.tries++
    this.nextAt = now + this.pauseOf(session)
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS)
    const opened = this.open(this.ending.signal)
    if ('then' in opened) this.opening = this.wait(session, opened)
    else session.tryResume(opened)
  }

  /** The session has ended. Resolves when nothing is left of a try in progress. */
  async end(): Promise<void> {
    this.ending.abort()
    await this.opening
  }

  private pauseOf({ session }: ClientSession): number {
    return this.pause * shareOfPause(session?.connectionId ?? 0, this.tries)
  }

  private async wait(session: ClientSession, opening: Promise<Transport | Refused>): Promise<void> {
    try {
      const opened = await opening
      if ('code' in opened) session.refused(opened.code, opened.text)
      else if (this.ending.signal.aborted) await opened.close()
      else session.tryResume(opened)
    } catch (error) {
      const wanted = error instanceof ConnectionError ? (error.retryAfter ?? 0) : 0
      // A try that took longer than the pause has waited enough: the network may be back by now.
      this.nextAt = Math.max(this.nextAt, this.now() + wanted)
    } finally {
      this.opening = undefined
    }
  }
}
