// What the server does first in a tick: it takes in what arrived, decides who may come in, and looks who is still there.
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { Authentication } from './authentication.js'

/** Runs the sessions of one transport, if there are any. */
export function receiveFrom(sessions: ServerSessions | undefined, tick: number, authentication?: Authentication): void {
  if (sessions === undefined) return
  sessions.tick = tick
  sessions.receive()
  authentication?.update()
  sessions.maintain()
}
