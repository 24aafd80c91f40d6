// Maps the entities that calls name: notes them as a call arrives, and still finds those that have just ended.
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { slotOf } from '../protocol/net-id.js'
import type { SlotSet } from '../replication/slot-set.js'
import { type CallEntities, calledEntity } from './call-entities.js'

/** Maps like the world, and notes the slots of entities that exist. */
export class NamedEntities implements EntityMapper {
  constructor(
    private readonly entities: EntityMapper,
    private readonly slots: SlotSet,
  ) {}

  netIdOf(eid: number): number {
    return this.entities.netIdOf(eid)
  }

  entityOf(netId: number): number {
    const eid = this.entities.entityOf(netId)
    if (eid !== 0) this.slots.add(slotOf(netId))
    return eid
  }
}

/** Maps like the world. An entity that has just ended maps to the one that a call on it is delivered with. */
export class FormerEntities implements EntityMapper {
  constructor(private readonly entities: CallEntities) {}

  netIdOf(eid: number): number {
    return this.entities.netIdOf(eid)
  }

  entityOf(netId: number): number {
    return netId === 0 ? 0 : Math.max(0, calledEntity(this.entities, netId))
  }
}
