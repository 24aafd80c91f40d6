// Starts to serve clients: over a transport, or the host's own client over a link in memory.
import { addComponent } from 'bitecs'
import { Listening } from '../../../components/connection.js'
import { ServerSessions } from '../../connection/server/server-sessions.js'
import type { Session } from '../../connection/session.js'
import { DEFAULT_BYTES_PER_SECOND, DEFAULT_SPAWN_BYTES_PER_TICK } from '../../replication/server/send-budget.js'
import type { Transport } from '../../transport/transport.js'
import type { LocalClient } from '../host/local-client.js'
import { DEFAULT_STALLED_MS } from '../link-tags.js'
import { abandonAuthentication, createAuthentication } from './authentication.js'
import { checkServeOptions } from './check-serve-options.js'
import { makePeer } from './connections.js'
import { readPacket } from './read-packet.js'
import { DEFAULT_MAX_CONNECTIONS, type ServeOptions, sessionLimits } from './serve-options.js'
import { ServerPacket } from './server-packet.js'
import { DEFAULT_SCENE_TIMEOUT_MS } from './server-scenes.js'
import type { ServerState } from './server-state.js'
import { sendLastCalls } from './write-calls.js'

/**
 * Starts to serve over a transport.
 *
 * @throws UsageError that names an option that cannot work.
 */
export function startServing(server: ServerState, transport: Transport, options: ServeOptions): void {
  checkServeOptions(options, server.protocol)
  const { sessions = {}, limits = {}, users = {} } = options
  const { authenticate } = users
  server.scenes.timeout = sessions.sceneTimeout ?? DEFAULT_SCENE_TIMEOUT_MS
  server.stalledAfter = sessions.stalledAfter ?? DEFAULT_STALLED_MS
  server.replication.bytesPerSecond = limits.maxBytesPerSecond ?? DEFAULT_BYTES_PER_SECOND
  server.replication.admission.bytesPerTick = limits.spawnBytesPerTick ?? DEFAULT_SPAWN_BYTES_PER_TICK
  server.closesUnknown = limits.unknownCalls === 'close'
  const maxPending = limits.maxConnections ?? DEFAULT_MAX_CONNECTIONS
  server.authentication =
    typeof authenticate === 'function' ? createAuthentication(authenticate, maxPending, server.options.now) : undefined
  server.transport = transport
  server.sessions = openSessions(server, transport, options)
}

/**
 * Starts to serve the host's own client. Nothing gets lost between the two, and a page that sleeps stops both, so the
 * session never times out.
 */
export function startServingLocally(server: ServerState, local: LocalClient, transport: Transport): void {
  local.sessions?.closeAll('client-closed', 'a new session took its place')
  void local.sessions?.transport.close()
  local.sessions = openSessions(server, transport, {
    sessions: { timeout: Infinity, handshakeTimeout: Infinity },
    limits: { maxConnections: 1 },
  })
}

function openSessions(server: ServerState, transport: Transport, options: ServeOptions): ServerSessions {
  const packet = new ServerPacket(server)
  server.hasServed = true
  const sessions = new ServerSessions(
    transport,
    {
      protocol: server.protocol,
      now: server.options.now,
      ...sessionLimits(options),
      bans: server.bans,
      ticksPerSecond: server.options.tickRate,
      takeConnectionId: () => server.nextConnectionId++,
    },
    {
      greeted:
        options.users?.authenticate === undefined ? undefined : (session, token) => greeted(server, session, token),
      opened: (session) => opened(server, session),
      closing: (session) => sendLastCalls(server, session),
      closed: (session) => closed(server, session),
      data: (session, channel, header, reader) => readPacket(packet, session, channel, header, reader),
    },
    server.counters,
    server.errors,
  )
  addComponent(server.world, server.networkEntity, Listening)
  return sessions
}

function greeted(server: ServerState, session: Session, token: string): void {
  server.authentication?.greeted.push({ session, token })
  if (!server.hasEarlyMessages) return
  makePeer(server, session)
  server.greeting.push(session)
}

function opened(server: ServerState, session: Session): void {
  // A message may have arrived with the hello, and needs to know its sender.
  if (server.hasEarlyMessages && !server.peerOfSession.has(session)) makePeer(server, session)
  server.joining.push(session)
}

function closed(server: ServerState, session: Session): void {
  if (server.authentication !== undefined) abandonAuthentication(server.authentication, session)
  server.ending.push(session)
}
