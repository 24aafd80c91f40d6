// Bans users and addresses from a server.
import type { BanEntry, BanList } from '../connection/server/ban-list.js'
import type { Session } from '../connection/session.js'
import { isUserKey, MAX_USER_KEY } from '../connection/server/user-sessions.js'
import { UsageError } from '../protocol/errors.js'
import { networkOfAddress, normalizeAddress } from '../transport/addresses.js'
import { badOption, checkNumber, checkOneOf } from '../protocol/check-options.js'
import { isLocal, sessionOf } from '../world/server/connections.js'
import type { ServerState } from '../world/server/server-state.js'
import { serverState, type ServerWorld } from '../world/state.js'

/**
 * The target of a ban: a user, by the key that `userKey` names, or an address. Of an IPv6 address the first 64 bits
 * count.
 */
export type BanTarget =
  | { readonly user: string | number; readonly address?: undefined }
  | { readonly address: string; readonly user?: undefined }

/** How long a ban holds, and why. */
export interface BanOptions {
  /** Seconds from now, above 0. Default: indefinitely. */
  readonly seconds?: number
  /** When it ends, in milliseconds since 1970, as `Date.now()` returns them; instead of `seconds`. */
  readonly until?: number
  /** Why, for the player, at most 512 bytes. Default: `banned`. */
  readonly text?: string
  /**
   * What to ban when `who` is a connection. Default: its user, or its address when no `userKey` identifies the user.
   */
  readonly by?: 'user' | 'address'
}

/** A ban as plain data. It can be stored as JSON, and passed to `ban` again, as both of its arguments. */
export type Ban = BanTarget & {
  /** When it ends, in milliseconds since 1970; left out when never. */
  readonly until?: number
  readonly text: string
}

/**
 * Disconnects clients and refuses them later. `who` is a connection, possibly one that has just ended, or `{ user }` or
 * `{ address }`. Every matching client is disconnected at once, with the code `banned` and the text, and is refused
 * with both when it reconnects. The signalling refuses an address before a connection is made. A user is refused once
 * the authenticator has returned the user data.
 *
 * Many people may share an address: those behind one router, and all behind a proxy that `trustProxy` does not list. A
 * user keeps an address for an hour or a day, so do not ban it for longer.
 *
 * A world keeps up to 10,000 bans, also while it is closed. Beyond that, the ban that would end first is dropped, and
 * `NetworkErrors` has `ban-dropped`. To keep bans for longer, save the result of `bans` and call `ban(world, one, one)`
 * for each.
 *
 * @throws UsageError when an option is out of range, or `who` is neither a connection nor a target. Also when it is a
 * connection with neither user nor address, such as a host's own client.
 */
export function ban(world: ServerWorld, who: number | BanTarget, options: BanOptions = {}): void {
  const server = serverState(world)
  const { seconds, until, text = 'banned', by } = options
  checkNumber('seconds', seconds, Number.MIN_VALUE, Number.MAX_VALUE)
  checkNumber('until', until, 0, Number.MAX_VALUE, 'milliseconds since 1970')
  checkOneOf('by', by, ['user', 'address'])
  if (typeof text !== 'string') throw badOption('text', 'a text', text)
  if (seconds !== undefined && until !== undefined) {
    throw new UsageError('bad-option', 'a ban holds for a number of seconds or until a time: leave one out')
  }
  const target = typeof who === 'number' ? banTargetOf(server, who, by) : readTarget(who)
  const left = seconds !== undefined ? seconds * 1000 : until !== undefined ? until - Date.now() : Infinity
  const dropped = server.bans.add({ ...target, endsAt: server.options.now() + left, text })
  if (dropped !== undefined) {
    const name = dropped.user || dropped.network
    server.errors.push('ban-dropped', `there are too many bans: that of ${name}, which would end first, gave way`)
  }
  sendAway(server)
}

/** Ends a ban. Returns whether there was one. */
export function unban(world: ServerWorld, target: BanTarget): boolean {
  const { user, network } = readTarget(target)
  return serverState(world).bans.remove(user, network)
}

/** The bans in force, as plain data: users first, then addresses, each from the oldest to the newest. */
export function bans(world: ServerWorld): Ban[] {
  const server = serverState(world)
  const offset = Date.now() - server.options.now()
  return server.bans.list().map((entry) => describe(entry, offset))
}

/**
 * The reason why no client at an address, in the form of `normalizeAddress`, may connect. Does not change the world.
 */
export function banRefusal(list: BanList, address: string): { code: string; text: string } | undefined {
  const text = list.textFor({ userKey: '', network: networkOfAddress(address) })
  return text === undefined ? undefined : { code: 'banned', text }
}

function describe({ user, network, endsAt, text }: BanEntry, offset: number): Ban {
  const until = endsAt === Infinity ? undefined : { until: Math.round(endsAt + offset) }
  if (user !== '') return { user, ...until, text }
  return { address: network, ...until, text }
}

/** Ends the sessions of all banned clients. */
function sendAway(server: ServerState): void {
  for (const peer of server.peers) {
    if (server.bans.textFor(peer.session) === undefined || isLocal(server, peer)) continue
    server.inbound.dropFrom(peer.session.entity)
  }
  server.sessions?.endBanned()
}

function banTargetOf(server: ServerState, connection: number, by: BanOptions['by']): { user: string; network: string } {
  const { userKey, network } = requireSession(server, connection)
  const byUser = by === 'user' || (by === undefined && userKey !== '')
  if (byUser && userKey !== '') return { user: userKey, network: '' }
  if (!byUser && network !== '') return { user: '', network }
  const missing = byUser ? 'a user key: see userKey of listen' : 'an address'
  throw new UsageError('unknown-identity', `connection ${connection} does not have ${missing}; kick it`)
}

function requireSession(server: ServerState, connection: number): Session {
  const session = sessionOf(server, connection)
  if (session !== undefined) return session
  throw new UsageError('not-a-connection', `entity ${connection} is not a connection`)
}

function readTarget(target: BanTarget): { user: string; network: string } {
  const { user, address } = (target ?? {}) as { user?: unknown; address?: unknown }
  if (user !== undefined && address === undefined) {
    if (isUserKey(user)) return { user: String(user), network: '' }
    throw badOption('user', `a text of 1 to ${MAX_USER_KEY} characters, or a number`, user)
  }
  const normal = typeof address === 'string' && user === undefined ? normalizeAddress(address) : ''
  if (normal === '')
    throw badOption('who', 'a connection, { user }, or { address } with an IP address', address ?? target)
  return { user: '', network: networkOfAddress(normal) }
}
