// The table of networked entities of a host's own client: the server's, and what has just gone from it.
//
// A remote client still has an entity when a call on it arrives together with its despawn ("explode, then remove"). In a
// host's world the entity is gone at once, so what it was is remembered until its slot is another's.
import { addComponent, entityExists, hasComponent, observe, onRemove, type World } from 'bitecs'
import { Networked } from '../../../components/networked.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { slotOf } from '../../protocol/net-id.js'
import { growTo } from '../slot-set.js'

/** Tag: the entity was networked once. It goes with the entity, so an id that is another's by now does not have it. */
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

  /** What a net id named until just now: the entity's id, 0 when that id is another entity's, -1 when it is forgotten. */
  formerOf(netId: number): number {
    const slot = slotOf(netId)
    if (slot >= this.netIds.length || this.netIds[slot] !== netId) return -1
    const eid = this.eids[slot]!
    if (entityExists(this.world, eid)) return hasComponent(this.world, eid, Outlived) ? eid : 0
    // The id may have been another's in between, whose values are in the stores now.
    return Networked.netId[eid] === netId ? eid : 0
  }

  private remember(eid: number): void {
    const netId = Networked.netId[eid] ?? 0
    const slot = slotOf(netId)
    this.netIds = growTo(this.netIds, slot + 1)
    this.eids = growTo(this.eids, slot + 1)
    this.netIds[slot] = netId
    this.eids[slot] = eid
    // Where `Networked` alone was removed the entity may live on; where the whole entity is, it still has it here.
    if (!hasComponent(this.world, eid, Networked)) addComponent(this.world, eid, Outlived)
  }
}
