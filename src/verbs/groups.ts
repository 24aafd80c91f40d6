// The verbs of groups: connections join and leave them by name, and messages and RPCs go to who is in one.
import { UsageError } from '../protocol/errors.js'
import { serverRole, type ServerWorld } from '../world/state.js'
import { type GroupTarget, isAuthenticating, requireConnection } from '../world/targets.js'

/** The longest name of a group or a room, in characters. */
export const MAX_NAME_LENGTH = 64

/**
 * The target that stands for a group: `sendMessage(world, Chat, { text }, { to: group('red') })`. It goes to who is in the
 * group when the tick is sent; nobody is no error. Keep the target where one is sent to often.
 *
 * @throws UsageError when the name is not a text of 1 to 64 characters.
 */
export function group(name: string): GroupTarget {
  requireName(name)
  return { group: name }
}

/**
 * Puts a connection into a group: a team, a match, a chat room. A group needs no making, and a connection may be in many.
 * It leaves them all by itself when it ends, with the entities it leaves behind: a tick after `Connected` was removed.
 *
 * @throws UsageError when the entity is no connection, or one that is still being authenticated, or the name not a text of 1 to 64 characters.
 */
export function joinGroup(world: ServerWorld, connection: number, name: string): void {
  const role = serverRole(world)
  requireName(name)
  requireConnection(world, connection)
  if (isAuthenticating(role, connection)) {
    const text = `connection ${connection} is still being authenticated: put it into a group once it has Connected`
    throw new UsageError('not-authenticated', text)
  }
  // One that has just ended is there for the systems of one more tick, and joins nothing.
  if (role.peerOfConnection.has(connection)) role.groups.join(connection, name)
}

/**
 * Takes a connection out of a group; it need not be in it.
 *
 * @throws UsageError when the name is not a text of 1 to 64 characters.
 */
export function leaveGroup(world: ServerWorld, connection: number, name: string): void {
  requireName(name)
  serverRole(world).groups.leave(connection, name)
}

/** The names of the groups that a connection is in, in the order in which it joined them. */
export function groupsOf(world: ServerWorld, connection: number): string[] {
  return [...serverRole(world).groups.groupsOf(connection)]
}

/** The connection entities in a group, in the order in which they joined; none when there is no such group. */
export function membersOf(world: ServerWorld, name: string): number[] {
  return [...serverRole(world).groups.membersOf(name)]
}

function requireName(name: string): void {
  if (typeof name === 'string' && name.length >= 1 && name.length <= MAX_NAME_LENGTH) return
  const got = typeof name === 'string' ? `a text of ${name.length}` : String(name)
  throw new UsageError('bad-group', `the name of a group is a text of 1 to ${MAX_NAME_LENGTH} characters, got ${got}`)
}
