// Publishes events to any number of systems, each event once: keeps the lists and the position of each reader.
//
// Events are gathered while they happen, and published at one point of the tick, after all received packets have been
// applied. Until the next such point every system sees the same list. So the order and the number of systems do not
// matter, and an add and a remove within one tick are two events, not none.

/** Events in columns; setting `count` to 0 empties it. */
export interface EventList {
  count: number
}

/** Shows the events of a list one after another, always in the same object. */
export interface EventView<L extends EventList, E> {
  readonly event: E
  show(list: L, at: number): void
  /** Returns whether an event is one of those asked for. Left out: all are. */
  accepts?(list: L, at: number): boolean
}

/** Limits the events that are gathered while nothing ticks and publishes them. */
export const MAX_GATHERED = 1 << 16

export abstract class PublishedQueue<L extends EventList, E> implements Iterable<E> {
  /** Events lost because the world did not tick. */
  dropped = 0
  /** The number of gathered events that stay. */
  private settled = 0
  private readonly idle: Reader<L, E>[] = []

  constructor(
    protected gathering: L,
    protected published: L,
  ) {}

  protected abstract createView(): EventView<L, E>

  /** The list to add an event to, or undefined when it is full: then the event is counted as lost. */
  protected get room(): L | undefined {
    if (this.gathering.count < MAX_GATHERED) return this.gathering
    this.dropped++
    return undefined
  }

  /** Keeps only events since the last call that `keep` accepts. */
  retain(keep: (list: L, at: number) => boolean): void {
    const list = this.gathering
    let kept = this.settled
    for (let at = kept; at < list.count; at++) {
      if (!keep(list, at)) continue
      if (kept !== at) this.move(list, at, kept)
      kept++
    }
    list.count = this.settled = kept
  }

  /** Copies an event to an earlier place of its list. */
  protected move(_list: L, _from: number, _to: number): void {
    throw new Error('these events cannot be moved')
  }

  /** Shows the gathered events in place of those shown before. */
  publish(): void {
    this.settled = 0
    const shown = this.published
    this.published = this.gathering
    this.gathering = shown
    shown.count = 0
  }

  /** The events that the views of `createView` accept. */
  protected select(createView: () => EventView<L, E>): Iterable<E> {
    const idle: Reader<L, E>[] = []
    return { [Symbol.iterator]: () => (idle.pop() ?? new Reader(createView(), idle)).begin(this.published) }
  }

  clear(): void {
    this.settled = 0
    this.gathering.count = 0
    this.published.count = 0
  }

  /**
   * Two systems, or two loops in one, do not disturb each other. A loop that has ended leaves its reader to the next.
   */
  [Symbol.iterator](): Iterator<E> {
    const reader = this.idle.pop() ?? new Reader(this.createView(), this.idle)
    return reader.begin(this.published)
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

class Reader<L extends EventList, E> implements Iterator<E> {
  private readonly result: IteratorYieldResult<E>
  private list: L | undefined
  private at = 0

  constructor(
    private readonly view: EventView<L, E>,
    private readonly idle: Reader<L, E>[],
  ) {
    this.result = { done: false, value: view.event }
  }

  begin(list: L): this {
    this.list = list
    this.at = 0
    return this
  }

  next(): IteratorResult<E, undefined> {
    const { list, view } = this
    if (list === undefined) return DONE
    while (this.at < list.count) {
      const at = this.at++
      if (view.accepts !== undefined && !view.accepts(list, at)) continue
      view.show(list, at)
      return this.result
    }
    return this.return()
  }

  return(): IteratorResult<E, undefined> {
    if (this.list !== undefined) this.idle.push(this)
    this.list = undefined
    return DONE
  }
}
