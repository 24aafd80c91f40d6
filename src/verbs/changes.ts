// Marks components replicated with `track: 'marked'` as changed, and writes and marks them in one step.
import type { NumberArray, NumberFields } from '../protocol/definitions.js'
import { serverState, type ServerWorld } from '../world/state.js'

/**
 * An entity's values of a component: fields that are columns of numbers, any of which may be left out. A single number
 * when the component is itself an array.
 */
export type ComponentValues<C extends object> = C extends NumberArray
  ? number
  : { readonly [K in NumberFields<C>]?: number }

/**
 * Marks an entity's values of a component as changed, so that clients get them with this tick. Only components
 * replicated with `{ track: 'marked' }` need it; for others it does nothing. It ignores an entity that is not networked
 * or does not have the component: initial values are sent without a mark.
 *
 * `component` is the component, or the result of `replicate`.
 *
 * @throws UsageError on a world that is not a server's, and for a component that the protocol does not list.
 */
export function markChanged(world: ServerWorld, eid: number, component: object): void {
  const { tracker } = serverState(world).replication
  tracker.mark(eid, tracker.idOfComponent(component))
}

/**
 * Writes values of an entity's component to its store, whatever its form, and marks them as changed
 * ({@link markChanged}).
 *
 * ```ts
 * writeComponent(world, ship, Position, { x: 3, y: 4 })
 * writeComponent(world, ship, Health, 50) // a component that is itself an array
 * ```
 *
 * @throws UsageError on a world that is not a server's, and for a component that the protocol does not list.
 * @throws ArgumentError for a field that is not replicated, or whose array has no room for the entity.
 */
export function writeComponent<C extends object>(
  world: ServerWorld,
  eid: number,
  component: C,
  values: ComponentValues<C>,
): void {
  const { tracker } = serverState(world).replication
  const id = tracker.idOfComponent(component)
  if (typeof values === 'number') tracker.writeField(eid, id, 'value', values)
  else {
    for (const name in values) {
      const value = (values as Record<string, number | undefined>)[name]
      if (value !== undefined) tracker.writeField(eid, id, name, value)
    }
  }
  tracker.mark(eid, id)
}
