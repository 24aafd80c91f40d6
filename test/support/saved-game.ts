// A game with something of everything that is saved: components, collections, relations, prefabs, keys.
import { addComponent, addEntity, createRelation, getRelationTargets, hasComponent } from 'bitecs'
import {
  bool,
  createServerWorld,
  defineProtocol,
  entity,
  f32,
  f64,
  i8,
  quantized,
  replicate,
  type ServerWorld,
  string,
  struct,
  u16,
  u8,
} from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { definePrefab, entityOfKey, prefabOf, spawn } from 'bitecs-net/prefabs'
import { SaveError, saveWorld } from 'bitecs-net/saves'
import { Networked } from 'bitecs-net/components'
import { expect } from 'vitest'

export const MAX = 4000
export const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }
export const Health = { hp: new Uint16Array(MAX), alive: new Uint8Array(MAX) }
export const Motion = { seed: new Float64Array(MAX), turn: new Int8Array(MAX), heat: new Float32Array(MAX) }
export const Aim = { at: new Uint32Array(MAX) }
export const Bag = {
  items: [] as SyncList<{ id: number; from: number }>[],
  ammo: [] as SyncMap<string, number>[],
  friends: [] as SyncSet<number>[],
}
export const Flag = {}
/** Not replicated. */
export const Mesh = { id: new Uint16Array(MAX) }
export const ChildOf = createRelation({ exclusive: true, autoRemoveSubject: true })
export const Likes = createRelation()
export const Ball = definePrefab({ components: [Position, Mesh], payload: { color: u8, thrower: entity } })

export const protocol = defineProtocol({
  components: {
    Position: replicate(Position, { x: quantized(-100, 100, 0.01), y: quantized(-100, 100, 0.01) }),
    Health: replicate(Health, { hp: u16, alive: bool }),
    Motion: replicate(Motion, { seed: f64, turn: i8, heat: f32 }),
    Aim: replicate(Aim, { at: entity }),
    Bag: replicate(Bag, {
      items: listOf(struct({ id: u16, from: entity }), 8),
      ammo: mapOf(string(8), u16, 4),
      friends: setOf(entity, 4),
    }),
    Flag: replicate(Flag),
  },
  prefabs: { Ball },
  relations: { ChildOf, Likes },
})

export function add(world: ServerWorld, ...components: readonly object[]): number {
  const eid = addEntity(world)
  for (const component of components) addComponent(world, eid, component)
  addComponent(world, eid, Networked)
  return eid
}

/** A ship with everything, its gun, and a ball. */
export function populate(world: ServerWorld): { ship: number; gun: number; ball: number } {
  const ship = add(world, Position, Health, Motion, Aim, Bag)
  const gun = add(world, Position, Flag)
  Position.x[ship] = 12.34
  Position.y[ship] = -99.99
  Health.hp[ship] = 65_535
  Health.alive[ship] = 1
  Motion.seed[ship] = Math.PI
  Motion.turn[ship] = -128
  Motion.heat[ship] = -Infinity
  Aim.at[ship] = gun
  Position.x[gun] = 1
  Bag.items[ship]!.push({ id: 7, from: gun })
  Bag.items[ship]!.push({ id: 8, from: 0 })
  Bag.ammo[ship]!.set('arrow', 500)
  Bag.ammo[ship]!.set('bolt', 1)
  Bag.friends[ship]!.add(gun)
  addComponent(world, gun, ChildOf(ship))
  addComponent(world, gun, Likes(gun))
  addComponent(world, ship, Likes(gun))
  const ball = spawn(world, Ball, { color: 9, thrower: ship }, { key: 'ball 1' })
  return { ship, gun, ball }
}

/** What `populate` made, loaded as other entities. */
export function expectPopulated(world: ServerWorld, [ship, gun, ball]: readonly number[]): void {
  expect([Position.x[ship!], Position.y[ship!]]).toEqual([Math.fround(12.34), Math.fround(-99.99)])
  expect([Health.hp[ship!], Health.alive[ship!]]).toEqual([65_535, 1])
  expect([Motion.seed[ship!], Motion.turn[ship!], Motion.heat[ship!]]).toEqual([Math.PI, -128, -Infinity])
  expect(Aim.at[ship!]).toBe(gun)
  expect([...Bag.items[ship!]!]).toEqual([
    { id: 7, from: gun },
    { id: 8, from: 0 },
  ])
  expect([...Bag.ammo[ship!]!]).toEqual([
    ['arrow', 500],
    ['bolt', 1],
  ])
  expect([...Bag.friends[ship!]!]).toEqual([gun])
  expect([Position, Health, Flag].map((one) => hasComponent(world, gun!, one))).toEqual([true, false, true])
  expect(getRelationTargets(world, gun!, ChildOf)).toEqual([ship])
  expect(getRelationTargets(world, gun!, Likes)).toEqual([gun])
  expect(getRelationTargets(world, ship!, Likes)).toEqual([gun])
  expect([prefabOf(world, ball!), entityOfKey(world, 'ball 1')]).toEqual([Ball, ball])
  expect([Position, Mesh].map((one) => hasComponent(world, ball!, one))).toEqual([true, true])
}

/** The error that loading throws. */
export const errorOf = (act: () => unknown): SaveError => {
  try {
    act()
  } catch (error) {
    if (error instanceof SaveError) return error
    throw error
  }
  throw new Error('it did not throw')
}

/** The world of `populate`, saved. */
export function savedShip(): Uint8Array {
  const world = createServerWorld(protocol)
  populate(world)
  return saveWorld(world, { version: 1 })
}
