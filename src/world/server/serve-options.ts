// What a server may be told when it begins to serve, over whatever transport.
import { ConductRules, type ErrorBudget, type InboundLimits } from '../../connection/server/client-limits.js'
import type { DuplicateUsers } from '../../connection/server/user-sessions.js'
import { UsageError } from '../../protocol/errors.js'
import type { Authenticator } from './authenticator.js'
import { badOption, checkInteger, checkOneOf } from '../check-options.js'

export interface ServeOptions {
  /** Milliseconds without a packet until a client counts as gone. Default 3,000. */
  timeout?: number
  /**
   * Milliseconds, from 1,000 to 60,000, of a client that answers heart-beats and whose game does not tick, until `Stalled` is
   * on its connection. A loop on timers ticks once a second in a hidden tab. Default 2,000.
   */
  stalledAfter?: number
  /**
   * Milliseconds that the session of a client whose line broke waits for it to come back, with its connection entity, its
   * player and what it owns; `Interrupted` is on the connection meanwhile. 0: the session ends with its line. Default 10,000.
   */
  resumeTime?: number
  /**
   * The most sessions of one address that may wait for their lines; of more, the one that has waited for longest ends. An
   * address is an IPv4 address, or the first 64 bits of an IPv6 address; this machine itself has no such limit. When the
   * server is full, who comes takes the place of the session that has waited for longest of all. Default 256.
   */
  interruptedPerAddress?: number
  /** Milliseconds that a client has to say hello. Default 5,000. */
  handshakeTimeout?: number
  /** Milliseconds that a client may take to load a scene. Default 60,000. */
  sceneTimeout?: number
  /** The most clients at once, those that are being authenticated included. Default 1,024. */
  maxConnections?: number
  /**
   * The most bytes per second that one client is sent, from 1,000 to 1,000,000,000; `setMaxBytesPerSecond` changes it for
   * one. Calls, messages and changes of structure leave in any case; values take what is left: those of entities that
   * matter more (`setPriority`), are nearer (under a policy of interest that knows distances), or have waited longer go
   * first, and what waits leaves with its newest value. Default 4 MiB, which most games never reach.
   */
  maxBytesPerSecond?: number
  /**
   * The most bytes of spawns that one client is sent in one tick, at least 256: a client that joins gets the world in
   * several ticks, its own entities first, then the nearest and most important, while everything else goes on. An entity
   * that is larger comes alone in its tick; an entity that a reliable call is about comes at once. Fewer leave when
   * `maxBytesPerSecond` or the line bears less. Default 32 KiB.
   */
  spawnBytesPerTick?: number
  /**
   * The most that one client may send. What is over the packets or bytes is not read: it is lost on the unreliable channel,
   * and ends the connection on the reliable one, with the reason `flood`. Calls over theirs are dropped, and weigh on
   * the error budget. The defaults are many times what a game sends.
   */
  inbound?: InboundLimits
  /**
   * How much of what no honest client sends ends its connection, with the reason `malformed` and a text that names the kind.
   * What races can cause costs nothing.
   */
  errorBudget?: ErrorBudget
  /**
   * Decides whether a client may come in; called within the tick, for each client whose hello was accepted. With
   * `'by-messages'` the game's systems decide, with `accept` and `deny`, by messages with `beforeAuthentication`. A host's
   * own client is not asked about. Default: everybody comes in.
   */
  authenticate?: Authenticator | 'by-messages'
  /**
   * The name of the property of the user data that tells users apart, as `'id'`, or `'sub'` of a JSON Web Token: a text of
   * at most 256 characters, or a number. Who has none is nobody's duplicate, and is banned by address alone. Default:
   * users are not told apart.
   */
  userKey?: string
  /**
   * What happens when a user comes who is here already, as `userKey` tells. `'allow'`: both play. `'refuse-new'`: who comes
   * is refused, with the code `duplicate-user`; but a session that waits for its line gives way, so that whoever lost
   * the program can come back. `'close-old'`: who is here leaves, with the same code; its `Connected` is removed
   * before the new one's is added, and the new session is another: what `graceMs` keeps may be given to it. A host's own
   * client is nobody's duplicate. Default `allow`.
   */
  duplicateUsers?: DuplicateUsers
  /**
   * What a call or message that no client may send does: `'count'`: it is counted and weighs on the client's error budget.
   * `'close'`: the first closes the connection, with the reason `unknown-call`. Default `count`.
   */
  unknownCalls?: 'count' | 'close'
  /** Milliseconds that deciding may take, until the client is refused. Default 5,000. */
  authenticationTimeout?: number
}

export const DEFAULT_MAX_CONNECTIONS = 1024
const DEFAULT_TIMEOUT_MS = 3000
const DEFAULT_RESUME_MS = 10_000
const DEFAULT_LIMIT_MS = 5000
/** As many as an address may have clients: their router restarts. */
const DEFAULT_INTERRUPTED_PER_ADDRESS = 256

type SessionLimit =
  | 'timeout'
  | 'resumeTime'
  | 'interruptedPerAddress'
  | 'handshakeTimeout'
  | 'authenticationTimeout'
  | 'maxConnections'
type UserOption = 'userKey' | 'duplicateUsers'

/** The limits of sessions, with what was left out. */
export function sessionLimits(
  options: ServeOptions,
): Required<Pick<ServeOptions, SessionLimit>> & Pick<ServeOptions, UserOption> & { readonly rules: ConductRules } {
  return {
    timeout: options.timeout ?? DEFAULT_TIMEOUT_MS,
    resumeTime: options.resumeTime ?? DEFAULT_RESUME_MS,
    interruptedPerAddress: options.interruptedPerAddress ?? DEFAULT_INTERRUPTED_PER_ADDRESS,
    handshakeTimeout: options.handshakeTimeout ?? DEFAULT_LIMIT_MS,
    authenticationTimeout: options.authenticationTimeout ?? DEFAULT_LIMIT_MS,
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
    userKey: options.userKey,
    duplicateUsers: options.duplicateUsers,
    rules: new ConductRules(options.inbound, options.errorBudget),
  }
}

/** @throws UsageError when the options that tell users and addresses apart cannot work. */
export function checkUsers({ userKey, duplicateUsers, interruptedPerAddress, authenticate }: ServeOptions): void {
  checkInteger('interruptedPerAddress', interruptedPerAddress, 1)
  if (userKey !== undefined && (typeof userKey !== 'string' || userKey === '')) {
    throw badOption('userKey', 'the name of a property of the user data', userKey)
  }
  if (userKey !== undefined && authenticate === undefined) {
    throw new UsageError('bad-option', 'userKey needs authenticate, which says who a user is')
  }
  checkOneOf('duplicateUsers', duplicateUsers, ['allow', 'refuse-new', 'close-old'])
  if (userKey !== undefined || duplicateUsers === undefined || duplicateUsers === 'allow') return
  const text = `duplicateUsers: '${duplicateUsers}' needs userKey, which tells users apart`
  throw new UsageError('bad-option', text)
}
