// The server's verbs over components that owners write: checks of what they write, and the last word.
import { hasComponent } from 'bitecs'
import type { NumberFields, ReplicatedComponent } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { WriteCheck } from '../replication/authority/write-view.js'
import { requireSlot } from './ownership.js'
import { serverRole, type ServerWorld } from '../world/state.js'

/**
 * Has a function look at the values that clients write to a component of theirs, before the server takes them: one that is
 * replicated with `authority: 'client'`. It returns whether they are taken; where not, the owner gets the server's
 * values back. What it sets in `after` is taken in place of what was written, and the owner is told.
 *
 * ```ts
 * validateWrites(world, Position, ({ before, after }) => Math.hypot(after.x - before.x, after.y - before.y) < 5)
 * ```
 *
 * It runs as packets arrive, once for each entity and value, before the tick's systems; several may come in one tick. The
 * write that it is given is used again for the next one. It should look, and change nothing else. One that throws refuses,
 * and is reported in `NetworkErrors`. Values that are infinite or no numbers are refused without it. A component has
 * one check: a new one takes the place of the old. Returns a function that takes the check away. What a host's own player writes is the server's own, and is not
 * looked at.
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
  const { authority, writes } = serverRole(world).replication
  const id = authority.requireId(component)
  // One of its own for each call of this verb: what takes a check away takes no later one, be it the same function.
  const own: WriteCheck = (write) => check(write)
  writes.setCheck(id, own)
  return () => {
    if (writes.checkOf(id) === own) writes.setCheck(id, undefined)
  }
}

/**
 * Overrules the owner of an entity: its client gets the values that the server has, for some components that owners write, or
 * for all of them. What the client wrote before it knows of this does not count. Write the stores first:
 * `Position.x[ship] = 0; correct(world, ship, Position)`. Other clients get what changed as always, without a mark too.
 *
 * Of an entity that nobody owns, or the host's own client, nothing has to be corrected.
 *
 * @throws UsageError when the entity is not networked or has no such component, the protocol does not list it, or only the
 * server writes it.
 */
export function correct(world: ServerWorld, entity: number, ...components: readonly object[]): void {
  const role = serverRole(world)
  const slot = requireSlot(role, entity)
  if (slot === 0) return
  const { authority, tracker } = role.replication
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
