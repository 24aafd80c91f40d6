// Declares the commands, RPCs and messages that both sides of a game share.
import { Answers } from './answers.js'
import { ProtocolError } from './errors.js'
import { MAX_LARGE_PAYLOAD_BYTES, MAX_RELIABLE_PAYLOAD, MAX_REQUEST_PAYLOAD, MAX_UNRELIABLE_PAYLOAD } from './limits.js'
import { RecordCodec } from './types/record.js'
import type { Schema } from './types/schema.js'

/**
 * `reliable`: all calls arrive, in order. `unreliable`: at most once, in any order. While a client still lacks an
 * entity that an unreliable call is on or names, the server sends the call reliably, after the spawn.
 */
export type ChannelName = 'reliable' | 'unreliable'

/** A token bucket: `perSecond` calls on average, `burst` at once. Further calls are dropped and counted. */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

interface CallBase<S extends Schema> {
  readonly schema: S
  readonly channel: ChannelName
  readonly codec: RecordCodec
}

/** The answers to a definition. `R` is undefined when there are none; `Reason` are the texts of a refusal. */
interface Answerable<R extends Schema | undefined, Reason extends string> {
  readonly returns: R
  /** Undefined when any text may be a reason. */
  readonly refuses: readonly Reason[] | undefined
  readonly answers: Answers | undefined
}

/**
 * Client to server, on a networked entity. `R` is the answer's values, `Reason` why it may be refused, `Local` whether
 * it also runs at the caller.
 */
export interface Command<
  S extends Schema = Schema,
  R extends Schema | undefined = Schema | undefined,
  Reason extends string = string,
  Local extends boolean = boolean,
>
  extends CallBase<S>, Answerable<R, Reason> {
  readonly kind: 'command'
  readonly runLocally: Local
  readonly requiresAuthority: boolean
  readonly rate: RateLimit | undefined
}

/** Server to every observer of an entity. `Local` as in {@link Command}. */
export interface ClientRpc<S extends Schema = Schema, Local extends boolean = boolean> extends CallBase<S> {
  readonly kind: 'client-rpc'
  readonly includeOwner: boolean
  /** Whether the last call on each entity is kept for later observers. */
  readonly buffer: 'last' | undefined
  readonly runLocally: Local
}

/** Server to one connection, by default the owner of the entity. `R` and `Reason` as in {@link Command}. */
export interface TargetRpc<
  S extends Schema = Schema,
  R extends Schema | undefined = Schema | undefined,
  Reason extends string = string,
>
  extends CallBase<S>, Answerable<R, Reason> {
  readonly kind: 'target-rpc'
}

/** The sides that may send a message. */
export type MessageOrigin = 'client' | 'server' | 'both'

/** Typed data between client and server, without an entity. */
export interface Message<S extends Schema = Schema, From extends MessageOrigin = MessageOrigin> extends CallBase<S> {
  readonly kind: 'message'
  readonly from: From
  readonly rate: RateLimit | undefined
  /** Whether it may be larger than a packet, and is then sent in parts. */
  readonly large: boolean
  /** Whether it may be sent while the client is not authenticated yet. */
  readonly beforeAuthentication: boolean
}

/** A call on a networked entity. */
export type RemoteDefinition = Command | ClientRpc | TargetRpc
/** All definitions that a protocol may list as calls and messages. */
export type Definition = RemoteDefinition | Message

/** Whether it may be sent while the client is not authenticated yet. */
export function isEarly(definition: Definition | undefined): boolean {
  return definition?.kind === 'message' && definition.beforeAuthentication
}

/** Options of every call and message. */
export interface CallOptions {
  /** Default `reliable`. */
  channel?: ChannelName
}

/** Options of the calls that may also run at the caller. */
export interface LocalOptions<Local extends boolean = false> {
  /**
   * Whether the call is also queued at the caller, at once, and drained there as on the other side. Its arguments are
   * those that the other side gets. Default false.
   */
  runLocally?: Local
}

/** Options of a definition with answers. */
export interface AnswerOptions<R extends Schema | undefined = undefined, Reason extends string = string> {
  /**
   * The values of an answer; `{}` for an answer without values. Default: it has no answer, and cannot be requested.
   */
  returns?: R
  /** The reasons for which a request may be refused. Default: any text of up to 200 bytes. */
  refuses?: readonly Reason[]
}

/** Options of {@link defineCommand}. */
export interface CommandOptions<
  R extends Schema | undefined = undefined,
  Reason extends string = string,
  Local extends boolean = false,
>
  extends CallOptions, AnswerOptions<R, Reason>, LocalOptions<Local> {
  /** Whether only the entity's owner may call it. Default true. */
  requiresAuthority?: boolean
  /** Default: no limit. */
  rate?: RateLimit
}

/** Options of {@link defineClientRpc}. */
export interface ClientRpcOptions<Local extends boolean = false> extends CallOptions, LocalOptions<Local> {
  /** Whether the entity's owner gets it too. Default true. */
  includeOwner?: boolean
  /**
   * `'last'`: the server keeps the last call on each entity, for what it did to the entity's look. It sends the call
   * to each later observer right after the spawn, except to clients that the call left out. The call is freed with the
   * entity. Reliable only. Default: nothing is kept.
   */
  buffer?: 'last'
}

/** Options of {@link defineTargetRpc}. */
export interface TargetRpcOptions<R extends Schema | undefined = undefined, Reason extends string = string>
  extends CallOptions, AnswerOptions<R, Reason> {}

/** Options of {@link defineMessage}. */
export interface MessageOptions<From extends MessageOrigin> extends CallOptions {
  /** Default `both`. */
  from?: From
  /** How often each client may send it. Default: no limit. */
  rate?: RateLimit
  /**
   * Whether it may be larger than a packet, up to 16 MiB. It is then sent in parts: structure and calls may overtake
   * it, later messages wait. Each client may make the server hold as much as the largest one. The server closes a
   * client with more than 32 MiB queued (`overflow`); on a client sending more throws. Reliable only. Default false.
   */
  large?: boolean
  /**
   * Whether it may be sent, and is dispatched, while the server still authenticates the client. Authenticators with a
   * challenge and a response need it. Not together with `large`. Default false.
   */
  beforeAuthentication?: boolean
}

function callBase<S extends Schema>(
  what: string,
  schema: S,
  { channel = 'reliable' }: CallOptions,
  large = false,
): CallBase<S> {
  if (channel !== 'reliable' && channel !== 'unreliable') {
    throw new ProtocolError('bad-definition', `${what}: channel is 'reliable' or 'unreliable', got ${String(channel)}`)
  }
  const codec = new RecordCodec(schema)
  if (large && channel !== 'reliable') {
    throw new ProtocolError('bad-definition', `${what} ${codec.text}: only the reliable channel carries large messages`)
  }
  const limit = large ? MAX_LARGE_PAYLOAD_BYTES : channel === 'reliable' ? MAX_RELIABLE_PAYLOAD : MAX_UNRELIABLE_PAYLOAD
  if (codec.maxBytes > limit) {
    const advice =
      what === 'a message' && channel === 'reliable' && !large ? '; with { large: true } it travels in parts' : ''
    const fit = large ? 'a large message may take' : `fit the ${channel} channel`
    throw new ProtocolError(
      'bad-definition',
      `${what} ${codec.text}: may take ${codec.maxBytes} bytes, at most ${limit} ${fit}${advice}`,
    )
  }
  return { schema, channel, codec }
}

function answerable<R extends Schema | undefined, Reason extends string>(
  what: string,
  base: CallBase<Schema>,
  { returns, refuses }: AnswerOptions<R, Reason>,
): Answerable<R, Reason> {
  if (returns === undefined) {
    if (refuses === undefined) return { returns: returns as R, refuses, answers: undefined }
    const text = `${what}: refuses needs returns; write returns: {} for an answer without values`
    throw new ProtocolError('bad-definition', text)
  }
  if (base.channel !== 'reliable') {
    throw new ProtocolError('bad-definition', `${what} with returns is reliable: take its channel away`)
  }
  if (base.codec.maxBytes > MAX_REQUEST_PAYLOAD) {
    const { text, maxBytes } = base.codec
    throw new ProtocolError(
      'bad-definition',
      `${what} ${text}: may take ${maxBytes} bytes, at most ${MAX_REQUEST_PAYLOAD} fit a request`,
    )
  }
  return { returns, refuses, answers: new Answers(what, returns, refuses) }
}

function runsLocally<Local extends boolean>(what: string, { runLocally }: LocalOptions<Local>): Local {
  if (runLocally === undefined) return false as Local
  if (typeof runLocally === 'boolean') return runLocally
  throw new ProtocolError('bad-definition', `${what}: runLocally is true or false, got ${String(runLocally)}`)
}

function requireRate(rate: RateLimit | undefined): void {
  if (rate !== undefined && !(rate.perSecond > 0 && rate.burst >= 1)) {
    throw new ProtocolError('bad-definition', 'a rate needs perSecond above 0 and a burst of at least 1')
  }
}

/**
 * Declares a call from a client to the server on a networked entity (Mirror's Command).
 *
 * With `returns` a client may also `request` it, and awaits the answer.
 *
 * @throws ProtocolError when a field is not a schema type, the arguments cannot fit a packet, or an option has a value
 *   that its docs do not list.
 */
export function defineCommand<
  const S extends Schema,
  const R extends Schema | undefined = undefined,
  const Reason extends string = string,
  const Local extends boolean = false,
>(schema: S, options: CommandOptions<R, Reason, Local> = {}): Command<S, R, Reason, Local> {
  const { rate, requiresAuthority = true } = options
  requireRate(rate)
  if (typeof requiresAuthority !== 'boolean') {
    const text = `a command: requiresAuthority is true or false, got ${String(requiresAuthority)}`
    throw new ProtocolError('bad-definition', text)
  }
  const base = callBase('a command', schema, options)
  const runLocally = runsLocally('a command', options)
  return { kind: 'command', ...base, ...answerable('a command', base, options), requiresAuthority, rate, runLocally }
}

/**
 * Declares a call from the server to every observer of an entity (Mirror's ClientRpc).
 *
 * @throws ProtocolError when a field is not a schema type, the arguments cannot fit a packet, or an option has a value
 *   that its docs do not list.
 */
export function defineClientRpc<const S extends Schema, const Local extends boolean = false>(
  schema: S,
  options: ClientRpcOptions<Local> = {},
): ClientRpc<S, Local> {
  const { includeOwner = true, buffer } = options
  const runLocally = runsLocally('a client RPC', options)
  const base = callBase('a client RPC', schema, options)
  if (buffer !== undefined && buffer !== 'last') {
    throw new ProtocolError('bad-definition', `a client RPC: buffer is 'last' or left out, got ${String(buffer)}`)
  }
  if (buffer !== undefined && base.channel !== 'reliable') {
    throw new ProtocolError('bad-definition', 'a client RPC with a buffer is reliable: take its channel away')
  }
  return { kind: 'client-rpc', ...base, includeOwner, buffer, runLocally }
}

/**
 * Declares a call from the server to one connection, the entity's owner by default (Mirror's TargetRpc).
 *
 * With `returns` the server may also `request` it of a client, and awaits the answer.
 *
 * @throws ProtocolError when a field is not a schema type, the arguments cannot fit a packet, or an option has a value
 *   that its docs do not list.
 */
export function defineTargetRpc<
  const S extends Schema,
  const R extends Schema | undefined = undefined,
  const Reason extends string = string,
>(schema: S, options: TargetRpcOptions<R, Reason> = {}): TargetRpc<S, R, Reason> {
  const base = callBase('a target RPC', schema, options)
  return { kind: 'target-rpc', ...base, ...answerable('a target RPC', base, options) }
}

/**
 * Declares typed data between client and server, without an entity (Mirror's NetworkMessage).
 *
 * @throws ProtocolError when a field is not a schema type, the message cannot fit a packet, or an option has a value
 *   that its docs do not list.
 */
export function defineMessage<const S extends Schema, From extends MessageOrigin = 'both'>(
  schema: S,
  options: MessageOptions<From> = {},
): Message<S, From> {
  const { rate, large = false, beforeAuthentication = false } = options
  const from = options.from ?? ('both' as From)
  requireRate(rate)
  if (from !== 'client' && from !== 'server' && from !== 'both') {
    const text = `a message: from is 'client', 'server' or 'both', got ${String(from)}`
    throw new ProtocolError('bad-definition', text)
  }
  if (typeof beforeAuthentication !== 'boolean') {
    const text = `a message: beforeAuthentication is true or false, got ${String(beforeAuthentication)}`
    throw new ProtocolError('bad-definition', text)
  }
  if (beforeAuthentication && large) {
    throw new ProtocolError('bad-definition', 'a message: beforeAuthentication and large exclude each other')
  }
  const base = callBase('a message', schema, options, large)
  return { kind: 'message', ...base, from, rate, large, beforeAuthentication }
}

export {
  type Authority,
  type NumberArray,
  type NumberFields,
  replicate,
  type ReplicatedComponent,
  type ReplicatedField,
  type ReplicatedFields,
  type ReplicateOptions,
  type TypedStore,
} from './replicated-components.js'
