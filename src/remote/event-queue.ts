// Queues lifecycle events, every add and remove of a lifecycle component, in order, for any number of systems.
import { type EventList, type EventView, MAX_GATHERED, PublishedQueue } from '../replication/published-queue.js'
import { growTo } from '../replication/slot-set.js'

/** An event as a system sees it. Valid until the next iteration. */
export interface LifecycleEvent<Component extends object = object> {
  readonly kind: 'added' | 'removed'
  /** The component that was added or removed. */
  readonly component: Component
  readonly entity: number
  /**
   * The entity's net id at the time, or 0 for a connection. It distinguishes the entity from a later one with the same
   * id.
   */
  readonly netId: number
  /** Why it was removed, if there is a reason: that of a despawn or of a disconnect; else ''. */
  readonly reason: string
}

/** A component's number among the lifecycle components, and whether it was removed, in one byte. */
function codeOf(component: number, isRemoved: boolean): number {
  return component * 2 + (isRemoved ? 1 : 0)
}

class LifecycleList implements EventList {
  codes = new Uint8Array(16)
  entities = new Uint32Array(16)
  netIds = new Uint32Array(16)
  readonly reasons: string[] = []
  count = 0
  /** How many of them begin an entity. */
  begins = 0
}

class LifecycleView implements EventView<LifecycleList, LifecycleEvent> {
  readonly event: { kind: LifecycleEvent['kind']; component: object; entity: number; netId: number; reason: string }

  /** `mask` has a bit for each code that is asked for. */
  constructor(
    private readonly components: readonly object[],
    private readonly mask: number,
  ) {
    this.event = { kind: 'added', component: components[0]!, entity: 0, netId: 0, reason: '' }
  }

  accepts(list: LifecycleList, at: number): boolean {
    return ((this.mask >>> list.codes[at]!) & 1) === 1
  }

  show(list: LifecycleList, at: number): void {
    const { event, components } = this
    const code = list.codes[at]!
    event.kind = (code & 1) === 0 ? 'added' : 'removed'
    event.component = components[code >> 1]!
    event.entity = list.entities[at]!
    event.netId = list.netIds[at]!
    event.reason = list.reasons[at]!
  }
}

/**
 * Limits events of all components together. The last quarter is reserved for connections, so that entities cannot crowd
 * them out.
 */
const MAX_EVENTS = 4 * MAX_GATHERED
const MAX_OF_ENTITIES = 3 * MAX_GATHERED

export class EventQueue extends PublishedQueue<LifecycleList, LifecycleEvent> {
  /** Entities of the published adds of `networked`, once a system has asked for them. */
  private readonly begun = new Set<number>()
  private isBegunKnown = false
  private readonly beginCode: number
  private readonly test = (entity: number): boolean => this.findBegun().has(entity)

  /** `networked`: the component whose add begins an entity. */
  constructor(
    private readonly components: readonly object[],
    networked: object,
  ) {
    super(new LifecycleList(), new LifecycleList())
    this.beginCode = codeOf(components.indexOf(networked), false)
  }

  push(component: number, isRemoved: boolean, entity: number, netId: number, reason: string): void {
    const list = this.gathering
    if (list.count >= (netId === 0 ? MAX_EVENTS : MAX_OF_ENTITIES)) {
      this.dropped++
      return
    }
    const at = list.count++
    list.codes = growTo(list.codes, list.count)
    list.entities = growTo(list.entities, list.count)
    list.netIds = growTo(list.netIds, list.count)
    const code = codeOf(component, isRemoved)
    if (code === this.beginCode) list.begins++
    list.codes[at] = code
    list.entities[at] = entity
    list.netIds[at] = netId
    list.reasons[at] = reason
  }

  override publish(): void {
    super.publish()
    this.gathering.begins = 0
    this.isBegunKnown = false
    if (this.begun.size > 0) this.begun.clear()
  }

  override clear(): void {
    super.clear()
    this.gathering.begins = this.published.begins = 0
  }

  /**
   * Returns whether an entity began with the published events: systems then see its current state. On a host it may
   * have ended with them before, under another net id. Undefined when none began.
   */
  get hasBegun(): ((entity: number) => boolean) | undefined {
    return this.published.begins > 0 ? this.test : undefined
  }

  private findBegun(): ReadonlySet<number> {
    const { published, begun, beginCode } = this
    if (this.isBegunKnown) return begun
    for (let i = 0; i < published.count; i++) if (published.codes[i] === beginCode) begun.add(published.entities[i]!)
    this.isBegunKnown = true
    return begun
  }

  /** The events of some components, or undefined when one of them has none. */
  of(
    kind: LifecycleEvent['kind'] | 'transitions',
    components: readonly object[],
  ): Iterable<LifecycleEvent> | undefined {
    let mask = 0
    for (const component of components) {
      const index = this.components.indexOf(component)
      if (index < 0) return undefined
      if (kind !== 'removed') mask |= 1 << codeOf(index, false)
      if (kind !== 'added') mask |= 1 << codeOf(index, true)
    }
    return this.select(() => new LifecycleView(this.components, mask))
  }

  protected createView(): LifecycleView {
    return new LifecycleView(this.components, -1)
  }
}
