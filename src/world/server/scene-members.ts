// Keeps which networked entities belong to which scene of the server's world, so that they end with it.
import { slotOf } from '../../protocol/net-id.js'
import { growTo } from '../../replication/slot-set.js'

/** The parts of the server's entity table that this needs. */
interface Slots {
  readonly slots: number
  readonly eidOf: Uint32Array
  readonly netIds: Uint32Array
}

export class SceneMembers {
  /** By slot: the net id of the member. If the slot has another net id now, the member has ended. */
  private netIds = new Uint32Array(64)
  /** By slot: the scene's id. */
  private scenes = new Uint32Array(64)
  /** By slot: a number that increases in the order of joining. */
  private order = new Float64Array(64)
  private joined = 0

  /** Makes an entity a member of a scene, and of no other. */
  add(netId: number, scene: number): void {
    const slot = slotOf(netId)
    this.netIds = growTo(this.netIds, slot + 1)
    this.scenes = growTo(this.scenes, slot + 1)
    this.order = growTo(this.order, slot + 1)
    this.netIds[slot] = netId
    this.scenes[slot] = scene
    this.order[slot] = this.joined++
  }

  delete(netId: number): void {
    if (this.netIds[slotOf(netId)] === netId) this.netIds[slotOf(netId)] = 0
  }

  /** The entities of a scene, the latest member first. */
  of(scene: number, { slots, eidOf, netIds }: Slots): number[] {
    const found: number[] = []
    const end = Math.min(slots, this.netIds.length)
    for (let slot = 1; slot < end; slot++) {
      const alive = eidOf[slot] !== 0 && this.netIds[slot] === netIds[slot]
      if (alive && this.scenes[slot] === scene) found.push(slot)
    }
    return found.sort((a, b) => this.order[b]! - this.order[a]!).map((slot) => eidOf[slot]!)
  }
}
