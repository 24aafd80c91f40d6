// Converts entity ids of one world to names that both sides know, and back.

/** Maps between a world's entity ids and net ids; 0 stands for "none" on both sides. */
export interface EntityMapper {
  netIdOf(eid: number): number
  entityOf(netId: number): number
}

/** Also maps entities of which a client only knows the net id. */
export interface ReferenceMapper extends EntityMapper {
  /** The entity of a net id, if it has been spawned; otherwise 0. */
  spawnedOf(netId: number): number
}

/** Maps as another mapper does, and notes the net ids that are written. */
export class NotedNames implements EntityMapper {
  /** The net ids since this was last emptied, in the order of writing; without 0. */
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
