// Sends messages: from a client to the server, or from the server to connections, lists and groups of them.
import type { World } from 'bitecs'
import type { Message } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import type { CallArguments, Infer, Schema } from '../protocol/types/schema.js'
import { MAX_WAITING_PARTS } from '../remote/message-parts.js'
import { Audience } from '../remote/outgoing-calls.js'
import { connectedClient, definitionId, NO_ARGS, warnUnlessServing } from './calls.js'
import { type ClientState, hasGreeted } from '../world/client/client-state.js'
import type { ServerState } from '../world/server/server-state.js'
import { isHost, type SideOptions, resolveSide } from '../world/host/sides.js'
import {
  clientState,
  type ClientWorld,
  type HostWorld,
  type Network,
  networkOf,
  type NetworkWorld,
  serverState,
  type ServerWorld,
  type Side,
} from '../world/state.js'
import {
  type Connections,
  excepted,
  isExcepted,
  leaveOut,
  connectionsOf,
  type MessageTarget,
  requireConnection,
  requireReceiver,
} from '../world/targets.js'

/** Options of {@link sendMessage} on a server. */
export interface SendMessageOptions {
  /** The receivers. Default `'ready'`. */
  to?: MessageTarget
  /** A connection entity, or several, that do not receive it. */
  except?: Connections
}

const NO_OPTIONS = Object.freeze({})

/**
 * Sends a message. A client sends it to the server. A server sends it to one connection, `'all'`, `'ready'` (the
 * default), a `group`, or any collection of connections such as `observersOf(world, ship)`.
 *
 * On a world that does not listen nobody receives it: `NetworkErrors` has `not-listening`, once.
 *
 * In a host's world, `side` sends a message that both sides may send. Default: the server if `to` or `except` is given,
 * else the side whose systems run.
 *
 * @throws UsageError when the client is not connected, the message is not listed, or this side may not send it. Also
 * when `to` does not name connections, or more than 32 MiB of a client's large messages are queued.
 * @throws ArgumentError when a field cannot be represented; it names the field.
 */
export function sendMessage<S extends Schema>(
  world: ClientWorld,
  message: Message<S, 'client' | 'both'>,
  ...args: CallArguments<S>
): void
export function sendMessage<S extends Schema>(
  world: ServerWorld,
  message: Message<S, 'server' | 'both'>,
  ...args: CallArguments<S, [options?: SendMessageOptions]>
): void
export function sendMessage<S extends Schema>(
  world: NetworkWorld,
  message: Message<S, 'both'>,
  ...args: CallArguments<S>
): void
export function sendMessage<S extends Schema>(
  world: HostWorld,
  message: Message<S>,
  args: Readonly<Infer<S>>,
  options: { side: 'client' } | (SendMessageOptions & { side: 'server' }),
): void
export function sendMessage(
  world: NetworkWorld,
  message: Message,
  args: Readonly<Record<string, unknown>> = NO_ARGS,
  options: SendMessageOptions & SideOptions = NO_OPTIONS,
): void {
  if (sendingSide(networkOf(world), message, options) === 'client') {
    return sendToServer(talkingClient(world, message), message, args)
  }
  const server = serverState(world)
  const id = definitionId(server.protocol, message, 'message')
  requireOrigin(server.protocol, id, message, 'server')
  sendToClients(server, id, message, args, options)
}

function sendToClients(
  server: ServerState,
  id: number,
  message: Message,
  args: Readonly<Record<string, unknown>>,
  { to = 'ready', except }: SendMessageOptions,
): void {
  const { outgoing } = server
  if (typeof to === 'number') {
    if (message.beforeAuthentication) requireConnection(server.world, to)
    else requireReceiver(server, id, to)
    if (isExcepted(to, except)) message.codec.check(args)
    else outgoing.write(id, message, 0, args).toOne(to)
    return
  }
  const list = to === 'all' || to === 'ready' ? undefined : connectionsOf(server, to, message.beforeAuthentication)
  const audience = to === 'ready' ? Audience.Ready : to === 'all' ? Audience.All : Audience.List
  const leftOut = excepted(except)
  outgoing.write(id, message, 0, args).toMany(audience, list, leftOut)
  leaveOut(outgoing, except)
  warnUnlessServing(server, id)
}

/** The side of a world that sends a message. */
function sendingSide(
  network: Network | undefined,
  message: Message,
  { to, except, side }: SendMessageOptions & SideOptions,
): Side {
  if (network === undefined || !isHost(network)) {
    if (network?.server !== undefined) return 'server'
    if (to === undefined && except === undefined) return 'client'
    throw new UsageError('wrong-side', 'to and except are for a server: the messages of a client go to its server')
  }
  if (side === undefined && message.from !== 'both') return message.from
  if (side === undefined && (to !== undefined || except !== undefined)) return 'server'
  const { definitionNames, ids } = network.server!.protocol
  return resolveSide(network, definitionNames[ids.get(message) ?? -1] ?? 'this message', side)
}

/** A message that may be sent before the welcome only needs a hello that was sent. */
function talkingClient(world: World, message: Message): ClientState {
  const client = clientState(world)
  return message.beforeAuthentication && hasGreeted(client) ? client : connectedClient(world)
}

function sendToServer(client: ClientState, message: Message, args: Readonly<Record<string, unknown>>): void {
  const id = definitionId(client.protocol, message, 'message')
  requireOrigin(client.protocol, id, message, 'client')
  if (client.outgoingParts.waiting > MAX_WAITING_PARTS) {
    const name = client.protocol.definitionNames[id]
    throw new UsageError('too-much-waits', `${name}: too many large messages wait already; see transfers(world)`)
  }
  client.outgoing.write(id, message, 0, args).toOne(client.connection)
}

function requireOrigin(protocol: Protocol, id: number, message: Message, side: 'client' | 'server'): void {
  if (message.from === 'both' || message.from === side) return
  throw new UsageError('wrong-side', `${protocol.definitionNames[id]}: only the ${message.from} sends it`)
}
