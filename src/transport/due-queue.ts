// Sorts items by the time at which they are due, in a binary min-heap.

export interface Due {
  /** When it is due, in milliseconds. */
  due: number
  /** Breaks ties: the smaller number goes first. */
  order: number
}

export class DueQueue<T extends Due> {
  private readonly heap: T[] = []

  get size(): number {
    return this.heap.length
  }

  /** The item that is due next. */
  get first(): T | undefined {
    return this.heap[0]
  }

  push(item: T): void {
    const { heap } = this
    let at = heap.push(item) - 1
    while (at > 0) {
      const up = (at - 1) >> 1
      if (!isBefore(item, heap[up]!)) break
      heap[at] = heap[up]!
      at = up
    }
    heap[at] = item
  }

  /** Removes and returns the item that is due next. The queue must not be empty. */
  pop(): T {
    const { heap } = this
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (let down = 1; down < heap.length; down = 2 * at + 1) {
      if (down + 1 < heap.length && isBefore(heap[down + 1]!, heap[down]!)) down++
      if (!isBefore(heap[down]!, last)) break
      heap[at] = heap[down]!
      at = down
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}
