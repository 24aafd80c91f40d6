// Joins the own client of a host's world: over a link within the process, with the same hello as any other client.
import { hasComponent } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import { UsageError } from '../../protocol/errors.js'
import { createLoopback } from '../../transport/loopback.js'
import type { JoinOptions } from '../client/join-options.js'
import { startSession } from '../client/start-session.js'
import { startServingLocally } from '../server/start-serving.js'
import type { ServerState } from '../server/server-state.js'
import type { LocalClient } from './local-client.js'
import { type HostWorld, networkOf } from '../state.js'

/** The host's own client is trusted: no authenticator sees it, and it has no token. */
export interface JoinLocallyOptions extends Pick<JoinOptions, 'autoReady'> {
  /**
   * Its user data, which other clients get from the authenticator. `userOf` and `Connection.user` return it. Default
   * none.
   */
  user?: object
}

/**
 * Begins the session of a host's own client. It opens as the pipelines of both sides run.
 *
 * @throws UsageError when the world is not a host's, its client plays already, or its last session has not ended yet.
 */
export function joinLocally(world: HostWorld, { autoReady, user }: JoinLocallyOptions = {}): void {
  const { server, client } = networkOf(world) ?? {}
  if (server?.local === undefined || client === undefined) {
    throw new UsageError('wrong-side', 'this needs a world made by createHostWorld')
  }
  if (client.session !== undefined) throw new UsageError('connected', 'the client of this world plays already')
  requireEnded(server, server.local)
  const loopback = createLoopback({ now: server.options.now })
  startSession(client, loopback.connect(), { autoReady, timeout: Infinity })
  server.local.user = user
  startServingLocally(server, server.local, loopback.server)
}

/** @throws UsageError when the last session of the host's own client has not ended, or its entity is gone. */
function requireEnded({ world, peerOfConnection, endedSessions }: ServerState, { connection }: LocalClient): void {
  if (peerOfConnection.has(connection) || endedSessions.some(({ entity }) => entity === connection)) {
    const text = 'the last session of this client has not ended: begin once the tick is over that removed Connected'
    throw new UsageError('busy', text)
  }
  if (hasComponent(world, connection, Connection)) return
  throw new UsageError('connection-removed', "the game removed the host's own connection entity; make another world")
}
