// What a call is read through to find out whether it names entities that are not there yet.
import type { EntityMapper } from '../protocol/entity-mapper.js'

/** Maps as the world does, and notes the first entity that is missing and may still arrive. */
export class MissingEntities implements EntityMapper {
  /** Its net id, or 0 when nothing is missing. Set it to 0 before reading. */
  first = 0

  constructor(private readonly entities: EntityMapper) {}

  netIdOf(eid: number): number {
    return this.entities.netIdOf(eid)
  }

  entityOf(netId: number): number {
    const eid = this.entities.entityOf(netId)
    if (eid === 0 && this.first === 0 && this.mayArrive(netId)) this.first = netId
    return eid
  }

  mayArrive(netId: number): boolean {
    return netId !== 0 && this.entities.mayArrive!(netId)
  }
}
