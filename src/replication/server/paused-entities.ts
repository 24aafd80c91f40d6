// Remembers which entities keep their owner and player while they are out of the network: `Networked` was removed, and the
// entity lives on.
import { addComponent, hasComponent, observe, onRemove, removeComponent, type World } from 'bitecs'

export class PausedEntities {
  /** It goes with the entity, so an id that bitECS has given to another entity does not have it. */
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

  /** An entity leaves the network. */
  add(eid: number): void {
    addComponent(this.world, eid, this.Paused)
  }

  /** An entity begins to be networked. Returns whether it was before. */
  take(eid: number): boolean {
    if (!hasComponent(this.world, eid, this.Paused)) return false
    this.returning = eid
    removeComponent(this.world, eid, this.Paused)
    this.returning = 0
    return true
  }
}
