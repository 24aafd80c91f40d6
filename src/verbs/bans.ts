// The verbs of bans, on the server: who may not come in any more, by user and by address.
import type { BanEntry, BanList } from '../connection/server/ban-list.js'
import type { Session } from '../connection/session.js'
import { isUserKey, MAX_USER_KEY } from '../connection/server/user-sessions.js'
import { UsageError } from '../protocol/errors.js'
import { networkOfAddress, normalizeAddress } from '../transport/addresses.js'
import { badOption, checkNumber, checkOneOf } from '../world/check-options.js'
import { isLocal, sessionOf } from '../world/server/connections.js'
import type { ServerState } from '../world/server/server-state.js'
import { serverRole, type ServerWorld } from '../world/state.js'

/** Whom a ban is about: a user, by the key that `userKey` names, or an address. Of an IPv6 address the first 64 bits count. */
export type BanTarget =
  | { readonly user: string | number; readonly address?: undefined }
  | { readonly address: string; readonly user?: undefined }

/** How long a ban holds, and why. */
export interface BanOptions {
  /** Seconds from now, above 0. Default: for ever. */
  readonly seconds?: number
  /** When it is over, in milliseconds since 1970, as `Date.now()` gives them; instead of `seconds`. */
  readonly until?: number
  /** Why, for the player, at most 512 bytes. Default: `banned`. */
  readonly text?: string
  /** Of a connection, what is banned. Default: its user; its address where no `userKey` tells who that is. */
  readonly by?: 'user' | 'address'
}

/** A ban, as plain data: it may be kept as JSON, and given to `ban` again, as both of its arguments. */
export type Ban = BanTarget & {
  /** When it is over, in milliseconds since 1970; left out when never. */
  readonly until?: number
  readonly text: string
}

/**
 * Ends what a client plays, and keeps it out. `who` is a connection, one that has just ended included, or `{ user }` or
 * `{ address }`. Everybody it is about leaves at once, with the code `banned` and the text, and is refused with both when
 * they come again: an address by the signalling, before a connection is made; a user when the authenticator has said who it is.
 *
 * An address may be many people's: those behind one router, and all behind a proxy that `trustProxy` does not list. It
 * is a user's for an hour or a day; ban it for no longer.
 *
 * A world keeps its bans while it is closed, up to 10,000; of more, the one that would end first gives way, and
 * `NetworkErrors` has `ban-dropped`. To keep them for longer, save what `bans` gives, and for each `ban(world, one, one)`.
 *
 * @throws UsageError when `who` is no connection and no target, or a connection of which neither is known (such as a host's
 * own client), or an option is out of range.
 */
export function ban(world: ServerWorld, who: number | BanTarget, options: BanOptions = {}): void {
  const role = serverRole(world)
  const { seconds, until, text = 'banned', by } = options
  checkNumber('seconds', seconds, Number.MIN_VALUE, Number.MAX_VALUE)
  checkNumber('until', until, 0, Number.MAX_VALUE, 'milliseconds since 1970')
  checkOneOf('by', by, ['user', 'address'])
  if (typeof text !== 'string') throw badOption('text', 'a text', text)
  if (seconds !== undefined && until !== undefined) {
    throw new UsageError('bad-option', 'a ban holds for a number of seconds or until a time: leave one out')
  }
  const target = typeof who === 'number' ? targetOf(role, who, by) : readTarget(who)
  const left = seconds !== undefined ? seconds * 1000 : until !== undefined ? until - Date.now() : Infinity
  const dropped = role.bans.add({ ...target, endsAt: role.options.now() + left, text })
  if (dropped !== undefined) {
    const name = dropped.user || dropped.network
    role.errors.push('ban-dropped', `there are too many bans: that of ${name}, which would end first, gave way`)
  }
  sendAway(role)
}

/** Ends a ban. Returns whether there was one. */
export function unban(world: ServerWorld, target: BanTarget): boolean {
  const { user, network } = readTarget(target)
  return serverRole(world).bans.remove(user, network)
}

/** The bans that hold, as plain data: users first, each the oldest first. */
export function bans(world: ServerWorld): Ban[] {
  const role = serverRole(world)
  const offset = Date.now() - role.options.now()
  return role.bans.list().map((entry) => describe(entry, offset))
}

/** Why nobody at an address, in the form of `normalizeAddress`, may connect. Touches nothing of the world. */
export function refusalOf(list: BanList, address: string): { code: string; text: string } | undefined {
  const text = list.textFor({ userKey: '', network: networkOfAddress(address) })
  return text === undefined ? undefined : { code: 'banned', text }
}

function describe({ user, network, endsAt, text }: BanEntry, offset: number): Ban {
  const until = endsAt === Infinity ? undefined : { until: Math.round(endsAt + offset) }
  if (user !== '') return { user, ...until, text }
  return { address: network, ...until, text }
}

/** Ends the sessions of all who are banned. */
function sendAway(role: ServerState): void {
  for (const peer of role.peers) {
    if (role.bans.textFor(peer.session) === undefined || isLocal(role, peer)) continue
    role.inbound.dropFrom(peer.session.entity)
  }
  role.sessions?.endBanned()
}

function targetOf(role: ServerState, connection: number, by: BanOptions['by']): { user: string; network: string } {
  const { userKey, network } = requireSession(role, connection)
  const byUser = by === 'user' || (by === undefined && userKey !== '')
  if (byUser && userKey !== '') return { user: userKey, network: '' }
  if (!byUser && network !== '') return { user: '', network }
  const missing = byUser ? 'a user key: see userKey of listen' : 'an address'
  throw new UsageError('unknown-identity', `connection ${connection} does not have ${missing}; kick it`)
}

function requireSession(role: ServerState, connection: number): Session {
  const session = sessionOf(role, connection)
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
