// Checks and corrects the components that owners write, on the server.
import { hasComponent } from 'bitecs'
import type { NumberFields, ReplicatedComponent } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { WriteCheck } from '../replication/authority/write-view.js'
import { requireSlot } from './ownership.js'
import { serverState, type ServerWorld } from '../world/state.js'

/**
 * Sets a function that checks the values that clients write to a component replicated with `authority: 'client'`,
 * before the server applies them. It returns whether to apply them. If not, the owner gets the server's values back.
 * Values that the function sets in `after` replace those that were written, and the owner is notified.
 *
 * ```ts
 * validateWrites(world, Position, ({ before, after }) => Math.hypot(after.x - before.x, after.y - before.y) < 5)
 * ```
 *
 * It runs as packets arrive, once for each entity and value, before the tick's systems. Several writes may arrive in
 * one tick. The same `write` object is used for all of them. The function should only look, and change nothing else.
 * One that throws refuses the write, and is reported in `NetworkErrors`. Infinite and NaN values are always refused.
 *
 * A component has one check: a new one replaces the old. Returns a function that removes the check. A host's own player
 * writes the server's values directly, and is not checked.
 *
 * @throws UsageError when the protocol does not list the component, or only the server writes it.
 */
export function validateWrites<C extends object, Field extends PropertyKey>(
  world: ServerWorld,
  component: ReplicatedComponent<C, Field, 'client'>,
  check: WriteCheck<Field>,
): () => void
export function validateWrites<C extends object>(
  world: ServerWorld,
  component: C extends { readonly kind: 'component' } ? never : C,
  check: WriteCheck<NumberFields<C>>,
): () => void
export function validateWrites(world: ServerWorld, component: object, check: WriteCheck<string>): () => void {
  const { authority, writes } = serverState(world).replication
  const id = authority.requireId(component)
  // A separate function for each call of this verb: removing a check must not remove a later one, even if it is the
  // same.
  const own: WriteCheck = (write) => check(write)
  writes.setCheck(id, own)
  return () => {
    if (writes.checkOf(id) === own) writes.setCheck(id, undefined)
  }
}

/**
 * Overrules the owner of an entity: its client gets the server's values of some components that owners write, or of all
 * of them. Values that the client wrote before it received the correction are ignored. Write the stores first:
 * `Position.x[ship] = 0; correct(world, ship, Position)`. Other clients get the changes as always, also without a mark.
 *
 * Does nothing for an entity that has no owner or whose owner is the host's own client.
 *
 * @throws UsageError when the entity is not networked or has no such component, the protocol does not list it, or only
 * the server writes it.
 */
export function correct(world: ServerWorld, entity: number, ...components: readonly object[]): void {
  const server = serverState(world)
  const slot = requireSlot(server, entity)
  if (slot === 0) return
  const { authority, tracker } = server.replication
  const overrule = (id: number): void => {
    authority.correct(slot, id)
    tracker.mark(entity, id)
  }
  for (const id of components.length === 0 ? authority.ids : []) {
    if (hasComponent(world, entity, tracker.components[id]!.store)) overrule(id)
  }
  for (const component of components) {
    const id = authority.requireId(component)
    const { name, store } = tracker.components[id]!
    if (!hasComponent(world, entity, store)) throw new UsageError('no-component', `entity ${entity} has no ${name}`)
    overrule(id)
  }
}
