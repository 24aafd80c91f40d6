// Makes requests, which are calls that expect an answer, and answers them.
import { requireNetwork } from '../world/inbound-queue.js'
import { Networked } from '../../components/networked.js'
import type { Command, TargetRpc } from '../protocol/definitions.js'
import { RequestAbortedError, RequestDisconnectedError, RequestRefusedError, UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import type { CallArguments, Infer, Schema } from '../protocol/types/schema.js'
import { type CallId, sideOfId } from '../remote/call-id.js'
import type { OpenRequests } from '../remote/open-requests.js'
import {
  connectedClient,
  definitionId,
  NO_ARGS,
  notNetworked,
  requireNetworked,
  requireTarget,
  runCommandHere,
  warnUnlessOwner,
} from './calls.js'
import { checkMilliseconds } from '../protocol/check-options.js'
import type { ServerState } from '../world/server/server-state.js'
import { type ClientWorld, type NetworkWorld, serverState, type ServerWorld } from '../world/state.js'

/** Options of every {@link request}. */
export interface RequestOptions {
  /** Milliseconds, of the world's clock, until the request times out. Default 10,000. */
  timeout?: number
  /** Aborts the request. */
  signal?: AbortSignal
}

/** Options of a {@link request} that the server makes of a client. */
export interface TargetRequestOptions extends RequestOptions {
  /** The connection entity that receives the request. Default: the entity's owner. */
  to?: number
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000
const NO_OPTIONS: TargetRequestOptions = Object.freeze({})

type Args = Readonly<Record<string, unknown>>
type Value = Record<string, unknown>

/**
 * Calls a command from a client, or a target RPC from the server, and resolves with the answer of the other side's
 * game. The request is sent with this tick's packets, then checked, queued and drained like any other call. It settles
 * when `dispatchCalls` runs, or when the connection ends. If it is aborted or times out here, the other side no longer
 * drains it, but may have acted on it already. An ignored promise never causes an unhandled rejection.
 *
 * Rejects with a separate error class for each failure: `RequestRefusedError`, `RequestTimedOutError`,
 * `RequestDisconnectedError`, `RequestDespawnedError`, `RequestLostAuthorityError`, `RequestAbortedError`, and
 * `RequestRejectedError` where the library of the other side refused it.
 *
 * @throws UsageError when the client is not connected, or the entity is not networked or, without `to`, has no owner.
 * Also when the definition is not listed or returns nothing, an option is out of range, or the connection has 256 open
 * requests already.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function request<S extends Schema, R extends Schema>(
  world: ClientWorld,
  entity: number,
  command: Command<S, R>,
  ...args: CallArguments<S, [options?: RequestOptions]>
): Promise<Infer<R>>
export function request<S extends Schema, R extends Schema>(
  world: ServerWorld,
  entity: number,
  rpc: TargetRpc<S, R>,
  ...args: CallArguments<S, [options?: TargetRequestOptions]>
): Promise<Infer<R>>
export function request(
  world: NetworkWorld,
  entity: number,
  definition: Command | TargetRpc,
  args: Args = NO_ARGS,
  options: TargetRequestOptions = NO_OPTIONS,
): Promise<Value> {
  checkMilliseconds('timeout', options.timeout)
  return definition.kind === 'target-rpc'
    ? requestOfClient(serverState(world), entity, definition, args, options)
    : requestOfServer(world as ClientWorld, entity, definition, args, options)
}

function requestOfServer(
  world: ClientWorld,
  entity: number,
  command: Command,
  args: Args,
  options: RequestOptions,
): Promise<Value> {
  const client = connectedClient(world)
  const { protocol, connection, outgoing, pendingRequests } = client
  const id = definitionId(protocol, command, 'command')
  const name = requireReturns(protocol, id, command)
  const netId = client.entities.netIdOf(entity)
  if (netId === 0) throw notNetworked(protocol, id, entity)
  if (options.signal?.aborted) return aborted(name, command, args, options.signal)
  const number = pendingRequests.nextId(name)
  outgoing.write(id, command, netId, args, number).toOne(connection)
  warnUnlessOwner(client, id, command, entity)
  runCommandHere(client, id, command, entity, netId)
  const owner = command.requiresAuthority && Networked.owner[entity] === connection ? connection : 0
  const { timeout = DEFAULT_REQUEST_TIMEOUT_MS, signal } = options
  return pendingRequests.add({ definition: command, name, netId, owner, timeout, signal }, client.options.now())
}

function requestOfClient(
  server: ServerState,
  entity: number,
  rpc: TargetRpc,
  args: Args,
  options: TargetRequestOptions,
): Promise<Value> {
  const { protocol, outgoing } = server
  const id = definitionId(protocol, rpc, 'target-rpc')
  const name = requireReturns(protocol, id, rpc)
  const netId = requireNetworked(server, id, entity)
  if (netId === 0) throw notNetworked(protocol, id, entity)
  const to = requireTarget(server, id, entity, options.to)
  if (options.signal?.aborted) return aborted(name, rpc, args, options.signal)
  const peer = server.peerOfConnection.get(to)
  if (peer === undefined) {
    // A connection that has just ended exists for the systems of one more tick.
    rpc.codec.check(args)
    return rejected(new RequestDisconnectedError(name, 'it had ended when the request was made'))
  }
  const number = peer.requests.nextId(name)
  outgoing.write(id, rpc, netId, args, number).toOne(to)
  const { timeout = DEFAULT_REQUEST_TIMEOUT_MS, signal } = options
  return peer.requests.add({ definition: rpc, name, netId, owner: 0, timeout, signal }, server.options.now())
}

/** Rejects a request whose signal is already aborted. Invalid arguments still throw. */
function aborted(name: string, { codec }: Command | TargetRpc, args: Args, signal: AbortSignal): Promise<never> {
  codec.check(args)
  return rejected(new RequestAbortedError(name, signal.reason))
}

/** A rejected promise that causes no unhandled rejection. */
function rejected(reason: Error): Promise<never> {
  const promise = Promise.reject(reason)
  promise.catch(() => undefined)
  return promise
}

function requireReturns(protocol: Protocol, id: number, definition: Command | TargetRpc): string {
  const name = protocol.definitionNames[id]!
  if (definition.answers !== undefined) return name
  throw new UsageError('no-returns', `${name} returns nothing: define it with returns, or send it`)
}

/**
 * Answers a call of a definition with `returns`. Not necessarily in the loop that drained it: `call.id` may be kept.
 * Returns whether the sender waited for the answer: false for a call without a request, and when the sender has given
 * up or is gone.
 *
 * @throws UsageError when `id` does not belong to a call that may be answered, or the call was answered already.
 * @throws ArgumentError when the value cannot be represented; it names the field, and the call may still be answered.
 */
export function reply<R extends Schema>(world: NetworkWorld, id: CallId<R>, value: Readonly<Infer<R>>): boolean {
  return openRequestsOf(world, id).reply(id, value)
}

/**
 * Refuses a call of a definition with `returns`, now or later. The reason is one of the definition's `refuses`, or any
 * text if it has none. Returns whether the sender waited for the answer, as {@link reply} does.
 *
 * @throws UsageError when `id` does not belong to a call that may be answered, or the call was answered already.
 * @throws ArgumentError when the reason is not one of the definition's, or longer than 200 bytes.
 */
export function refuse<Reason extends string>(
  world: NetworkWorld,
  id: CallId<Schema, Reason>,
  reason: NoInfer<Reason>,
): boolean {
  return openRequestsOf(world, id).refuse(id, reason)
}

/** Whether the sender still waits for the answer to a call. If not, work that takes several ticks may stop. */
export function isWaiting(world: NetworkWorld, id: CallId): boolean {
  return openRequestsOf(world, id).isWaiting(id)
}

/** The reason why a request of `definition` was refused, with its type; undefined when `error` is something else. */
export function refusalOf<Reason extends string>(
  error: unknown,
  definition: Command<Schema, Schema, Reason> | TargetRpc<Schema, Schema, Reason>,
): Reason | undefined {
  return error instanceof RequestRefusedError && error.definition === definition ? (error.reason as Reason) : undefined
}

/** An id contains the side of its world that received the call. */
function openRequestsOf(world: NetworkWorld, id: number): OpenRequests {
  const { server, client } = requireNetwork(world)
  const receiver = sideOfId(id) === 'server' ? server : client
  return (receiver ?? server ?? client)!.openRequests
}
