// Defines the options with which a server serves over any transport.
import { namesOf } from '../../protocol/check-options.js'
import { DEFAULT_TIMEOUT_MS } from '../../connection/heartbeats.js'
import { LimitRules, type ErrorBudget, type InboundLimits } from '../../connection/server/client-limits.js'
import type { ServerSessionOptions } from '../../connection/server/server-session-options.js'
import type { UserAdmissionOptions } from '../../connection/server/user-admission.js'
import type { DuplicateUsers } from '../../connection/server/user-sessions.js'
import type { Authenticator } from './authenticator.js'

/** The times of sessions: when one is interrupted, how long it may resume, and how long its steps may take. */
export interface SessionOptions {
  /** Milliseconds without packets after which a client's connection is interrupted. Default 3,000. */
  timeout?: number
  /**
   * Milliseconds, from 1,000 to 60,000, without a game tick of a client that still answers heartbeats, before `Stalled`
   * is added to its connection. A loop on timers ticks once a second in a hidden tab. Default 2,000.
   */
  stalledAfter?: number
  /**
   * Milliseconds that an interrupted session waits to resume. It keeps its connection entity, its player and the
   * entities that it owns; its connection has `Interrupted` meanwhile. 0: the session ends with its link. Default
   * 10,000.
   */
  resumeTime?: number
  /** Milliseconds within which a client must send its hello. Default 5,000. */
  handshakeTimeout?: number
  /** Milliseconds that a client may take to load a scene. Default 60,000. */
  sceneTimeout?: number
}

/** The limits of clients: how many, and what each may send and get. */
export interface LimitOptions {
  /** The limit of clients at once, including those that are being authenticated. Default 1,024. */
  maxConnections?: number
  /**
   * The limit of interrupted sessions from one address. Beyond it, the one that has waited longest ends. An address is
   * an IPv4 address, or the first 64 bits of an IPv6 address; this machine itself has no such limit. When the server is
   * full, a new client replaces the session that has waited longest of all. Default 256.
   */
  interruptedPerAddress?: number
  /**
   * The limit of bytes per second sent to one client, from 1,000 to 1,000,000,000; `setMaxBytesPerSecond` changes it
   * for one client. Calls, messages and changes of structure are always sent, and values get the rest. More important
   * entities (`setPriority`) go first, as do nearer ones (under a policy of interest that knows distances) and those
   * that have waited longer. Delayed values are sent with their newest state. Default 4 MiB, which most games never
   * reach.
   */
  maxBytesPerSecond?: number
  /**
   * The limit of bytes of spawns sent to one client in one tick, at least 256. A joining client gets the world in
   * several ticks, while everything else continues: its own entities first, then the nearest and most important. A
   * larger entity is sent alone in its tick; an entity that a reliable call is on is sent at once. Fewer bytes are sent
   * when `maxBytesPerSecond` or back-pressure allows less. Default 32 KiB.
   */
  spawnBytesPerTick?: number
  /**
   * Limits of what one client may send. Data beyond the limits of packets or bytes is not read: on the unreliable
   * channel it is lost, on the reliable channel it ends the connection with the reason `flood`. Calls beyond their
   * limits are dropped, and count against the error budget. The defaults are many times what a game sends.
   */
  inbound?: InboundLimits
  /**
   * How many violations, which no honest client commits, end a connection. The reason is `malformed`, and the text
   * names the kind. Errors that races can cause do not count.
   */
  errorBudget?: ErrorBudget
  /**
   * What happens on a call or message that no client may send. `'count'`: it counts against the client's error budget.
   * `'close'`: the first one closes the connection, with the reason `unknown-call`. Default `count`.
   */
  unknownCalls?: 'count' | 'close'
}

/** Who may play, and what a user is. */
export interface UserOptions {
  /**
   * Decides whether to admit a client; called within the tick, for each client whose hello was accepted. With
   * `'by-messages'` the game's systems decide, with `accept` and `deny`, by messages with `beforeAuthentication`. A
   * host's own client is always admitted. Default: every client is admitted.
   */
  authenticate?: Authenticator | 'by-messages'
  /** Milliseconds that authentication may take before the client is refused. Default 5,000. */
  authenticationTimeout?: number
  /**
   * The name of the property of the user data that identifies users, such as `'id'`, or `'sub'` of a JSON Web Token: a
   * text of at most 256 characters, or a number. A user without it is never a duplicate, and can only be banned by
   * address. Default: users are not identified.
   */
  userKey?: string
  /**
   * What happens when a user, as identified by `userKey`, connects a second time. A host's own client is never a
   * duplicate. Default `allow`.
   *
   * - `'allow'`: both play.
   * - `'refuse-new'`: the new client is refused, with the code `duplicate-user`. But it replaces an interrupted
   *   session, so that a user whose program crashed can reconnect.
   * - `'close-old'`: the old client is disconnected, with the same code. Its `Connected` is removed before the new
   *   one's is added. The new session is a different one: the game may give it the entities that `graceMs` keeps.
   */
  duplicateUsers?: DuplicateUsers
}

/** The options of serving that no transport needs to know. */
export interface ServeOptions {
  /** The times of sessions. */
  sessions?: SessionOptions
  /** The limits of clients. */
  limits?: LimitOptions
  /** Who may play, and what a user is. */
  users?: UserOptions
}

/** The names of the options in each group. */
export const SERVE_GROUPS = {
  sessions: namesOf<SessionOptions>({
    timeout: true,
    stalledAfter: true,
    resumeTime: true,
    handshakeTimeout: true,
    sceneTimeout: true,
  }),
  limits: namesOf<LimitOptions>({
    maxConnections: true,
    interruptedPerAddress: true,
    maxBytesPerSecond: true,
    spawnBytesPerTick: true,
    inbound: true,
    errorBudget: true,
    unknownCalls: true,
  }),
  users: namesOf<UserOptions>({ authenticate: true, authenticationTimeout: true, userKey: true, duplicateUsers: true }),
} satisfies Record<keyof ServeOptions, readonly string[]>

export const DEFAULT_MAX_CONNECTIONS = 1024
const DEFAULT_RESUME_MS = 10_000
const DEFAULT_LIMIT_MS = 5000
/** As many as one address may have clients, because its router may restart. */
const DEFAULT_INTERRUPTED_PER_ADDRESS = 256

/** The part of the sessions' options that `listen` decides. */
type SessionLimits = Required<
  Omit<ServerSessionOptions, 'protocol' | 'now' | 'ticksPerSecond' | 'takeConnectionId' | keyof UserAdmissionOptions>
> &
  Pick<UserOptions, 'userKey' | 'duplicateUsers'>

/** What sessions need of the options, with defaults for those that were left out. */
export function sessionLimits({ sessions = {}, limits = {}, users = {} }: ServeOptions): SessionLimits {
  return {
    timeout: sessions.timeout ?? DEFAULT_TIMEOUT_MS,
    resumeTime: sessions.resumeTime ?? DEFAULT_RESUME_MS,
    handshakeTimeout: sessions.handshakeTimeout ?? DEFAULT_LIMIT_MS,
    interruptedPerAddress: limits.interruptedPerAddress ?? DEFAULT_INTERRUPTED_PER_ADDRESS,
    maxConnections: limits.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    authenticationTimeout: users.authenticationTimeout ?? DEFAULT_LIMIT_MS,
    userKey: users.userKey,
    duplicateUsers: users.duplicateUsers,
    rules: new LimitRules(limits.inbound, limits.errorBudget),
  }
}
