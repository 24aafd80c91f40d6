// Shows the calls of several queues in their order of arrival.
import type { CallOrder } from './call-order.js'
import type { CallQueue, CallView } from './call-queue.js'

export class MergedCalls implements IterableIterator<CallView> {
  private readonly ended: IteratorReturnResult<undefined> = { done: true, value: undefined }
  /** The arrival number of the last call that the current loop may see. */
  private until = 0
  /** The queue of the call shown last. */
  current: CallQueue | undefined
  /** No call of another queue has a lower number than this. */
  private bound = 0

  constructor(
    readonly queues: CallQueue[],
    private readonly order: CallOrder,
  ) {}

  /** Begins a loop over the calls queued now. */
  [Symbol.iterator](): this {
    this.until = this.order.last
    this.bound = 0
    return this
  }

  /** The list of queues has changed, maybe within a loop. */
  changed(): void {
    this.bound = 0
  }

  next(): IteratorResult<CallView, undefined> {
    // Most calls arrive in runs of one definition. The other queues need no check until one of their calls is older.
    if (this.bound === 0 || !this.isOldest(this.current!)) this.choose()
    return this.current === undefined ? this.ended : this.current.take()
  }

  private isOldest(queue: CallQueue): boolean {
    const order = queue.orderOfNext(this.until)
    return order >= 0 && order < this.bound
  }

  /** Finds the queue with the oldest call, and the number of the oldest call of the others. */
  private choose(): void {
    let oldest = Infinity
    this.bound = Infinity
    this.current = undefined
    const { queues } = this
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[i]!
      const order = queue.orderOfNext(this.until)
      if (order < 0) continue
      if (order < oldest) {
        this.bound = oldest
        oldest = order
        this.current = queue
      } else if (order < this.bound) this.bound = order
    }
    if (this.current === undefined) this.bound = 0
  }
}
