// Defines the components of networked entities: their identity, their owner, and the tag of the player.

import type { Tag } from './connection.js'

/**
 * An entity that exists on both sides. On the server, adding it spawns the entity for its observers and removing it
 * despawns it. On a client only the library adds and removes it.
 */
export const Networked = {
  /** The id by which both sides know the entity; see `netIdOf` and `entityOf`. */
  netId: [] as number[],
  /** The connection entity that owns it, or 0. Set it with `setOwner`. A client only knows its own connection. */
  owner: [] as number[],
  /**
   * Why the entity ended, on a client; '' while it lives. Set before `Networked` is removed.
   *
   * - `hidden`: it lives on, but this client no longer observes it.
   * - `replaced`: it lives on as another entity with the same spawn key.
   * - `disconnected`: the connection ended.
   */
  reason: [] as ('' | 'destroyed' | 'hidden' | 'replaced' | 'disconnected')[],
}

/**
 * Tag: the entity has an owner (in the world of a server or host), or this client is its owner (in a client's world).
 * In any world, ask `hasAuthority` whether this client is the owner.
 */
export const Owned = {} as Tag<'Owned'>

/** Tag, on a client: the entity that is this client's player. */
export const LocalPlayer = {} as Tag<'LocalPlayer'>
