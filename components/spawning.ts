// Where an entity comes from: a prefab or key that its spawn names, and a client's own entity that waits for its spawn.

import type { Tag } from './connection.js'

/**
 * Tag: the entity has a prefab (server) or a spawn key (either side). The library adds it; taking it away makes the
 * library forget both, on the server once the entity is not networked.
 */
export const SpawnOrigin = {} as Tag<'SpawnOrigin'>

/**
 * Tag, on a client: the entity was made ahead of the server's and waits to become it, see `setSpawnKey`. The library takes
 * it away when the spawn has come; taken away before, the entity is the client's own and waits no longer.
 */
export const Predicted = {} as Tag<'Predicted'>
