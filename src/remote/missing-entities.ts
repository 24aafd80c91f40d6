// What a call is read through: to find out which entities it names, that are there or not there yet, or have just gone.
import type { EntityMapper } from '../protocol/entity-mapper.js'
import { slotOf } from '../protocol/net-id.js'
import type { SlotSet } from '../replication/slot-set.js'
import { type CallEntities, targetOf } from './call-entities.js'

/** Maps as the world does, and notes which entities are there, and the first that is missing and may still arrive. */
export class MissingEntities implements EntityMapper {
  /** Its net id, or 0 when nothing is missing. Set it to 0 before reading. */
  first = 0

  /** `named`: where the slots of those that are there are noted. */
  constructor(
    private readonly entities: EntityMapper,
    private readonly named: SlotSet,
  ) {}

  netIdOf(eid: number): number {
    return this.entities.netIdOf(eid)
  }

  entityOf(netId: number): number {
    const eid = this.entities.entityOf(netId)
    if (eid !== 0) this.named.add(slotOf(netId))
    else if (this.first === 0 && this.mayArrive(netId)) this.first = netId
    return eid
  }

  mayArrive(netId: number): boolean {
    return netId !== 0 && this.entities.mayArrive!(netId)
  }
}

/** Maps as the world does, and what has just gone from it as the entity that a call on it is delivered with. */
export class FormerEntities implements EntityMapper {
  constructor(private readonly entities: CallEntities) {}

  netIdOf(eid: number): number {
    return this.entities.netIdOf(eid)
  }

  entityOf(netId: number): number {
    return netId === 0 ? 0 : Math.max(0, targetOf(this.entities, netId))
  }
}
