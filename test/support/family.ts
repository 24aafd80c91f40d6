// A small game of entities that relate to each other, in every way that bitECS knows.
import {
  addComponent,
  addEntity,
  createRelation,
  entityExists,
  getRelationTargets,
  hasComponent,
  type Relation,
} from 'bitecs'
import { type ClientWorld, defineProtocol, entityOf, netIdOf, replicate, type ServerWorld, u16 } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'

const MAX = 20_000

export const Name = { id: new Uint16Array(MAX) }
/** A child has one parent, and ends with it. */
export const ChildOf: Relation<object> = createRelation({ exclusive: true, autoRemoveSubject: true })
/** Whom one has an eye on: one at a time. */
export const Watches: Relation<object> = createRelation({ exclusive: true })
/** As many as one likes. */
export const Likes: Relation<object> = createRelation()
/** Not in the protocol. */
export const Knows: Relation<object> = createRelation()

export const RELATIONS = { ChildOf, Watches, Likes }

export const family = defineProtocol({
  components: { Name: replicate(Name, { id: u16 }) },
  relations: RELATIONS,
})

/** An entity of the server with a name, networked unless said otherwise. */
export function add(world: ServerWorld, id: number, networked = true): number {
  const eid = addEntity(world)
  addComponent(world, eid, Name)
  Name.id[eid] = id
  if (networked) addComponent(world, eid, Networked)
  return eid
}

export function copyOf(client: ClientWorld, server: ServerWorld, eid: number): number {
  return entityOf(client, netIdOf(server, eid))
}

/** The names of those that an entity relates to, sorted. */
export function targets(world: ServerWorld | ClientWorld, eid: number, relation: Relation<object>): number[] {
  // Of two pairs with one target bitECS removes but one when the target ends, where the other was removed by hand
  // before.
  return getRelationTargets(world, eid, relation)
    .filter((target) => entityExists(world, target))
    .map((target) => Name.id[target]!)
    .sort((a, b) => a - b)
}

export { hasComponent }
