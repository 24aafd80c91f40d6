// Gives each sender a small number, so that tables by sender grow with the number of senders and not with entity ids.
import { growTo } from '../replication/slot-set.js'

export class SenderSeats {
  /** By connection entity of the sender: its seat, or 0. */
  private seats = new Uint32Array(16)
  private readonly free: number[] = []
  private taken = 0

  /** The seat of a sender, from 1. A sender without a seat gets one. */
  of(sender: number): number {
    const seat = this.seats[sender] ?? 0
    return seat === 0 ? this.assign(sender) : seat
  }

  /** The sender has ended, and nothing is counted for its seat any longer. */
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
