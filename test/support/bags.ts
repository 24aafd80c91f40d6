// A small game of bags: a component with every kind of collection, beside a column, and how to compare two copies of
// it.
import { addComponent, addEntity } from 'bitecs'
import {
  type ClientWorld,
  defineProtocol,
  entity,
  entityOf,
  enumOf,
  f32,
  netIdOf,
  replicate,
  type ServerWorld,
  string,
  struct,
  u16,
  u8,
} from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { Networked } from 'bitecs-net/components'

const MAX = 10_000

export interface Item {
  id: number
  count: number
}

export const Bag = {
  gold: new Uint32Array(MAX),
  items: [] as SyncList<Item>[],
  ammo: [] as SyncMap<string, number>[],
  perks: [] as SyncSet<string>[],
}
/** What names other entities. */
export const Party = {
  members: [] as SyncSet<number>[],
  queue: [] as SyncList<number>[],
  threat: [] as SyncMap<number, number>[],
  plans: [] as SyncList<{ who: number; at: number }>[],
}
export const Tag = {}

export const bags = defineProtocol({
  components: {
    Bag: replicate(Bag, {
      gold: u16,
      items: listOf(struct({ id: u16, count: u8 }), 32),
      ammo: mapOf(string(16), u16, 16),
      perks: setOf(enumOf('fast', 'tough', 'lucky'), 8),
    }),
    Party: replicate(Party, {
      members: setOf(entity, 8),
      queue: listOf(entity, 8),
      threat: mapOf(entity, u16, 8),
      plans: listOf(struct({ who: entity, at: f32 }), 8),
    }),
    Tag: replicate(Tag),
  },
})

/** An entity of the server with some of the components, networked. */
export function spawn(world: ServerWorld, ...components: object[]): number {
  const eid = addEntity(world)
  for (const component of components) addComponent(world, eid, component)
  addComponent(world, eid, Networked)
  return eid
}

/** The client's copy of an entity of the server, or 0. */
export function copyOf(client: ClientWorld, server: ServerWorld, eid: number): number {
  return entityOf(client, netIdOf(server, eid))
}

/** All that a bag holds. */
export function contents(eid: number): unknown {
  return {
    gold: Bag.gold[eid],
    items: [...Bag.items[eid]!],
    ammo: [...Bag.ammo[eid]!],
    perks: [...Bag.perks[eid]!],
  }
}

type Name = (eid: number) => number

/**
 * All that a party holds, its entities under the names that `name` gives them; those that have none are 0 or left out.
 */
export function party(eid: number, name: Name): unknown {
  const known = (list: Iterable<number>): number[] => [...list].map(name).filter((id) => id !== 0)
  return {
    members: known(Party.members[eid]!),
    queue: [...Party.queue[eid]!].map(name),
    threat: [...Party.threat[eid]!].map(([who, much]) => [name(who), much]).filter(([who]) => who !== 0),
    plans: [...Party.plans[eid]!].map(({ who, at }) => [name(who), at]),
  }
}
