// Defines the components of connections: one entity for each client on the server, one for the server on a client.

declare const $tag: unique symbol

/** A component without data. The brand exists only in the type and makes each tag distinct. */
export interface Tag<Name extends string> {
  readonly [$tag]: Name
}

/** A connection. Do not add it yourself: the library makes these entities. */
export const Connection = {
  /** The connection's number on its server; not reused while the server runs. */
  id: [] as number[],
  /** Smoothed round-trip time in milliseconds; 0 before it is known. */
  roundTrip: [] as number[],
  /**
   * How much of a scene is loaded, from 0 to 1; see `Loading`. On the server it is the client's report, updated at most
   * ten times a second.
   */
  progress: [] as number[],
  /**
   * On a client: how much of the world that it was to observe when it became ready has arrived, from 0 to 1. See
   * `Joined`. It starts again from 0 when the client becomes ready again.
   */
  joinProgress: [] as number[],
  /** The player of this connection in this world, or 0. Set it with `setPlayer`. */
  player: [] as number[],
  /** On a server: the user data that its authenticator returned. Read it with `userOf`. */
  user: [] as unknown[],
  /** Why the connection ended; undefined while it lasts. Set before `Connected` is removed. */
  reason: [] as (
    | undefined
    | { readonly code: string; readonly text: string; readonly by: 'local' | 'remote' | 'network' }
  )[],
}

/**
 * Tag, on a server whose protocol lists messages with `beforeAuthentication`: the client is being authenticated.
 * Removed before `Connected` is added, or when the client is refused or leaves.
 */
export const Authenticating = {} as Tag<'Authenticating'>

/** Tag: the session is open. Added after the client was authenticated, removed when the session ends. */
export const Connected = {} as Tag<'Connected'>

/**
 * Tag, on both sides: no packets were received for the timeout, or the link broke, and the session waits to resume.
 * `Connected` stays meanwhile, state is not updated, and reliable calls are kept until they can be sent. Removed when
 * the session resumes, or with the other tags when it ends.
 */
export const Interrupted = {} as Tag<'Interrupted'>

/**
 * Tag, on both sides: the peer's network answers, but its game has not ticked for `stalledAfter` milliseconds. Its tab
 * is in the background, or its loop has stopped or not started. The session continues, and nothing is lost: a hidden
 * tab even keeps up with the world. Never together with `Interrupted`, nor, on a server, with `Loading`. Removed when
 * the game ticks again. On a server it relies on what the client's program reports.
 */
export const Stalled = {} as Tag<'Stalled'>

/** Tag: the client receives the world and may send commands. */
export const Ready = {} as Tag<'Ready'>

/**
 * Tag, on a client: everything that it was to observe when it became ready has arrived. Until then
 * `Connection.joinProgress` shows the progress. Removed before `Ready` is.
 */
export const Joined = {} as Tag<'Joined'>

/**
 * Tag: a scene is being loaded. On a server's connection entity by that client, in a client's world by itself, on the
 * network entity of a server's world by the server. Added after `Ready` was removed, removed before it is added.
 */
export const Loading = {} as Tag<'Loading'>

/**
 * On a client's connection, and on the network entity of a server's world: the server is about to close. It admits no
 * new clients, but serves the connected ones. See `retire`.
 */
export const Draining = {
  /**
   * When it closes at the latest, in milliseconds of the world's clock: `performance.now()`, unless the world has its
   * own.
   */
  endsAt: [] as number[],
  /** Why, as a human-readable text. */
  text: [] as string[],
}

/** Tag, in a host's world: on the connection entity of its own client. It stays there between sessions. */
export const LocalConnection = {} as Tag<'LocalConnection'>

/**
 * Tag: on the network entity of a server's world while it listens, or, in a host's world, while its own client plays.
 */
export const Listening = {} as Tag<'Listening'>
