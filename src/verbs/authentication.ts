// The verbs of authentication, on the server: letting in and turning away, and what is known of who is in.
import { hasComponent } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { AuthenticationError, UsageError } from '../protocol/errors.js'
import type { ServerPeer } from '../world/server/server-peer.js'
import type { ServerState } from '../world/server/server-state.js'
import { serverRole, type ServerWorld } from '../world/state.js'

/**
 * Lets in a client that is being authenticated: its connection loses `Authenticating` and gets `Connected` in the next tick,
 * with `user` as its user data.
 *
 * @throws UsageError when `connection` is not being authenticated (any more).
 */
export function accept(world: ServerWorld, connection: number, user?: object): void {
  const role = serverRole(world)
  const { session } = requireAuthenticating(role, connection)
  role.sessions?.admit(session, user)
}

/**
 * Refuses a client, with a reason that it can show. In an authenticator: returned or thrown, it is the answer. With a world and
 * a connection that is being authenticated: at once, behind the messages it was sent before.
 *
 * @param code What the client finds in `ConnectionError.code`; default `authentication-failed`. At most 64 bytes.
 * @throws UsageError when `connection` is not being authenticated (any more).
 */
export function deny(text: string, code?: string): AuthenticationError
export function deny(world: ServerWorld, connection: number, text: string, code?: string): void
export function deny(
  ...args: [text: string, code?: string] | [world: ServerWorld, connection: number, text: string, code?: string]
): AuthenticationError | void {
  if (typeof args[0] === 'string') return new AuthenticationError(args[0], args[1] as string | undefined)
  const [world, connection, text, code = 'authentication-failed'] = args as [ServerWorld, number, string, string?]
  const role = serverRole(world)
  const peer = requireAuthenticating(role, connection)
  role.sessions?.refuse(peer.session, code, text)
}

/**
 * What the authenticator said of a client: the object that it returned, or that `accept` was given. It is there when `Connected`
 * is added, while it is removed, and until the connection entity goes.
 *
 * @throws UsageError when `connection` is not a connection.
 */
export function userOf<T extends object = object>(world: ServerWorld, connection: number): T | undefined {
  serverRole(world)
  if (!hasComponent(world, connection, Connection)) {
    throw new UsageError('not-a-connection', `entity ${connection} is not a connection`)
  }
  return Connection.user[connection] as T | undefined
}

function requireAuthenticating(role: ServerState, connection: number): ServerPeer {
  const peer = role.authenticating.get(connection)
  if (peer?.session.state !== 'authenticating') {
    throw new UsageError(
      'not-authenticating',
      `entity ${connection} is not a connection that is being authenticated, or not any more`,
    )
  }
  return peer
}
