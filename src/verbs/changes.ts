// Telling the server what changed, and writing and telling in one: for components replicated with `track: 'marked'`.
import type { NumberArray, NumberFields } from '../protocol/definitions.js'
import { serverRole, type ServerWorld } from '../world/state.js'

/**
 * An entity's values of a component: of its fields that are columns of numbers, any of which may be left out; a number where
 * the component is itself an array.
 */
export type ComponentValues<C extends object> = C extends NumberArray
  ? number
  : { readonly [K in NumberFields<C>]?: number }

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
 * Writes values of an entity's component to its store, whatever its form, and marks them as changed ({@link markChanged}).
 *
 * ```ts
 * writeComponent(world, ship, Position, { x: 3, y: 4 })
 * writeComponent(world, ship, Health, 50) // a component that is itself an array
 * ```
 *
 * @throws UsageError on a world that is no server's, and for a component that the protocol does not list.
 * @throws ArgumentError for a field that is not replicated, or whose array has no room for the entity.
 */
export function writeComponent<C extends object>(
  world: ServerWorld,
  eid: number,
  component: C,
  values: ComponentValues<C>,
): void {
  const { tracker } = serverRole(world).replication
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
