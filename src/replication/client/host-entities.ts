// Maps net ids to entities for a host's own client: the server's table, and the entities that ended recently.
//
// A remote client still has an entity when a call on it arrives together with its despawn ("explode, then remove"). In
// a host's world the entity is gone at once, so this table remembers it until its slot is reused.
import { addComponent, entityExists, hasComponent, observe, onRemove, type World } from 'bitecs'
import { Networked } from '../../../components/networked.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { slotOf } from '../../protocol/net-id.js'
import { growTo } from '../slot-set.js'

/**
 * Tags an entity that was networked once. bitECS removes it with the entity, so another entity with the id lacks it.
 */
const Outlived = {}

export class HostEntities implements EntityMapper {
  /** By slot: the net id and the entity of the last tenant that ended. */
  private netIds = new Uint32Array(64)
  private eids = new Uint32Array(64)

  constructor(
    private readonly world: World,
    private readonly entities: EntityMapper,
  ) {
    observe(world, onRemove(Networked), (eid: number) => this.remember(eid))
  }

  netIdOf(eid: number): number {
    return this.entities.netIdOf(eid)
  }

  entityOf(netId: number): number {
    return this.entities.entityOf(netId)
  }

  /** The entity that a net id named until it ended; 0 when its id is another entity's, -1 when it is forgotten. */
  formerOf(netId: number): number {
    const slot = slotOf(netId)
    if (slot >= this.netIds.length || this.netIds[slot] !== netId) return -1
    const eid = this.eids[slot]!
    if (entityExists(this.world, eid)) return hasComponent(this.world, eid, Outlived) ? eid : 0
    // Another entity may have had the id in between, and left its values in the stores.
    return Networked.netId[eid] === netId ? eid : 0
  }

  private remember(eid: number): void {
    const netId = Networked.netId[eid] ?? 0
    const slot = slotOf(netId)
    this.netIds = growTo(this.netIds, slot + 1)
    this.eids = growTo(this.eids, slot + 1)
    this.netIds[slot] = netId
    this.eids[slot] = eid
    // If only `Networked` was removed, the entity may live on. If the entity was removed, it still has `Networked`
    // here.
    if (!hasComponent(this.world, eid, Networked)) addComponent(this.world, eid, Outlived)
  }
}
