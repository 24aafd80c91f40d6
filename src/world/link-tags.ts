// Finds which tag a connection entity should have: its link is broken, the peer's game does not tick, or neither.
import { addComponent, removeComponent, type World } from 'bitecs'
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

/** What showing needs of a role. */
export interface LineContext {
  readonly world: World
  /** Runs what may call observers of the game; one that throws is reported. */
  guard(change: () => void): void
}

export class LineTags {
  /** What is shown; never both. */
  shown: LinkTag | undefined

  /** Once per tick: shows how an open session is now. Its end takes away what is shown. */
  follow(context: LineContext, session: Session, stalledAfter: number): void {
    if (session.state !== 'open') return
    const now = linkTagOf(session, stalledAfter)
    if (now !== this.shown) this.show(context, session, now)
  }

  private show(context: LineContext, session: Session, now: LinkTag | undefined): void {
    const { world } = context
    const { shown } = this
    const { entity } = session
    this.shown = now
    if (shown !== undefined) context.guard(() => removeComponent(world, entity, shown))
    // An observer may have ended the session.
    if (now !== undefined && session.state === 'open') context.guard(() => addComponent(world, entity, now))
  }
}
