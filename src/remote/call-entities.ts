// Maps the entities that calls are on and name to entities of the receiving world.
import type { EntityMapper } from '../protocol/entity-mapper.js'

/** Maps the entities of calls. The table of a host's own client also knows entities that have just ended. */
export interface CallEntities extends EntityMapper {
  /** For a net id whose entity has ended: the entity to deliver a call on it with, or -1 when it is too late. */
  formerOf?(netId: number): number
  /** The entity with a net id, if it has been spawned; else 0. Absent where `entityOf` knows no others. */
  spawnedOf?(netId: number): number
}

/** The entity to deliver a call on `netId` with, or -1 when there is none. */
export function calledEntity(entities: CallEntities, netId: number): number {
  const entity = entities.spawnedOf === undefined ? entities.entityOf(netId) : entities.spawnedOf(netId)
  if (entity !== 0) return entity
  return entities.formerOf === undefined ? -1 : entities.formerOf(netId)
}
