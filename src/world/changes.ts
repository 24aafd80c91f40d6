// Telling the server what changed, and writing and telling in one: for components replicated with `track: 'marked'`.
import { ArgumentError } from '../protocol/errors.js'
import type { TypedStore } from '../protocol/definitions.js'
import { serverRole, type ServerWorld } from './state.js'

/** The values of a component's fields that are columns of numbers; any of them may be left out. */
export type ComponentValues<C extends object> = {
  readonly [K in keyof C as C[K] extends TypedStore ? K : never]?: number
}

/**
 * Says that an entity's values of a component have changed, so that clients get them with this tick. Only components
 * replicated with `{ track: 'marked' }` need it; for one whose changes are looked for it does nothing. An entity that is not
 * networked, or does not have the component, is passed over: what it begins with is told without.
 *
 * `component` is the component, or what `replicate` made of it.
 *
 * @throws UsageError on a world that is no server's, and for a component that the protocol does not list.
 */
export function markChanged(world: ServerWorld, eid: number, component: object): void {
  const { tracker } = serverRole(world).replication
  tracker.mark(eid, tracker.idOfComponent(component))
}

/**
 * Writes values of an entity's component into the game's arrays, and marks them as changed ({@link markChanged}).
 *
 * ```ts
 * writeComponent(world, ship, Position, { x: 3, y: 4 })
 * ```
 *
 * @throws UsageError on a world that is no server's, and for a component that the protocol does not list.
 * @throws ArgumentError for a field that is not one of the component's arrays, or whose array has no room for the entity.
 */
export function writeComponent<C extends object>(
  world: ServerWorld,
  eid: number,
  component: C,
  values: ComponentValues<C>,
): void {
  const { tracker } = serverRole(world).replication
  const id = tracker.idOfComponent(component)
  for (const name in values) {
    const array = (component as Record<string, unknown>)[name] as TypedStore | undefined
    const value = values[name as keyof typeof values] as number | undefined
    if (value === undefined) continue
    if (!ArrayBuffer.isView(array)) throw new ArgumentError(name, 'is not an array of the component')
    if (eid >= array.length) {
      throw new ArgumentError(name, `has an array for ${array.length} entities, which has no room for entity ${eid}`)
    }
    array[eid] = value
  }
  tracker.mark(eid, id)
}
