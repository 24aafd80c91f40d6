// A saved world as plain data, by names: what a migration sees, and what lies between bytes and a world.

/**
 * A component of a saved world. Entities are **places**: the first of the save is 1, and 0 is none.
 *
 * A field of numbers has a number for each entity (of `bool` 0 or 1, of `entity` a place), a list or set an array of its
 * values, and a map an array of its entries, `[key, value]`.
 */
export interface SavedComponent {
  /** Which entities have it, each once. */
  entities: number[]
  /** By name: one value for each of `entities`, in their order. */
  readonly fields: Map<string, unknown[]>
}

/** A pair of a relation, both entities by their places. */
export interface SavedPair {
  subject: number
  target: number
}

/** Where an entity of a saved world comes from, for those with a prefab or a spawn key. */
export interface SavedOrigin {
  /** Its place. */
  readonly entity: number
  /** The name of its prefab, or ''. */
  prefab: string
  /** The prefab's payload; of `entity` a place. */
  payload: Record<string, unknown>
  /** Its spawn key, or ''. */
  key: string
}

/** Whose an entity of a saved world was. */
export interface SavedOwner {
  /** Its place. */
  readonly entity: number
  /** What `ownerKey` said of the connection. */
  owner: string
  /** Whether it stood for that connection. */
  isPlayer: boolean
}

/** A saved world as plain data, which a migration may change as it likes: see `LoadOptions.migrate`. */
export interface SavedWorld {
  /** The game's own number of the save, as `saveWorld` was told. */
  readonly version: number
  /** The description of the protocol that it was saved with, one line for each thing. */
  readonly description: string
  /** How many entities there are; places go from 1 to it. */
  readonly entityCount: number
  readonly components: Map<string, SavedComponent>
  readonly relations: Map<string, SavedPair[]>
  readonly origins: SavedOrigin[]
  readonly owners: SavedOwner[]
  /**
   * Fields whose values cannot be read, as in `Bag.items`, and prefabs whose payloads cannot: their types are made with
   * `custom`, and the game's protocol no longer has those. Their values, or payloads, are empty. A migration sets others or
   * deletes the field, else the save is refused.
   */
  readonly unreadable: readonly string[]
}
