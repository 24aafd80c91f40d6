// The verbs that send: commands, client RPCs, target RPCs and messages. Everything a caller can get wrong throws here.
import { hasComponent, type World } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { Networked } from '../../components/networked.js'
import type { ClientRpc, Command, Definition, Message, TargetRpc } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import type { Infer, Schema } from '../protocol/schema.js'
import { MAX_WAITING_PARTS } from '../remote/message-parts.js'
import { Audience } from '../remote/outgoing-calls.js'
import type { ClientRole } from './client-role.js'
import type { ServerRole } from './server-role.js'
import { isHost, type SideOptions, sideOf } from './sides.js'
import {
  clientRole,
  type ClientWorld,
  type HostWorld,
  type Network,
  networkOf,
  serverRole,
  type ServerWorld,
  type Side,
} from './state.js'

/** Whom a message of the server goes to: a connection, every open one, every one that takes part, or a list. */
export type MessageTarget = number | 'all' | 'ready' | Iterable<number>

export interface SendRpcOptions {
  /** A connection entity that does not get it. */
  except?: number
}

export interface SendTargetRpcOptions {
  /** The connection entity that gets it. Default: the entity's owner. */
  to?: number
}

export interface SendMessageOptions {
  /** Default `'ready'`. */
  to?: MessageTarget
  /** A connection entity that does not get it. */
  except?: number
}

/**
 * Calls a command on a networked entity, from a client. It leaves with this frame's `clientSend`.
 *
 * @throws UsageError when the client is not connected, the entity is not networked or the command not listed.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function sendCommand<S extends Schema>(
  world: ClientWorld,
  entity: number,
  command: Command<S>,
  args: Readonly<Infer<S>>,
): void {
  const role = connectedClient(world)
  const id = definitionId(role.protocol, command, 'command')
  command.codec.check(args)
  const netId = role.entities.netIdOf(entity)
  if (netId === 0) throw notNetworked(role.protocol, id, entity)
  warnUnlessOwner(role, id, command, entity)
  role.outgoing.add(id, command, netId, args, Audience.One, role.connection, 0, undefined)
}

/**
 * Calls a client RPC on every client that observes a networked entity. It leaves with this tick's `serverSend`, after the
 * structure of the tick, so it finds the entity even where it has only just spawned, or is removed right after.
 *
 * @throws UsageError when the entity is not networked or the RPC not listed.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function sendRpc<S extends Schema>(
  world: ServerWorld,
  entity: number,
  rpc: ClientRpc<S>,
  args: Readonly<Infer<S>>,
  options: SendRpcOptions = {},
): void {
  const role = serverRole(world)
  const id = definitionId(role.protocol, rpc, 'client-rpc')
  rpc.codec.check(args)
  const netId = requireNetworked(role, id, entity)
  const owner = rpc.includeOwner ? 0 : Networked.owner[entity]!
  role.outgoing.add(id, rpc, netId, args, Audience.Observers, options.except ?? 0, owner, undefined)
}

/**
 * Calls a target RPC on one client: the owner of a networked entity, or `to`.
 *
 * @throws UsageError when the entity is not networked, or has no owner and no target was given.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function sendTargetRpc<S extends Schema>(
  world: ServerWorld,
  entity: number,
  rpc: TargetRpc<S>,
  args: Readonly<Infer<S>>,
  options: SendTargetRpcOptions = {},
): void {
  const role = serverRole(world)
  const id = definitionId(role.protocol, rpc, 'target-rpc')
  rpc.codec.check(args)
  const netId = requireNetworked(role, id, entity)
  const to = requireTarget(role, id, entity, options.to)
  role.outgoing.add(id, rpc, netId, args, Audience.One, to, 0, undefined)
}

/**
 * Sends a message: from a client to the server, or from the server to one connection, `'all'`, `'ready'` (the default), or
 * any collection of connections such as `observersOf(world, ship)`.
 *
 * In a host's world one that both may send is sent by the server when it says whom it is for, else by the side whose systems
 * run, or by `side`.
 *
 * @throws UsageError when the client is not connected, the message is not listed, or not one that this side may send, or a
 * client's large messages wait for more than 32 MiB.
 * @throws ArgumentError when a field cannot be represented; it names the field.
 */
export function sendMessage<S extends Schema>(
  world: ClientWorld,
  message: Message<S, 'client' | 'both'>,
  args: Readonly<Infer<S>>,
): void
export function sendMessage<S extends Schema>(
  world: ServerWorld,
  message: Message<S, 'server' | 'both'>,
  args: Readonly<Infer<S>>,
  options?: SendMessageOptions,
): void
export function sendMessage<S extends Schema>(
  world: HostWorld,
  message: Message<S>,
  args: Readonly<Infer<S>>,
  options: { side: 'client' } | (SendMessageOptions & { side: 'server' }),
): void
export function sendMessage(
  world: ClientWorld | ServerWorld,
  message: Message,
  args: Readonly<Record<string, unknown>>,
  options: SendMessageOptions & SideOptions = {},
): void {
  if (sendingSide(networkOf(world), message, options) === 'client') {
    return sendToServer(talkingClient(world, message), message, args)
  }
  const server = serverRole(world)
  const id = definitionId(server.protocol, message, 'message')
  requireOrigin(server.protocol, id, message, 'server')
  message.codec.check(args)
  const { to = 'ready', except = 0 } = options
  if (to === 'all') server.outgoing.add(id, message, 0, args, Audience.All, except, 0, undefined)
  else if (to === 'ready') server.outgoing.add(id, message, 0, args, Audience.Ready, except, 0, undefined)
  else if (typeof to === 'number') {
    requireConnection(world, to)
    if (!message.beforeAuthentication) requireAuthenticated(server, id, to)
    if (to !== except) server.outgoing.add(id, message, 0, args, Audience.One, to, 0, undefined)
  } else {
    if (typeof to === 'string')
      throw new UsageError('no-target', `to is 'all', 'ready', a connection or a list, got '${String(to)}'`)
    const list = new Set(to)
    // A list that was made earlier may name who has left since: counted, as for a receiver that is gone.
    for (const connection of list) {
      const isEarly = isAuthenticating(server, connection) && !message.beforeAuthentication
      if (isEarly) list.delete(connection)
      if (isEarly || !hasComponent(world, connection, Connection)) server.counters.unsentCalls++
    }
    server.outgoing.add(id, message, 0, args, Audience.List, except, 0, list)
  }
}

/** Which side of a world sends a message. */
function sendingSide(
  network: Network | undefined,
  message: Message,
  { to, except, side }: SendMessageOptions & SideOptions,
): Side {
  if (network === undefined || !isHost(network)) return network?.server === undefined ? 'client' : 'server'
  if (side === undefined && message.from !== 'both') return message.from
  if (side === undefined && (to !== undefined || except !== undefined)) return 'server'
  const { definitionNames, ids } = network.server!.protocol
  return sideOf(network, definitionNames[ids.get(message) ?? -1] ?? 'this message', side)
}

function sendToServer(role: ClientRole, message: Message, args: Readonly<Record<string, unknown>>): void {
  const id = definitionId(role.protocol, message, 'message')
  requireOrigin(role.protocol, id, message, 'client')
  message.codec.check(args)
  if (role.outgoingParts.waiting > MAX_WAITING_PARTS) {
    const name = role.protocol.definitionNames[id]
    throw new UsageError('too-much-waits', `${name}: too many large messages wait already; see transfers(world)`)
  }
  role.outgoing.add(id, message, 0, args, Audience.One, role.connection, 0, undefined)
}

/** Reports, once for each command, that the server will not let it pass. */
export function warnUnlessOwner(role: ClientRole, id: number, command: Command, entity: number): void {
  if (!command.requiresAuthority || Networked.owner[entity] === role.connection) return
  const name = role.protocol.definitionNames[id]!
  const text = `${name}: sent on an entity that this client does not own; the server drops it`
  role.errors.once('not-owner', name, text, entity)
}

/** @throws UsageError when the world is no client's, or not connected. */
export function connectedClient(world: World): ClientRole {
  const role = clientRole(world)
  // Between the end of a session and the frame that shows it, a game cannot know; what it sends then goes nowhere.
  if (!role.isShownOpen) {
    throw new UsageError(
      'not-connected',
      'not connected: await connect(world, …) first, and stop when Connected is removed',
    )
  }
  return role
}

/** A message that may come before the welcome needs no more than a hello that has left. */
function talkingClient(world: World, message: Message): ClientRole {
  const role = clientRole(world)
  return message.beforeAuthentication && role.hasGreeted ? role : connectedClient(world)
}

function isAuthenticating(role: ServerRole, connection: number): boolean {
  return role.authenticating.get(connection)?.session.state === 'authenticating'
}

function requireAuthenticated(role: ServerRole, id: number, connection: number): void {
  if (!isAuthenticating(role, connection)) return
  const name = role.protocol.definitionNames[id]
  const text = `${name}: connection ${connection} is still being authenticated; only messages with beforeAuthentication go to it`
  throw new UsageError('not-authenticated', text)
}

/** @throws UsageError when the protocol does not list the definition, or it is of another kind. */
export function definitionId(protocol: Protocol, definition: Definition, kind: Definition['kind']): number {
  const id = protocol.ids.get(definition)
  if (id === undefined) {
    throw new UsageError(
      'not-listed',
      `this ${kind} is not listed in the protocol of this world; add it to defineProtocol`,
    )
  }
  if (definition.kind !== kind) {
    throw new UsageError('wrong-kind', `${protocol.definitionNames[id]} is a ${definition.kind}, not a ${kind}`)
  }
  return id
}

function requireOrigin(protocol: Protocol, id: number, message: Message, side: 'client' | 'server'): void {
  if (message.from === 'both' || message.from === side) return
  throw new UsageError('wrong-side', `${protocol.definitionNames[id]}: only the ${message.from} sends it`)
}

export function requireNetworked(role: ServerRole, id: number, entity: number): number {
  const netId = role.replication.entities.netIdOf(entity)
  if (netId === 0) throw notNetworked(role.protocol, id, entity)
  return netId
}

export function notNetworked(protocol: Protocol, id: number, entity: number): UsageError {
  return new UsageError(
    'not-networked',
    `${protocol.definitionNames[id]}: entity ${entity} is not networked, or not any more`,
  )
}

/** Whom a target RPC goes to: `to`, or the owner. */
export function requireTarget(role: ServerRole, id: number, entity: number, to = Networked.owner[entity]!): number {
  if (to === 0) {
    const name = role.protocol.definitionNames[id]!
    throw new UsageError(
      'no-target',
      `${name}: entity ${entity} has no owner; say whom it goes to with { to: connection }`,
    )
  }
  requireConnection(role.world, to)
  requireAuthenticated(role, id, to)
  return to
}

function requireConnection(world: World, connection: number): void {
  if (!hasComponent(world, connection, Connection)) {
    throw new UsageError('not-a-connection', `entity ${connection} is not a connection`)
  }
}
