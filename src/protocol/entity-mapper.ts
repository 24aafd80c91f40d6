// How a codec turns the entity ids of one world into names that both sides know, and back.

/** Maps between a world's entity ids and net ids; 0 stands for "none" on both sides. */
export interface EntityMapper {
  netIdOf(eid: number): number
  entityOf(netId: number): number
}

/** Maps entities that a client knows by name only, too. */
export interface ReferenceMapper extends EntityMapper {
  /** The entity that a net id names, if it has been spawned; else 0. */
  spawnedOf(netId: number): number
}

/** Maps as another mapper does, and notes the net ids of what is written. */
export class NotedNames implements EntityMapper {
  /** Since this was last emptied, in the order of writing; without 0. */
  readonly netIds: number[] = []

  constructor(private readonly entities: EntityMapper) {}

  netIdOf(eid: number): number {
    const netId = this.entities.netIdOf(eid)
    if (netId !== 0) this.netIds.push(netId)
    return netId
  }

  entityOf(netId: number): number {
    return this.entities.entityOf(netId)
  }
}
