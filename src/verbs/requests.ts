// The verbs of requests: calls that are awaited, and the answers to them.
import { Networked } from '../../components/networked.js'
import type { Command, TargetRpc } from '../protocol/definitions.js'
import { RequestAbortedError, RequestDisconnectedError, RequestRefusedError, UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import type { CallArguments, Infer, Schema } from '../protocol/types/schema.js'
import { type CallId, sideOf } from '../remote/call-id.js'
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
import { checkMilliseconds } from '../world/check-options.js'
import type { ServerState } from '../world/server/server-state.js'
import { type ClientWorld, networkOf, type NetworkWorld, serverRole, type ServerWorld } from '../world/state.js'

/** Options of every {@link request}. */
export interface RequestOptions {
  /** Milliseconds, of the world's clock, until it is given up. Default 10,000. */
  timeout?: number
  /** Gives it up when it is aborted. */
  signal?: AbortSignal
}

/** Options of a {@link request} that the server makes of a client. */
export interface TargetRequestOptions extends RequestOptions {
  /** The connection entity that is asked. Default: the entity's owner. */
  to?: number
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000
const NO_OPTIONS: TargetRequestOptions = Object.freeze({})

type Args = Readonly<Record<string, unknown>>
type Value = Record<string, unknown>

/**
 * Calls a command of a client, or a target RPC of the server, and resolves with what the other side's game answers. It
 * leaves with this tick's packets, is checked, queued and drained as a call that is sent, and settles when `dispatchCalls`
 * runs, or when the connection ends. Given up here, it is not drained there any more; what has been drained may have been
 * acted on. A promise that nobody looks at is no unhandled rejection.
 *
 * Rejects with an error of its own class for each end that is no value: `RequestRefusedError`, `RequestTimedOutError`,
 * `RequestDisconnectedError`, `RequestDespawnedError`, `RequestLostAuthorityError`, `RequestAbortedError`, and
 * `RequestRejectedError` where the library of the other side refused it.
 *
 * @throws UsageError when the client is not connected, the entity is not networked or, without `to`, has no owner, the
 * definition is not listed or returns nothing, an option is out of range, or 256 requests of the connection wait already.
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
    ? requestOfClient(serverRole(world), entity, definition, args, options)
    : requestOfServer(world as ClientWorld, entity, definition, args, options)
}

function requestOfServer(
  world: ClientWorld,
  entity: number,
  command: Command,
  args: Args,
  options: RequestOptions,
): Promise<Value> {
  const role = connectedClient(world)
  const { protocol, connection, outgoing, pendingRequests } = role
  const id = definitionId(protocol, command, 'command')
  const name = requireReturns(protocol, id, command)
  const netId = role.entities.netIdOf(entity)
  if (netId === 0) throw notNetworked(protocol, id, entity)
  if (options.signal?.aborted) return aborted(name, command, args, options.signal)
  const number = pendingRequests.nextId(name)
  outgoing.write(id, command, netId, args, number).toOne(connection)
  warnUnlessOwner(role, id, command, entity)
  runCommandHere(role, id, command, entity, netId)
  const owner = command.requiresAuthority && Networked.owner[entity] === connection ? connection : 0
  const { timeout = DEFAULT_REQUEST_TIMEOUT_MS, signal } = options
  return pendingRequests.add({ definition: command, name, netId, owner, timeout, signal }, role.options.now())
}

function requestOfClient(
  role: ServerState,
  entity: number,
  rpc: TargetRpc,
  args: Args,
  options: TargetRequestOptions,
): Promise<Value> {
  const { protocol, outgoing } = role
  const id = definitionId(protocol, rpc, 'target-rpc')
  const name = requireReturns(protocol, id, rpc)
  const netId = requireNetworked(role, id, entity)
  if (netId === 0) throw notNetworked(protocol, id, entity)
  const to = requireTarget(role, id, entity, options.to)
  if (options.signal?.aborted) return aborted(name, rpc, args, options.signal)
  const peer = role.peerOfConnection.get(to)
  if (peer === undefined) {
    // A connection that has just ended is there for the systems of one more tick.
    rpc.codec.check(args)
    return rejected(new RequestDisconnectedError(name, 'it had ended when the request was made'))
  }
  const number = peer.requests.nextId(name)
  outgoing.write(id, rpc, netId, args, number).toOne(to)
  const { timeout = DEFAULT_REQUEST_TIMEOUT_MS, signal } = options
  return peer.requests.add({ definition: rpc, name, netId, owner: 0, timeout, signal }, role.options.now())
}

/** A request that is not made, since it was given up before; what is wrong with it throws all the same. */
function aborted(name: string, { codec }: Command | TargetRpc, args: Args, signal: AbortSignal): Promise<never> {
  codec.check(args)
  return rejected(new RequestAbortedError(name, signal.reason))
}

/** A promise that is rejected already, and no unhandled rejection when nobody looks at it. */
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
 * Answers a call of a definition with `returns`, which need not be done in the loop that drained it: `call.id` may be kept.
 * Returns whether somebody waited for it: false for a call that was sent and not requested, and once whoever requested it
 * has given up or is gone.
 *
 * @throws UsageError when `id` is not that of a call that may be answered, or the call was answered already.
 * @throws ArgumentError when the value cannot be represented; it names the field, and the call may still be answered.
 */
export function reply<R extends Schema>(world: NetworkWorld, id: CallId<R>, value: Readonly<Infer<R>>): boolean {
  return openRequestsOf(world, id).reply(id, value)
}

/**
 * Refuses a call of a definition with `returns`, now or later, for one of the reasons of the definition's `refuses`, or any
 * text where it has none. Returns whether somebody waited for it, as {@link reply} does.
 *
 * @throws UsageError when `id` is not that of a call that may be answered, or the call was answered already.
 * @throws ArgumentError when the reason is not one of the definition's, or longer than 200 bytes.
 */
export function refuse<Reason extends string>(
  world: NetworkWorld,
  id: CallId<Schema, Reason>,
  reason: NoInfer<Reason>,
): boolean {
  return openRequestsOf(world, id).refuse(id, reason)
}

/** Whether somebody waits for the answer to a call: work that takes several ticks may stop when nobody does. */
export function isWaiting(world: NetworkWorld, id: CallId): boolean {
  return openRequestsOf(world, id).isWaiting(id)
}

/** Why a request of `definition` was refused, with its type; undefined when `error` is something else. */
export function refusalOf<Reason extends string>(
  error: unknown,
  definition: Command<Schema, Schema, Reason> | TargetRpc<Schema, Schema, Reason>,
): Reason | undefined {
  return error instanceof RequestRefusedError && error.definition === definition ? (error.reason as Reason) : undefined
}

/** An id tells which side of its world it is of. */
function openRequestsOf(world: NetworkWorld, id: number): OpenRequests {
  const network = networkOf(world)
  const role = sideOf(id) === 'server' ? network?.server : network?.client
  const other = network?.server ?? network?.client
  if (other === undefined) {
    throw new UsageError('wrong-side', 'this world has no network; make it with createServerWorld')
  }
  return (role ?? other).openRequests
}
