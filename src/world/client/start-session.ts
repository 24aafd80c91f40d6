// Starts a session over a transport, and queues the data packets that it receives.
import { Connection } from '../../../components/connection.js'
import { ClientSession } from '../../connection/client/client-session.js'
import { utf8Length } from '../../protocol/bytes.js'
import { UsageError } from '../../protocol/errors.js'
import { MAX_TOKEN_BYTES } from '../../protocol/packet.js'
import { Channel, type Transport } from '../../transport/transport.js'
import { DEFAULT_STALLED_MS } from '../link-tags.js'
import type { ClientState } from './client-state.js'
import { DEFAULT_TIMEOUT_MS } from '../../connection/heartbeats.js'
import type { JoinOptions } from './join-options.js'
import { readPacket } from './read-packet.js'
import { Reconnection } from './reconnection.js'

/**
 * Starts a session over a transport that is open or about to open. An earlier session must have ended.
 *
 * @throws UsageError when received packets are being applied (`busy`), or the token is too long (`bad-option`).
 */
export function startSession(client: ClientState, transport: Transport, options: JoinOptions): void {
  requireNotApplying(client)
  const { token = '', timeout = DEFAULT_TIMEOUT_MS, stalledAfter, autoReady = true, reopen } = options
  if (utf8Length(token) > MAX_TOKEN_BYTES) {
    throw new UsageError('bad-option', `the token is ${utf8Length(token)} bytes long, at most ${MAX_TOKEN_BYTES} fit`)
  }
  const { connection, protocol, hasEarlyMessages, counters, errors } = client
  const { now } = client.options
  // Undrained calls of the last session name entities that are gone.
  client.inbound.clear()
  client.faults.forget(Connection.id[connection]!)
  client.autoReady = autoReady
  client.stalledAfter = stalledAfter ?? DEFAULT_STALLED_MS
  client.transport = transport
  client.reconnection = reopen && new Reconnection(reopen, now)
  Connection.reason[connection] = undefined
  client.session = new ClientSession(
    transport,
    { protocol, now, timeout, token, mayResume: reopen !== undefined, hasEarlyMessages },
    {
      moved: () => followTransport(client),
      packet: (channel, bytes, length, time) => queuePacket(client, channel, bytes, length, time),
      data: (session, channel, header, reader) => readPacket(client, session, channel, header, reader),
    },
    counters,
    errors,
  )
}

/** @throws UsageError while received packets are being applied. */
export function requireNotApplying(client: ClientState): void {
  if (!client.applying) return
  throw new UsageError('busy', 'connect from a system, not from an observer of what is being applied')
}

/** Queues a data packet until `applyReplication`. Closes the connection when too much waits for a scene to load. */
function queuePacket(client: ClientState, channel: Channel, bytes: Uint8Array, length: number, time: number): void {
  const { received, scenes, options, errors, connection } = client
  if (scenes.isLoading && received[Channel.Reliable].size + length > options.maxWaitingBytes) {
    const text = `more than ${options.maxWaitingBytes} bytes wait for a scene to be loaded`
    errors.push('overflow', `connection closed: ${text}`, { connection })
    client.session?.close('overflow', text)
  }
  received[channel].push(bytes, length, time)
}

function followTransport(client: ClientState): void {
  client.transport = client.session?.transport
  client.onMoved()
}
