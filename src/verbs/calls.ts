// Sends commands, client RPCs and target RPCs. Every mistake that a caller can make throws here.
import type { World } from 'bitecs'
import { Networked } from '../../components/networked.js'
import type { ClientRpc, Command, Definition, TargetRpc } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import type { CallArguments, Schema } from '../protocol/types/schema.js'
import type { OutgoingCalls } from '../remote/outgoing-calls.js'
import { keepRpc } from '../world/server/buffered-rpcs.js'
import { type ClientState, isShownOpen } from '../world/client/client-state.js'
import type { ServerState } from '../world/server/server-state.js'
import { NO_CONNECTIONS } from '../world/server/connection-groups.js'
import { isServing } from '../world/server/connections.js'
import { clientState, type ClientWorld, serverState, type ServerWorld } from '../world/state.js'
import {
  type Connections,
  excepted,
  isExcepted,
  leaveOut,
  connectionsOf,
  requireReceiver,
  type RpcTarget,
} from '../world/targets.js'

/** Options of {@link sendRpc}. */
export interface SendRpcOptions {
  /** Receivers, among those that observe the entity: a connection, a list of them, or a group. Default: all of them. */
  to?: RpcTarget
  /** A connection entity, or several, that do not receive it. */
  except?: Connections
}

/** Options of {@link sendTargetRpc}. */
export interface SendTargetRpcOptions {
  /** The connection entity that receives it. Default: the entity's owner. */
  to?: number
}

type Args = Readonly<Record<string, unknown>>

/** The arguments of a call without arguments. */
export const NO_ARGS: Args = Object.freeze({})
const NO_OPTIONS = Object.freeze({})

/**
 * Sends a command on a networked entity, from a client. It is sent with this frame's `clientSend`.
 *
 * @throws UsageError when the client is not connected, the entity is not networked or the command not listed.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function sendCommand<S extends Schema>(
  world: ClientWorld,
  entity: number,
  command: Command<S>,
  ...args: CallArguments<S>
): void
export function sendCommand(world: ClientWorld, entity: number, command: Command, args = NO_ARGS): void {
  const client = connectedClient(world)
  const id = definitionId(client.protocol, command, 'command')
  const netId = client.entities.netIdOf(entity)
  if (netId === 0) throw notNetworked(client.protocol, id, entity)
  client.outgoing.write(id, command, netId, args).toOne(client.connection)
  warnUnlessOwner(client, id, command, entity)
  runCommandHere(client, id, command, entity, netId)
}

/**
 * Calls a client RPC on every client that observes a networked entity, or on those of them that `to` names. It is sent
 * with this tick's `serverSend`, after the structure of the tick. So it finds the entity even if it has only just
 * spawned, or is removed right after. On a world that does not listen `NetworkErrors` has `not-listening`, once; an RPC
 * with `buffer` is kept for later observers.
 *
 * @throws UsageError when the entity is not networked, the RPC not listed, or `to` does not name connections.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function sendRpc<S extends Schema>(
  world: ServerWorld,
  entity: number,
  rpc: ClientRpc<S>,
  ...args: CallArguments<S, [options?: SendRpcOptions]>
): void
export function sendRpc(
  world: ServerWorld,
  entity: number,
  rpc: ClientRpc,
  args = NO_ARGS,
  options: SendRpcOptions = NO_OPTIONS,
): void {
  const server = serverState(world)
  const id = definitionId(server.protocol, rpc, 'client-rpc')
  const netId = requireNetworked(server, id, entity)
  if (netId === 0) return
  const owner = rpc.includeOwner ? 0 : Networked.owner[entity]!
  if (options === NO_OPTIONS) server.outgoing.write(id, rpc, netId, args).toObservers(undefined, 0, owner)
  else {
    const list = listOfReceivers(server, id, owner, options)
    address(server.outgoing.write(id, rpc, netId, args), list, owner, options)
  }
  if (rpc.buffer === 'last') keepRpc(server, rpc, owner, options.to, options.except)
  else warnUnlessServing(server, id)
  if (rpc.runLocally) server.inbound.pushOwn(id, netId, server.outgoing, 0, server.tick)
}

/**
 * The list of connections that limits the receivers of an RPC. `undefined` when nothing limits them, or `to` is the
 * only one.
 *
 * @throws UsageError when `to` or `except` does not name connections.
 */
function listOfReceivers(
  server: ServerState,
  id: number,
  owner: number,
  { to, except }: SendRpcOptions,
): ReadonlySet<number> | undefined {
  if (typeof to === 'number') {
    requireReceiver(server, id, to)
    return to === owner || isExcepted(to, except) ? NO_CONNECTIONS : undefined
  }
  const list = to === undefined ? undefined : connectionsOf(server, to, false)
  excepted(except)
  return list
}

/** Adds the RPC just written, for receivers that {@link listOfReceivers} has checked. */
function address(
  outgoing: OutgoingCalls,
  list: ReadonlySet<number> | undefined,
  owner: number,
  { to, except }: SendRpcOptions,
): void {
  if (typeof to !== 'number') {
    outgoing.toObservers(list, excepted(except), owner)
    leaveOut(outgoing, except)
  } else if (list === undefined) outgoing.toOne(to)
  else outgoing.toObservers(list, 0, 0)
}

/**
 * Calls a target RPC on one client: the owner of a networked entity, or `to`. A client that does not observe the entity
 * when the tick is sent does not receive it, and `NetworkErrors` has `not-observed`. A client observes nothing before
 * it is `Ready`.
 *
 * @throws UsageError when the entity is not networked, or has no owner and no target was given.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function sendTargetRpc<S extends Schema>(
  world: ServerWorld,
  entity: number,
  rpc: TargetRpc<S>,
  ...args: CallArguments<S, [options?: SendTargetRpcOptions]>
): void
export function sendTargetRpc(
  world: ServerWorld,
  entity: number,
  rpc: TargetRpc,
  args = NO_ARGS,
  options: SendTargetRpcOptions = NO_OPTIONS,
): void {
  const server = serverState(world)
  const id = definitionId(server.protocol, rpc, 'target-rpc')
  const netId = requireNetworked(server, id, entity)
  if (netId === 0) return
  const to = requireTarget(server, id, entity, options.to)
  server.outgoing.write(id, rpc, netId, args).toOne(to)
}

/** Queues the command just sent at the client too, if it has `runLocally` and the server will not certainly drop it. */
export function runCommandHere(client: ClientState, id: number, command: Command, entity: number, netId: number): void {
  if (!command.runLocally || (command.requiresAuthority && Networked.owner[entity] !== client.connection)) return
  client.inbound.pushOwn(id, netId, client.outgoing, client.connection, client.frame)
}

/** Reports, once for each command, that the server will refuse it. */
export function warnUnlessOwner(client: ClientState, id: number, command: Command, entity: number): void {
  if (!command.requiresAuthority || Networked.owner[entity] === client.connection) return
  const name = client.protocol.definitionNames[id]!
  const text = `${name}: sent on an entity that this client does not own; the server drops it`
  client.errors.once('not-owner', name, text, entity)
}

/** Reports, once for each definition, that no client can receive it, because the world does not listen. */
export function warnUnlessServing(server: ServerState, id: number): void {
  if (isServing(server)) return
  server.counters.unsentCalls++
  const name = server.protocol.definitionNames[id]!
  server.errors.once('not-listening', name, `${name}: sent while this world does not listen; no client receives it`)
}

/** @throws UsageError when the world is not a client's, or not connected. */
export function connectedClient(world: World): ClientState {
  const client = clientState(world)
  // Between the end of a session and the frame that shows it, a game cannot know. Its calls are dropped.
  if (!isShownOpen(client)) {
    throw new UsageError(
      'not-connected',
      'not connected: await connect(world, …) first, and stop when Connected is removed',
    )
  }
  return client
}

/** @throws UsageError when the protocol does not list the definition, or it is of another kind. */
export function definitionId(protocol: Protocol, definition: Definition, kind: Definition['kind']): number {
  const { codec } = definition
  // A definition most likely has one id in the whole process, and an array is faster than a map.
  if (protocol.definitions[codec.lastId] === definition && definition.kind === kind) return codec.lastId
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
  codec.lastId = id
  return id
}

/**
 * The net id of a networked entity. 0 while the world has no slot for it, which was reported; then no client has it.
 *
 * @throws UsageError when the entity is not networked.
 */
export function requireNetworked(server: ServerState, id: number, entity: number): number {
  const netId = server.replication.entities.netIdOf(entity)
  if (netId === 0 && server.replication.isSlotless(entity)) {
    server.counters.unsentCalls++
    return 0
  }
  if (netId === 0) throw notNetworked(server.protocol, id, entity)
  return netId
}

export function notNetworked(protocol: Protocol, id: number, entity: number): UsageError {
  return new UsageError(
    'not-networked',
    `${protocol.definitionNames[id]}: entity ${entity} is not networked, or not any more`,
  )
}

/** The connection that receives a target RPC: `to`, or the owner. */
export function requireTarget(server: ServerState, id: number, entity: number, to = Networked.owner[entity]!): number {
  if (to === 0) {
    const name = server.protocol.definitionNames[id]!
    throw new UsageError(
      'no-target',
      `${name}: entity ${entity} has no owner; say whom it goes to with { to: connection }`,
    )
  }
  requireReceiver(server, id, to)
  return to
}
