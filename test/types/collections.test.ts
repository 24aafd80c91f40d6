// Tests the types of collections: their stores, elements and operations. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import {
  type ClientWorld,
  drain,
  entity,
  enumOf,
  f32,
  replicate,
  type ServerWorld,
  string,
  struct,
  u16,
  u8,
} from 'bitecs-net'
import { listOf, mapOf, operations, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'

interface Item {
  id: number
  tags: string[]
}
const Bag = {
  gold: new Uint16Array(1),
  items: [] as SyncList<{ id: number; count: number }>[],
  ammo: [] as SyncMap<string, number>[],
  perks: [] as SyncSet<string>[],
  deep: [] as SyncList<Item>[],
}
const item = struct({ id: u16, count: u8 })

declare const server: ServerWorld
declare const client: ClientWorld

it('a store of collections accepts only the type of its elements', () => {
  expectTypeOf(() => {
    replicate(Bag, {
      gold: u16,
      items: listOf(item, 3),
      ammo: mapOf(string(9), u16, 3),
      perks: setOf(enumOf('a', 'b'), 3),
    })
    // @ts-expect-error elements of another type
    replicate(Bag, { items: listOf(u8, 3) })
    // @ts-expect-error elements that lack a field
    replicate(Bag, { items: listOf(struct({ id: u16 }), 3) })
    // @ts-expect-error a set is no list
    replicate(Bag, { items: setOf(u8, 3) })
    // @ts-expect-error a list is no map
    replicate(Bag, { ammo: listOf(u16, 3) })
    // @ts-expect-error keys of another type
    replicate(Bag, { ammo: mapOf(u8, u16, 3) })
    // @ts-expect-error values of another type
    replicate(Bag, { ammo: mapOf(string(9), string(9), 3) })
    // @ts-expect-error members of another type
    replicate(Bag, { perks: setOf(entity, 3) })
    // @ts-expect-error a column is no collection
    replicate(Bag, { perks: u8 })
    // @ts-expect-error a collection is no column
    replicate(Bag, { gold: listOf(u16, 3) })
    // @ts-expect-error keys compare by value
    mapOf(item, u8, 3)
    // @ts-expect-error members compare by value
    setOf(item, 3)
  }).returns.toBeVoid()
})

it('elements are deeply read-only', () => {
  expectTypeOf(() => {
    const first = Bag.deep[1]!.at(0)
    expectTypeOf(first).toEqualTypeOf<{ readonly id: number; readonly tags: readonly string[] } | undefined>()
    // @ts-expect-error replaced with `set`, not written
    first!.id = 5
    // @ts-expect-error replaced with `set`, not written
    first!.tags.push('x')
    Bag.deep[1]!.push({ id: 1, tags: ['a'] })
    // @ts-expect-error a field is missing
    Bag.deep[1]!.push({ id: 1 })
    // @ts-expect-error a number is no text
    Bag.ammo[1]!.set(5, 1)
    // @ts-expect-error lengths follow from what is done
    Bag.items[1]!.length = 0
    for (const [kind, count] of Bag.ammo[1]!) expectTypeOf([kind, count]).toEqualTypeOf<(string | number)[]>()
    for (const perk of Bag.perks[1]!) expectTypeOf(perk).toEqualTypeOf<string>()
  }).returns.toBeVoid()
})

it('drained operations have the types of their collection', () => {
  expectTypeOf(() => {
    for (const operation of drain(client, operations(Bag, 'items'))) {
      expectTypeOf(operation.entity).toEqualTypeOf<number>()
      if (operation.kind === 'add')
        expectTypeOf(operation.after).toEqualTypeOf<Readonly<{ id: number; count: number }>>()
      if (operation.kind === 'set') expectTypeOf(operation.before.count).toEqualTypeOf<number>()
      if (operation.kind === 'remove') expectTypeOf(operation.after).toEqualTypeOf<undefined>()
      if (operation.kind === 'reset') expectTypeOf(operation.before).toEqualTypeOf<undefined>()
      // @ts-expect-error an event is read-only
      operation.index = 5
    }
    for (const { key, after } of drain(server, operations(Bag, 'ammo'))) {
      expectTypeOf(key).toEqualTypeOf<string | undefined>()
      expectTypeOf(after).toEqualTypeOf<number | undefined>()
    }
    const replicated = replicate(Bag, { gold: u16, perks: setOf(string(5), 3), ammo: mapOf(string(5), f32, 3) })
    for (const { kind, key } of drain(server, operations(replicated, 'perks'))) {
      expectTypeOf(kind).toEqualTypeOf<'add' | 'remove' | 'clear' | 'reset'>()
      expectTypeOf(key).toEqualTypeOf<string | undefined>()
    }
    // @ts-expect-error a column has no operations
    operations(Bag, 'gold')
    // @ts-expect-error no such field
    operations(Bag, 'coins')
  }).returns.toBeVoid()
})
