// Networked entities: what exists on both sides, whose it is, and which one is the player.

import type { Tag } from './connection.js'

/**
 * An entity that exists on both sides. On the server, adding it spawns the entity for its observers and removing it
 * despawns it. On a client the library adds and removes it.
 */
export const Networked = {
  /** The name that both sides know the entity by; see `netIdOf` and `entityOf`. */
  netId: [] as number[],
  /** The connection entity that owns it, or 0. Set it with `setOwner`. On a client only its own connection is known. */
  owner: [] as number[],
  /**
   * Why the entity ended, on a client; '' while it lasts. `hidden`: it lives on, out of this client's sight.
   * `replaced`: it lives on in another entity, one with the same spawn key. `disconnected`: the connection ended. Set before
   * `Networked` is removed.
   */
  reason: [] as ('' | 'destroyed' | 'hidden' | 'replaced' | 'disconnected')[],
}

/**
 * Tag: the entity has an owner (the world of a server or host), or this client is its owner (a client's world). Ask
 * `hasAuthority` whether this client is the owner, in any world.
 */
export const Owned = {} as Tag<'Owned'>

/** Tag, on a client: the entity that stands for this client. */
export const LocalPlayer = {} as Tag<'LocalPlayer'>
