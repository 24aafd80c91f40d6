// Walks the calls of one channel that may go to one client, in the order in which they were made. It merges two chains:
// calls to this client alone and calls to several.
import type { Channel } from '../transport/transport.js'
import type { OutgoingCalls } from './outgoing-calls.js'

/** Reused, so that walking allocates nothing. */
export class CallCursor {
  private one = -1
  private several = -1
  /** The call, or -1 at the end. */
  call = -1
  /** Whether the call is for this client alone. */
  isToOne = false

  /** Starts at the first call that is not before `from`. */
  start(outgoing: OutgoingCalls, connection: number, channel: Channel, from: number): void {
    this.one = skip(outgoing, outgoing.firstToOne(connection, channel), from)
    this.several = skip(outgoing, outgoing.firstToSeveral(channel), from)
    this.choose()
  }

  next(outgoing: OutgoingCalls): void {
    if (this.isToOne) this.one = outgoing.after(this.one)
    else this.several = outgoing.after(this.several)
    this.choose()
  }

  private choose(): void {
    this.isToOne = this.one >= 0 && (this.several < 0 || this.one < this.several)
    this.call = this.isToOne ? this.one : this.several
  }
}

function skip(outgoing: OutgoingCalls, first: number, from: number): number {
  let call = first
  while (call >= 0 && call < from) call = outgoing.after(call)
  return call
}
