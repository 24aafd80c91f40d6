// Lists the entities that one connection begins or stops to observe in a tick, for its packets and then for the game.

import { growTo } from '../slot-set.js'

/** Why an entity leaves a client's view. */
export const LeaveReason = { Destroyed: 0, Hidden: 1, Disconnected: 2 } as const
export type LeaveReason = (typeof LeaveReason)[keyof typeof LeaveReason]

export class ViewChanges {
  connection = 0
  count = 0
  netIds = new Uint32Array(16)
  /** Why each left; unused where entities enter. */
  reasons = new Uint8Array(16)

  push(netId: number, reason: LeaveReason = LeaveReason.Destroyed): void {
    const at = this.count++
    this.netIds = growTo(this.netIds, this.count)
    this.reasons = growTo(this.reasons, this.count)
    this.netIds[at] = netId
    this.reasons[at] = reason
  }

  clear(): void {
    this.count = 0
  }
}
