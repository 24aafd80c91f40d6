// Keeps the prefab of each of a client's copies, and runs the game's hooks that build their local side.
//
// A hook runs when a copy begins; the function that it returns runs when the copy ends. Hooks may be set and removed at
// any time. A new one builds the copies that exist, and removing one tears down what it has built.
import { isThenable } from '../../protocol/thenable.js'
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import { ByteReader } from '../../protocol/bytes.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { NO_PREFAB, type OriginSection } from '../../protocol/prefab.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { RecordView } from '../../protocol/types/record.js'

export type Teardown = () => void

/** Builds the local side of an entity; `args` is its payload. A returned function is the teardown. */
export type BuildHook = (spawned: { entity: number; args: Readonly<Record<string, unknown>> }) => unknown

interface Instance {
  readonly prefab: number
  readonly payload: Uint8Array
  teardown: Teardown | undefined
}

export class PrefabInstances {
  /** By prefab. */
  private readonly hooks: (BuildHook | undefined)[] = []
  /** By entity, in the order of their spawns. */
  private readonly instances = new Map<number, Instance>()
  private readonly reader = new ByteReader()
  /** By prefab: the view that its payload is read into. */
  private readonly records: readonly RecordView[]

  constructor(
    private readonly protocol: Protocol,
    entities: EntityMapper,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {
    this.reader.entities = entities
    this.records = protocol.prefabList.map(({ codec }) => codec.createView())
  }

  /** Returns whether a spawn's prefab, if any, is listed, and its payload is valid for it. */
  accepts({ prefab, start, end }: OriginSection, bytes: Uint8Array): boolean {
    if (prefab === NO_PREFAB) return true
    const definition = this.protocol.prefabList[prefab]
    if (definition === undefined) return false
    this.reader.reset(bytes, start, end)
    return definition.codec.validate(this.reader, this.records[prefab]!)
  }

  /** The prefab of an entity, or {@link NO_PREFAB}. */
  of(entity: number): number {
    return this.instances.get(entity)?.prefab ?? NO_PREFAB
  }

  /** The payload that an entity was spawned with, as received. */
  payloadOf(entity: number): Uint8Array | undefined {
    return this.instances.get(entity)?.payload
  }

  /** Begins an entity of a prefab. Keeps `payload`, which is a valid record. */
  begin(entity: number, prefab: number, payload: Uint8Array): void {
    const instance: Instance = { prefab, payload, teardown: undefined }
    this.instances.set(entity, instance)
    this.build(entity, instance)
  }

  /** Ends an entity; does nothing for one without a prefab. */
  end(entity: number): void {
    const instance = this.instances.get(entity)
    if (instance === undefined) return
    this.instances.delete(entity)
    this.tearDown(entity, instance)
  }

  /** Ends every entity, the newest first. */
  endAll(): void {
    for (const entity of [...this.instances.keys()].reverse()) this.end(entity)
  }

  hasHook(prefab: number): boolean {
    return this.hooks[prefab] !== undefined
  }

  /** Replaces the one hook of a prefab, and builds the existing copies. Returns a function that removes the hook. */
  hook(prefab: number, hook: BuildHook): () => void {
    this.unhook(prefab)
    this.hooks[prefab] = hook
    for (const [entity, instance] of [...this.instances]) {
      if (instance.prefab === prefab && this.isCurrent(entity, instance, hook)) this.build(entity, instance)
    }
    return () => {
      if (this.hooks[prefab] === hook) this.unhook(prefab)
    }
  }

  /** Removes the hook of a prefab, and tears down what it has built. */
  private unhook(prefab: number): void {
    if (this.hooks[prefab] === undefined) return
    this.hooks[prefab] = undefined
    for (const [entity, instance] of [...this.instances].reverse()) {
      if (instance.prefab === prefab) this.tearDown(entity, instance)
    }
  }

  private isCurrent(entity: number, instance: Instance, hook: BuildHook): boolean {
    return this.instances.get(entity) === instance && this.hooks[instance.prefab] === hook
  }

  private build(entity: number, instance: Instance): void {
    const { prefab, payload } = instance
    const hook = this.hooks[prefab]
    if (hook === undefined) return
    // A teardown may have set a hook, which another replaces at once.
    this.tearDown(entity, instance)
    const record = this.records[prefab]!
    this.reader.reset(payload, 0, payload.length)
    this.protocol.prefabList[prefab]!.codec.read(this.reader, record)
    try {
      // Unlike the view of a call, the game may keep this copy, for instance until the teardown.
      const result = hook({ entity, args: { ...record.args } })
      if (typeof result === 'function') instance.teardown = result as Teardown
      else this.watch('hook', entity, prefab, result)
    } catch (cause) {
      this.report('hook', entity, prefab, cause)
    }
    // The hook itself may have ended the entity or removed itself.
    if (!this.isCurrent(entity, instance, hook)) this.tearDown(entity, instance)
  }

  private tearDown(entity: number, instance: Instance): void {
    const { teardown } = instance
    instance.teardown = undefined
    try {
      this.watch('teardown', entity, instance.prefab, teardown?.())
    } catch (cause) {
      this.report('teardown', entity, instance.prefab, cause)
    }
  }

  /** Nothing awaits an asynchronous hook, and its error must not become an unhandled rejection. */
  private watch(what: string, entity: number, prefab: number, returned: unknown): void {
    if (isThenable(returned)) returned.then(undefined, (cause: unknown) => this.report(what, entity, prefab, cause))
  }

  private report(what: string, entity: number, prefab: number, cause: unknown): void {
    this.counters.handlerErrors++
    const name = this.protocol.prefabNames[prefab]!
    const message = `the ${what} of ${name} threw: ${cause instanceof Error ? cause.message : String(cause)}`
    this.errors.push('handler-threw', message, { entity, name, cause })
  }
}
