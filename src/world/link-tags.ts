// Finds the tag of a connection entity: its link is broken, the peer's game does not tick, or neither.
import { Interrupted, Stalled } from '../../components/connection.js'
import type { Session } from '../connection/session.js'

/**
 * Milliseconds without a tick after which a game counts as stalled. A loop on timers ticks once a second in a hidden
 * tab, and two heartbeats in a row may be lost.
 */
export const DEFAULT_STALLED_MS = 2000

/** `Interrupted` while the link is broken, `Stalled` while the peer's game does not tick. */
export type LinkTag = typeof Interrupted | typeof Stalled

/** The tag that an open session's connection entity should have now, if any; never both. */
export function linkTagOf(session: Session, stalledAfter: number): LinkTag | undefined {
  if (session.isInterrupted) return Interrupted
  return session.standsStillFor(stalledAfter) ? Stalled : undefined
}
