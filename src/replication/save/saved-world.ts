// Defines a saved world as plain data, by names: a migration changes it, and it links the bytes and the world.

/**
 * A component of a saved world. Entities are **places**: the first of the save is 1, and 0 is no entity.
 *
 * A field of numbers has a number for each entity (0 or 1 for `bool`, a place for `entity`). A list or set has an array
 * of its values, and a map has an array of its entries, `[key, value]`.
 */
export interface SavedComponent {
  /** The entities that have it, each once. */
  entities: number[]
  /** By name: one value for each of `entities`, in their order. */
  readonly fields: Map<string, unknown[]>
}

/** A pair of a relation, both entities by their places. */
export interface SavedPair {
  subject: number
  target: number
}

/** The origin of an entity with a prefab or a spawn key. */
export interface SavedOrigin {
  /** Its place. */
  readonly entity: number
  /** The name of its prefab, or ''. */
  prefab: string
  /** The prefab's payload, with entities as places. */
  payload: Record<string, unknown>
  /** Its spawn key, or ''. */
  key: string
}

/** The owner of an entity of a saved world. */
export interface SavedOwner {
  /** Its place. */
  readonly entity: number
  /** What `ownerKey` returned for the connection. */
  owner: string
  /** It was the player of that connection. */
  isPlayer: boolean
}

/** A saved world as plain data, which a migration may change in any way: see `LoadOptions.migrate`. */
export interface SavedWorld {
  /** The game's own number of the save, as passed to `saveWorld`. */
  readonly version: number
  /** The description of the protocol that it was saved with, one definition per line. */
  readonly description: string
  /** How many entities there are; places run from 1 to this number. */
  readonly entityCount: number
  readonly components: Map<string, SavedComponent>
  readonly relations: Map<string, SavedPair[]>
  readonly origins: SavedOrigin[]
  readonly owners: SavedOwner[]
  /**
   * Fields (named as in `Bag.items`) whose values cannot be read, and prefabs whose payloads cannot be read. Their
   * types are made with `custom`, and the game's protocol no longer has them. Their values or payloads are empty. A
   * migration must set others or delete the field; otherwise the save is refused.
   */
  readonly unreadable: readonly string[]
}
