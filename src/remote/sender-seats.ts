// Gives each sender a small number, so that tables by sender grow with the senders and not with the ids of entities.
import { growTo } from '../replication/slot-set.js'

export class SenderSeats {
  /** By the entity of the sender's connection: its seat, or 0. */
  private seats = new Uint32Array(16)
  private readonly free: number[] = []
  private taken = 0

  /** The seat of a sender, from 1; gives it one when it has none. */
  of(sender: number): number {
    const seat = this.seats[sender] ?? 0
    return seat === 0 ? this.assign(sender) : seat
  }

  /** The sender has ended, and nothing is counted for its seat any more. */
  release(sender: number): void {
    const seat = this.seats[sender] ?? 0
    if (seat === 0) return
    this.seats[sender] = 0
    this.free.push(seat)
  }

  private assign(sender: number): number {
    this.seats = growTo(this.seats, sender + 1)
    return (this.seats[sender] = this.free.pop() ?? ++this.taken)
  }
}
