// Resolves the targets of the server's calls and messages, and the connections to leave out.
import { hasComponent, type World } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { UsageError } from '../protocol/errors.js'
import type { OutgoingCalls } from '../remote/outgoing-calls.js'
import type { ServerState } from './server/server-state.js'

/** A group of connections as a target, made by `group`. */
export interface GroupTarget {
  readonly group: string
}

/** One connection entity, or several. */
export type Connections = number | Iterable<number>

/** The receivers of a client RPC, among those that observe the entity: a connection, several, or a group. */
export type RpcTarget = Connections | GroupTarget

/** The receivers of a message: every open connection, every ready one, one, several, or a group. */
export type MessageTarget = 'all' | 'ready' | RpcTarget

/** @throws UsageError when the entity is no connection. */
export function requireConnection(world: World, connection: number): void {
  if (!hasComponent(world, connection, Connection)) {
    throw new UsageError('not-a-connection', `entity ${connection} is not a connection`)
  }
}

/** Whether a connection may only receive messages with `beforeAuthentication`. */
export function isAuthenticating(server: ServerState, connection: number): boolean {
  return server.authenticating.get(connection)?.session.state === 'authenticating'
}

/** @throws UsageError when the connection may only receive messages with `beforeAuthentication`. */
export function requireAuthenticated(server: ServerState, id: number, connection: number): void {
  if (!isAuthenticating(server, connection)) return
  const name = server.protocol.definitionNames[id]
  const text =
    `${name}: connection ${connection} is still being authenticated; ` +
    'only messages with beforeAuthentication go to it'
  throw new UsageError('not-authenticated', text)
}

/**
 * Checks that a connection may receive a call. Most connections are open, which takes one lookup.
 *
 * @throws UsageError when the entity is no connection, or may only receive messages with `beforeAuthentication`.
 */
export function requireReceiver(server: ServerState, id: number, connection: number): void {
  if (server.peerOfConnection.has(connection)) return
  requireConnection(server.world, connection)
  requireAuthenticated(server, id, connection)
}

/**
 * The connections of a target, to be filtered when the tick is sent. With `early`, connections that are being
 * authenticated are allowed too.
 *
 * @throws UsageError when it does not name connections.
 */
export function connectionsOf(
  server: ServerState,
  to: GroupTarget | Iterable<number>,
  early: boolean,
): ReadonlySet<number> {
  if (isGroup(to)) return server.groups.target(to.group)
  if (typeof to !== 'object' || to === null || !(Symbol.iterator in to)) {
    throw new UsageError('no-target', `to is a connection, a list of them, or a group, got '${String(to)}'`)
  }
  const list = new Set(to)
  // A list made earlier may name connections that have ended. They are counted, like a single receiver that is gone.
  for (const connection of list) {
    const isTooEarly = !early && isAuthenticating(server, connection)
    if (isTooEarly) list.delete(connection)
    if (isTooEarly || !hasComponent(server.world, connection, Connection)) server.counters.unsentCalls++
  }
  return list
}

export function isGroup(target: GroupTarget | Iterable<number>): target is GroupTarget {
  return typeof target === 'object' && target !== null && 'group' in target
}

/**
 * The one connection that is left out, or 0. {@link leaveOut} handles several.
 *
 * @throws UsageError when `except` does not name connections.
 */
export function excepted(except: Connections | undefined): number {
  if (except === undefined) return 0
  if (typeof except === 'number') return except
  if (typeof except === 'object' && except !== null && Symbol.iterator in except) return 0
  throw new UsageError('no-target', `except is a connection or a list of them, got '${String(except)}'`)
}

/** Leaves several connections out of the call just added. */
export function leaveOut(outgoing: OutgoingCalls, except: Connections | undefined): void {
  if (except !== undefined && typeof except !== 'number') outgoing.leaveOut(new Set(except))
}

/** Whether a connection is left out. */
export function isExcepted(connection: number, except: Connections | undefined): boolean {
  if (except === undefined || typeof except === 'number') return connection === except
  for (const one of except) if (one === connection) return true
  return false
}
