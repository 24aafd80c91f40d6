// Records changes of component values as events, for the systems of the world they are in (like Mirror's hooks).
import type { ReplicatedComponent } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import { createViewObject } from '../protocol/view-object.js'
import { type EventList, type EventView, PublishedQueue } from './published-queue.js'
import { growTo } from './slot-set.js'

/** One change as a system sees it. Valid until the next iteration, as are `before` and `after`. */
export interface ChangeEvent<Field extends PropertyKey = PropertyKey> {
  readonly entity: number
  /** The entity's net id. It distinguishes the entity from a later one with the same id. */
  readonly netId: number
  /** The component's values before the change, in the order of their declaration. */
  readonly before: { readonly [F in Field]: number }
  /** The values after the change; at least one differs. */
  readonly after: { readonly [F in Field]: number }
}

class ChangeList implements EventList {
  entities = new Uint32Array(16)
  netIds = new Uint32Array(16)
  /** Event by event, the values of each field. */
  before = new Float64Array(16)
  after = new Float64Array(16)
  count = 0
}

class ChangeView implements EventView<ChangeList, ChangeEvent> {
  readonly event = { entity: 0, netId: 0, before: createViewObject<number>(), after: createViewObject<number>() }
  private readonly before: Float64Array
  private readonly after: Float64Array

  constructor({ fields, declared, store }: ReplicatedComponent) {
    for (const name of Object.keys(store)) {
      if (!declared.includes(name)) this.refuse(name)
    }
    const before = new Float64Array(fields.length)
    const after = new Float64Array(fields.length)
    this.before = before
    this.after = after
    for (const name of declared) {
      const column = fields.findIndex((field) => field.name === name)
      Object.defineProperty(this.event.before, name, { get: () => before[column]!, enumerable: true })
      Object.defineProperty(this.event.after, name, { get: () => after[column]!, enumerable: true })
    }
    // Prints the values, not the getters that read them.
    for (const values of [this.event.before, this.event.after]) {
      Object.defineProperty(values, Symbol.for('nodejs.util.inspect.custom'), { value: () => ({ ...values }) })
    }
  }

  /** The type of a store shows all its fields; one that is not replicated has no changes to show. */
  private refuse(name: string): void {
    const get = (): never => {
      throw new UsageError('not-replicated', `${name} is not replicated, so its changes are not known`)
    }
    for (const values of [this.event.before, this.event.after]) Object.defineProperty(values, name, { get })
  }

  show(list: ChangeList, at: number): void {
    const { before, after, event } = this
    const width = before.length
    for (let c = 0; c < width; c++) {
      before[c] = list.before[at * width + c]!
      after[c] = list.after[at * width + c]!
    }
    event.entity = list.entities[at]!
    event.netId = list.netIds[at]!
  }
}

/** The changes of one component. */
export class ChangeLog extends PublishedQueue<ChangeList, ChangeEvent> {
  private readonly width: number
  /** In a host's world: the log of the other side, whose values are the same. */
  also: ChangeLog | undefined
  /** By net id: the values of a component that was removed since the last publish. No system has seen the removal. */
  readonly gone = new Map<number, Float64Array>()

  constructor(private readonly component: ReplicatedComponent) {
    super(new ChangeList(), new ChangeList())
    this.width = component.fields.length
  }

  /**
   * Records a change if there is one: `before[beforeAt …]` and `after[afterAt …]` are the values of each field, in the
   * order of the component's fields. NaN counts as equal to NaN.
   */
  record(
    entity: number,
    netId: number,
    before: Float64Array,
    beforeAt: number,
    after: Float64Array,
    afterAt: number,
  ): void {
    this.also?.record(entity, netId, before, beforeAt, after, afterAt)
    const { width } = this
    let differs = false
    for (let c = 0; c < width; c++) {
      const old = before[beforeAt + c]!
      const now = after[afterAt + c]!
      if (old !== now && (!Number.isNaN(old) || !Number.isNaN(now))) differs = true
    }
    const list = differs ? this.room : undefined
    if (list === undefined) return
    const at = list.count++
    list.entities = growTo(list.entities, list.count)
    list.netIds = growTo(list.netIds, list.count)
    list.before = growTo(list.before, list.count * width)
    list.after = growTo(list.after, list.count * width)
    list.entities[at] = entity
    list.netIds[at] = netId
    for (let c = 0; c < width; c++) {
      list.before[at * width + c] = before[beforeAt + c]!
      list.after[at * width + c] = after[afterAt + c]!
    }
  }

  /**
   * Shows the gathered changes, without those of entities that began meanwhile: systems see their current values.
   * `hasBegun` tells which those are.
   */
  override publish(hasBegun?: (entity: number) => boolean): void {
    super.publish()
    this.gone.clear()
    if (hasBegun === undefined) return
    const { published: list } = this
    let kept = 0
    for (let i = 0; i < list.count; i++) {
      if (hasBegun(list.entities[i]!)) continue
      if (kept < i) this.move(list, i, kept)
      kept++
    }
    list.count = kept
  }

  protected createView(): ChangeView {
    return new ChangeView(this.component)
  }

  protected override move(list: ChangeList, from: number, to: number): void {
    const { width } = this
    list.entities[to] = list.entities[from]!
    list.netIds[to] = list.netIds[from]!
    list.before.copyWithin(to * width, from * width, (from + 1) * width)
    list.after.copyWithin(to * width, from * width, (from + 1) * width)
  }
}

/** The change logs of one side of a world: one for each component that tracks its changes. */
export class ChangeLogs {
  /** By component id; undefined for components that do not track changes. */
  readonly byId: readonly (ChangeLog | undefined)[]
  private readonly logs: readonly ChangeLog[]
  /** The id of a component, by its store and by the object that declares it. */
  private readonly ids = new Map<object, number>()

  constructor(private readonly protocol: Protocol) {
    const { componentList } = protocol
    this.byId = componentList.map((component) => (component.trackChanges ? new ChangeLog(component) : undefined))
    this.logs = this.byId.filter((log) => log !== undefined)
    componentList.forEach((component, id) => this.ids.set(component, id).set(component.store, id))
  }

  /**
   * The log of a component, or of the object that declares it.
   *
   * @throws UsageError when the protocol does not list it, or it does not track its changes.
   */
  of(component: object): ChangeLog {
    const id = this.ids.get(component)
    if (id === undefined) {
      throw new UsageError(
        'not-listed',
        'changes of a component that the protocol does not list; list it in defineProtocol',
      )
    }
    const log = this.byId[id]
    if (log !== undefined) return log
    const name = this.protocol.componentNames[id]!
    const text = `${name} does not track its changes: replicate it with { trackChanges: true }`
    throw new UsageError('changes-not-tracked', text)
  }

  /** Also records in these logs what this side records. */
  feed(others: ChangeLogs): void {
    this.byId.forEach((log, id) => log && (log.also = others.byId[id]))
  }

  /** Keeps only changes since the last call whose entity and component `keep` accepts. */
  retain(keep: (netId: number, component: number) => boolean): void {
    this.byId.forEach((log, id) => log?.retain(({ netIds }, at) => keep(netIds[at]!, id)))
  }

  publish(hasBegun?: (entity: number) => boolean): void {
    for (let i = 0; i < this.logs.length; i++) this.logs[i]!.publish(hasBegun)
  }

  clear(): void {
    for (const log of this.logs) log.clear()
  }

  /** Changes that were lost because the world did not tick. */
  get dropped(): number {
    return this.logs.reduce((sum, log) => sum + log.dropped, 0)
  }
}
