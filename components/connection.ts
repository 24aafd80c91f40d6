// Connections: one entity for each client on the server, one for the server on a client.

declare const $tag: unique symbol

/** A component without data. The brand, which is a type alone, tells it from every other. */
export interface Tag<Name extends string> {
  readonly [$tag]: Name
}

/** A connection. Add nothing by hand: the library makes these entities. */
export const Connection = {
  /** The connection's number on its server; never used twice while the server runs. */
  id: [] as number[],
  /** Smoothed round-trip time in milliseconds; 0 before it is known. */
  roundTrip: [] as number[],
  /**
   * How far the loading of a scene is, from 0 to 1; see `Loading`. On the server as the client reports it, ten times a
   * second at most.
   */
  progress: [] as number[],
  /**
   * In a client's world: how much of what it was to see when it became ready has arrived, from 0 to 1. See `Joined`. It
   * begins anew when the client is ready again.
   */
  joinProgress: [] as number[],
  /** The entity that stands for this connection, in this world, or 0. Set it with `setPlayer`. */
  player: [] as number[],
  /** On a server: what its authenticator said of the client. Read it with `userOf`. */
  user: [] as unknown[],
  /** Why the connection ended; undefined while it lasts. Set before `Connected` is removed. */
  reason: [] as (
    | undefined
    | { readonly code: string; readonly text: string; readonly by: 'local' | 'remote' | 'network' }
  )[],
}

/**
 * Tag, on a server whose protocol lists messages with `beforeAuthentication`: the client is being authenticated. Removed
 * before `Connected` is added, or when the client is refused or leaves.
 */
export const Authenticating = {} as Tag<'Authenticating'>

/** Tag: the session is open. Added after the client was authenticated, removed when the session ends. */
export const Connected = {} as Tag<'Connected'>

/**
 * Tag, on both sides: nothing has been heard of the other side for a while, or the line broke, and the session waits for it
 * to come back. `Connected` stays meanwhile, state stands still, and reliable calls are kept until they can be sent. Removed when
 * the line is back, or with the rest when the session ends.
 */
export const Interrupted = {} as Tag<'Interrupted'>

/**
 * Tag, on both sides: the other side's network answers, and its game has not ticked for `stalledAfter` milliseconds: its tab
 * is in the background, its loop has stopped, or it has not begun. The session lasts, and nothing is lost: a hidden tab even keeps up
 * with the world. Never together with `Interrupted`, nor, on a server, with `Loading`. Removed when the game ticks again. On
 * a server it is what the client's program says of itself.
 */
export const Stalled = {} as Tag<'Stalled'>

/** Tag: the connection takes part: state and calls flow. */
export const Ready = {} as Tag<'Ready'>

/**
 * Tag, in a client's world: all that the client was to see when it became ready has arrived. `Connection.joinProgress` says
 * how far it is until then. Removed before `Ready` is.
 */
export const Joined = {} as Tag<'Joined'>

/**
 * Tag: the connection loads a scene. On the server the client's does; in a client's world its own; on the network entity
 * of a server's world the server does. Added after `Ready` was removed, removed before it is added.
 */
export const Loading = {} as Tag<'Loading'>

/**
 * On a client's connection, and on the network entity of a server's world: the server is about to close. It lets nobody in
 * any more, but goes on for those who are in. See `retire`.
 */
export const Draining = {
  /** When it closes at the latest, in milliseconds of the world's clock: `performance.now()`, unless the world has one of its own. */
  endsAt: [] as number[],
  /** Why, for people. */
  text: [] as string[],
}

/** Tag, in a host's world: on the connection entity of its own client. It stays there between two sessions. */
export const LocalConnection = {} as Tag<'LocalConnection'>

/** Tag: on the network entity of a server's world while it listens, or, in a host's world, while its own client plays. */
export const Listening = {} as Tag<'Listening'>
