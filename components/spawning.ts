// Defines the tags of an entity's origin: its spawn names a prefab or key, or a client made it and waits for the spawn.

import type { Tag } from './connection.js'

/**
 * Tag: the entity has a prefab (server) or a spawn key (either side). The library adds it. If the game removes it, the
 * library forgets both, on the server once the entity is not networked.
 */
export const SpawnOrigin = {} as Tag<'SpawnOrigin'>

/**
 * Tag, on a client: the client made the entity before the server's spawn arrived, see `setSpawnKey`. The library
 * removes it when the spawn arrives. If the game removes it before, the entity is the client's own and no longer waits.
 */
export const Predicted = {} as Tag<'Predicted'>
