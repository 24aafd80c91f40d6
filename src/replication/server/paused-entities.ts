// Remembers entities that live on without `Networked`: they keep their owner and player in case it is added again.
import { addComponent, hasComponent, observe, onRemove, removeComponent, type World } from 'bitecs'

export class PausedEntities {
  /** Tags such an entity. bitECS removes the tag with the entity, so another entity with the id lacks it. */
  private readonly Paused = {}
  private returning = 0

  /** `ended` runs when such an entity ends. */
  constructor(
    private readonly world: World,
    ended: (eid: number) => void,
  ) {
    observe(world, onRemove(this.Paused), (eid: number) => {
      if (eid !== this.returning) ended(eid)
    })
  }

  /** Adds an entity that leaves the network. */
  add(eid: number): void {
    addComponent(this.world, eid, this.Paused)
  }

  /** Removes an entity that is networked now. Returns whether it was networked before. */
  take(eid: number): boolean {
    if (!hasComponent(this.world, eid, this.Paused)) return false
    this.returning = eid
    removeComponent(this.world, eid, this.Paused)
    this.returning = 0
    return true
  }
}
