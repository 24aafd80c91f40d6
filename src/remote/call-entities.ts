// The entities that calls are on and name, in the world that the calls arrive in.
import type { EntityMapper } from '../protocol/entity-mapper.js'

/** Maps the entities of calls. The table of a host's own client knows what has just gone, too. */
export interface CallEntities extends EntityMapper {
  /** For a net id that names nothing any more: the entity to deliver a call on it with, or -1 when it is too late for it. */
  formerOf?(netId: number): number
  /** The entity that a net id names, if it has been spawned; else 0. Absent where `entityOf` knows no others. */
  spawnedOf?(netId: number): number
}

/** The entity to deliver a call on `netId` with, or -1 when there is none (any more). */
export function targetOf(entities: CallEntities, netId: number): number {
  const entity = entities.spawnedOf === undefined ? entities.entityOf(netId) : entities.spawnedOf(netId)
  if (entity !== 0) return entity
  return entities.formerOf === undefined ? -1 : entities.formerOf(netId)
}
