// Finds which tag a connection entity should have: its link is broken, the peer's game does not tick, or neither.
import { Interrupted, Stalled } from '../../components/connection.js'
import type { Session } from '../connection/session.js'

/**
 * Milliseconds after which a game that has not ticked counts as standing still. A loop on timers ticks once a second
 * in a hidden tab, and two heart-beats in a row may be lost.
 */
export const DEFAULT_STALLED_MS = 2000

/** `Interrupted` while the link is broken, `Stalled` while the peer's game does not tick. */
export type LinkTag = typeof Interrupted | typeof Stalled

/** The tag that an open session's connection entity should have now, if any; never both. */
export function linkTagOf(session: Session, stalledAfter: number): LinkTag | undefined {
  if (session.isInterrupted) return Interrupted
  return session.standsStillFor(stalledAfter) ? Stalled : undefined
}
