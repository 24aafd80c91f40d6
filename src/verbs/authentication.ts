// Admits and refuses clients on the server, and returns their user data.
import { hasComponent } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { AuthenticationError, UsageError } from '../protocol/errors.js'
import type { ServerPeer } from '../world/server/server-peer.js'
import type { ServerState } from '../world/server/server-state.js'
import { serverState, type ServerWorld } from '../world/state.js'

/**
 * Admits a client that is being authenticated: in the next tick its connection loses `Authenticating` and gets
 * `Connected`, with `user` as its user data.
 *
 * @throws UsageError when `connection` is not, or no longer, being authenticated.
 */
export function accept(world: ServerWorld, connection: number, user?: object): void {
  const server = serverState(world)
  const { session } = requireAuthenticating(server, connection)
  server.sessions?.admit(session, user)
}

/**
 * Refuses a client, with a reason that it can show. In an authenticator, return or throw the result. With a world and a
 * connection that is being authenticated, it refuses at once; messages sent to the client before are still sent first.
 *
 * @param code What the client finds in `ConnectionError.code`; default `authentication-failed`. At most 64 bytes.
 * @throws UsageError when `connection` is not, or no longer, being authenticated.
 */
export function deny(text: string, code?: string): AuthenticationError
export function deny(world: ServerWorld, connection: number, text: string, code?: string): void
export function deny(
  ...args: [text: string, code?: string] | [world: ServerWorld, connection: number, text: string, code?: string]
): AuthenticationError | void {
  if (typeof args[0] === 'string') return new AuthenticationError(args[0], args[1] as string | undefined)
  const [world, connection, text, code = 'authentication-failed'] = args as [ServerWorld, number, string, string?]
  const server = serverState(world)
  const peer = requireAuthenticating(server, connection)
  server.sessions?.refuse(peer.session, code, text)
}

/**
 * The user data of a client: the object that the authenticator returned, or that `accept` was given. It is available
 * from the time `Connected` is added, while `Connected` is removed, and until the connection entity is removed.
 *
 * @throws UsageError when `connection` is not a connection.
 */
export function userOf<T extends object = object>(world: ServerWorld, connection: number): T | undefined {
  serverState(world)
  if (!hasComponent(world, connection, Connection)) {
    throw new UsageError('not-a-connection', `entity ${connection} is not a connection`)
  }
  return Connection.user[connection] as T | undefined
}

function requireAuthenticating(server: ServerState, connection: number): ServerPeer {
  const peer = server.authenticating.get(connection)
  if (peer?.session.state !== 'authenticating') {
    throw new UsageError(
      'not-authenticating',
      `entity ${connection} is not a connection that is being authenticated, or not any more`,
    )
  }
  return peer
}
