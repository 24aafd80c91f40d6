// Puts connections into named groups, as receivers of messages and RPCs.
import { UsageError } from '../protocol/errors.js'
import { serverState, type ServerWorld } from '../world/state.js'
import { type GroupTarget, isAuthenticating, requireConnection } from '../world/targets.js'

/** The longest name of a group or a room, in characters. */
export const MAX_NAME_LENGTH = 64

/**
 * The target that stands for a group: `sendMessage(world, Chat, { text }, { to: group('red') })`. Its members at the
 * time the tick is sent receive the message; an empty group is no error. Keep the target if you send to it often.
 *
 * @throws UsageError when the name is not a text of 1 to 64 characters.
 */
export function group(name: string): GroupTarget {
  requireName(name)
  return { group: name }
}

/**
 * Puts a connection into a group: a team, a match, a chat room. Groups need not be created, and a connection may be in
 * many. It leaves them all automatically when its entity is removed, a tick after `Connected` was removed.
 *
 * @throws UsageError when the entity is no connection, or is still being authenticated, or the name is not a text of 1
 * to 64 characters.
 */
export function joinGroup(world: ServerWorld, connection: number, name: string): void {
  const server = serverState(world)
  requireName(name)
  requireConnection(world, connection)
  if (isAuthenticating(server, connection)) {
    const text = `connection ${connection} is still being authenticated: put it into a group once it has Connected`
    throw new UsageError('not-authenticated', text)
  }
  // A connection that has just ended exists for the systems of one more tick, and joins nothing.
  if (server.peerOfConnection.has(connection)) server.groups.join(connection, name)
}

/**
 * Takes a connection out of a group. Does nothing if it is not a member.
 *
 * @throws UsageError when the name is not a text of 1 to 64 characters.
 */
export function leaveGroup(world: ServerWorld, connection: number, name: string): void {
  requireName(name)
  serverState(world).groups.leave(connection, name)
}

/** The names of the groups of a connection, in the order in which it joined them. */
export function groupsOf(world: ServerWorld, connection: number): string[] {
  return [...serverState(world).groups.groupsOf(connection)]
}

/** The connection entities in a group, in the order in which they joined; empty when there is no such group. */
export function membersOf(world: ServerWorld, name: string): number[] {
  return [...serverState(world).groups.membersOf(name)]
}

function requireName(name: string): void {
  if (typeof name === 'string' && name.length >= 1 && name.length <= MAX_NAME_LENGTH) return
  const got = typeof name === 'string' ? `a text of ${name.length}` : String(name)
  throw new UsageError('bad-group', `the name of a group is a text of 1 to ${MAX_NAME_LENGTH} characters, got ${got}`)
}
