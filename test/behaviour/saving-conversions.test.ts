// Loads saves whose types have changed: values convert where both types mean the same, and nothing is substituted.
import { addComponent, addEntity, createRelation } from 'bitecs'
import {
  angle,
  array,
  bool,
  createServerWorld,
  defineProtocol,
  entity,
  enumOf,
  f32,
  f64,
  i8,
  optional,
  quantized,
  replicate,
  type SchemaType,
  string,
  struct,
  u16,
  u32,
  u8,
  unitQuaternion,
} from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { loadWorld, type LoadOptions, type SavedWorld, saveWorld } from 'bitecs-net/saves'
import { Networked } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'
import { errorOf } from '../support/saved-game.js'

type NumberType = typeof u8
const boolean = bool as unknown as NumberType

const Values = new Float64Array(100)
const Other = { n: new Float64Array(100) }

/**
 * What a number of one type is after loading it as another; also through a migration that only renames something else.
 */
function loadedAs(from: NumberType, to: NumberType, value: number): number[] {
  const before = createServerWorld(
    defineProtocol({ components: { X: replicate(Values, from), Old: replicate(Other, { n: f32 }) } }),
  )
  const eid = addEntity(before)
  Values[eid] = value
  addComponent(before, eid, Values)
  addComponent(before, eid, Networked)
  const save = saveWorld(before)
  const load = (name: string, options?: LoadOptions): number => {
    const later = { X: replicate(Values, to), [name]: replicate(Other, { n: f32 }) }
    return Values[loadWorld(createServerWorld(defineProtocol({ components: later })), save, options).entities[0]!]!
  }
  return [load('Old'), load('New', { migrate: renameOther })]
}

const renameOther = ({ components }: SavedWorld): void => {
  components.set('New', components.get('Old')!)
  components.delete('Old')
}

describe('a number of another type', () => {
  it.each<[from: NumberType, to: NumberType, value: number, expected: number, within: number]>([
    [angle(10), angle(12), 1.5, 1.5, 0.004],
    [angle(12), angle(4), 1.5, 1.5, 0.004],
    [angle(16), f32, -3, -3, 0.001],
    [f32, angle(8), 7, 7, 1e-6],
    [quantized(-10, 10, 0.1), quantized(-20, 5, 0.5), 4.3, 4.3, 1e-6],
    [quantized(0, 10, 1), u8, 7, 7, 0],
    [u8, f64, 255, 255, 0],
    [f64, i8, -128, -128, 0],
    [boolean, u8, 1, 1, 0],
    [u16, boolean, 1, 1, 0],
  ])('%o becomes one of %o with its value', (from, to, value, expected, within) => {
    for (const loaded of loadedAs(from, to, value)) expect(Math.abs(loaded - expected)).toBeLessThanOrEqual(within)
  })

  it.each<[from: NumberType, to: NumberType, value: number, problem: string]>([
    [u16, u8, 300, 'X.value: must be a whole number from 0 to 255, got 300'],
    [f32, u8, 1.5, 'X.value: must be a whole number from 0 to 255, got 1.5'],
    [f32, angle(8), NaN, 'X.value: must be an angle in radians, got NaN'],
    [quantized(-10, 10, 0.5), quantized(0, 5, 0.5), -4, 'X.value: must be from 0 to 5, got -4'],
    [u8, boolean, 2, 'X.value: must be 0 or 1, got 2'],
    [entity, u32, 0, 'X.value is entity in the save, u32 in this game'],
    [u32, entity, 0, 'X.value is u32 in the save, entity in this game'],
  ])('%o that cannot be one of %o is refused, also after a migration of something else', (from, to, value, problem) => {
    expect(errorOf(() => loadedAs(from, to, value)).message).toContain(problem)
  })
})

type Bags = { list: SyncList<never>[]; map: SyncMap<number, never>[]; set: SyncSet<never>[] }

/** What a list of one element is after loading it as one of another type of elements, and of another limit. */
function elementAs(from: SchemaType<never>, to: SchemaType<never>, value: unknown, max = 9): unknown {
  const Bag = { list: [] as SyncList<never>[], map: [] as SyncMap<number, never>[] }
  const fields = (type: SchemaType<never>, limit: number): object => ({
    list: listOf(type, limit),
    map: mapOf(u8, type, limit),
  })
  const protocol = (type: SchemaType<never>, limit: number): ReturnType<typeof defineProtocol> =>
    defineProtocol({ components: { Bag: replicate(Bag, fields(type, limit)) as never } })
  const before = createServerWorld(protocol(from, 4))
  const eid = addEntity(before)
  addComponent(before, eid, Bag)
  addComponent(before, eid, Networked)
  Bag.list[eid]!.push(value as never)
  Bag.map[eid]!.set(1, value as never)
  const [loaded] = loadWorld(createServerWorld(protocol(to, max)), saveWorld(before)).entities
  expect([...Bag.map[loaded!]!.values()]).toEqual([...Bag.list[loaded!]!])
  return Bag.list[loaded!]!.at(0)
}

describe('an element of a collection', () => {
  it.each<[from: SchemaType<unknown>, to: SchemaType<unknown>, value: unknown, expected: unknown]>([
    [enumOf('a', 'b', 'c'), enumOf('c', 'new', 'b'), 'b', 'b'],
    [enumOf('a', 'b'), string(4), 'b', 'b'],
    [string(40), string(3), 'abc', 'abc'],
    [u8, optional(u16), 7, 7],
    [optional(u8), u8, 7, 7],
    [bool, u8, true, 1],
    [u8, bool, 1, true],
    [struct({ id: u16 }), struct({ id: u8, extra: array(string(3), 2) }), { id: 3 }, { id: 3, extra: [] }],
    [array(struct({ id: u16 }), 3), array(struct({ id: u8, at: angle(8) }), 5), [{ id: 3 }], [{ id: 3, at: 0 }]],
    [array(u8, 5), array(f64, 3), [1, 2], [1, 2]],
    [
      unitQuaternion,
      struct({ x: f32, y: f32, z: f32, w: f32 }),
      { x: 0, y: 0, z: 0, w: 1 },
      { x: 0, y: 0, z: 0, w: 1 },
    ],
  ] as never)('of %o becomes one of %o', (from, to, value, expected) => {
    expect(elementAs(from as never, to as never, value)).toEqual(expected)
  })

  it('still names its entity in a collection of another size', () => {
    expect(elementAs(struct({ at: entity }) as never, struct({ at: entity, n: u8 }) as never, { at: 0 })).toEqual({
      at: 0,
      n: 0,
    })
  })

  it.each<[from: SchemaType<unknown>, to: SchemaType<unknown>, value: unknown, problem: string]>([
    [enumOf('a', 'b'), enumOf('b', 'c'), 'a', 'Bag.list: must be one of b, c, got a'],
    [string(9), string(2), 'abc', 'Bag.list: is 3 bytes long, at most 2 fit'],
    [string(9), u8, 'abc', 'Bag.list is string(9) in the save, u8 in this game'],
    [struct({ a: u8, b: u8 }), struct({ a: u8 }), { a: 1, b: 2 }, 'Bag.list.b is only in the save'],
    [struct({ a: entity }), struct({ a: u16 }), { a: 0 }, 'Bag.list.a is entity in the save, u16 in this game'],
    [optional(u8), u8, undefined, 'Bag.list: must be a number, got undefined'],
    [array(u8, 3), array(u8, 1), [1, 2], 'Bag.list: has 2 elements, at most 1 fit'],
  ] as never)('of %o that cannot be one of %o is refused', (from, to, value, problem) => {
    expect(errorOf(() => elementAs(from as never, to as never, value)).message).toContain(problem)
  })

  it('is not lost from a set when two values become equal: the save is refused', () => {
    const Bag = { set: [] as Bags['set'] }
    const world = (step: number): library =>
      createServerWorld(
        defineProtocol({ components: { Bag: replicate(Bag, { set: setOf(quantized(0, 1, step), 4) as never }) } }),
      )
    const before = world(0.125)
    const eid = addEntity(before)
    addComponent(before, eid, Bag)
    addComponent(before, eid, Networked)
    for (const value of [0.5, 0.625]) Bag.set[eid]!.add(value as never)
    const { message } = errorOf(() => loadWorld(world(0.5), saveWorld(before)))
    expect(message).toContain('Bag.set: 0.5 and 0.625 are both 0.5 as quantized(0,1,0.5)')
  })
})
type library = ReturnType<typeof createServerWorld>

describe('four numbers', () => {
  const names = ['x', 'y', 'z', 'w'] as const
  const Turn = { x: new Float32Array(50), y: new Float32Array(50), z: new Float32Array(50), w: new Float32Array(50) }
  const numbers = { x: f32, y: f32, z: f32, w: f32 }
  const saved = (fields: object, values: readonly number[]): Uint8Array => {
    const world = createServerWorld(defineProtocol({ components: { Turn: replicate(Turn, fields) as never } }))
    const eid = addEntity(world)
    names.forEach((name, i) => (Turn[name][eid] = values[i]!))
    addComponent(world, eid, Turn)
    addComponent(world, eid, Networked)
    return saveWorld(world)
  }
  const load = (fields: object, save: Uint8Array): number[] => {
    const world = createServerWorld(defineProtocol({ components: { Turn: replicate(Turn, fields) as never } }))
    const [eid] = loadWorld(world, save).entities
    return names.map((name) => Turn[name][eid!]!)
  }

  it('become a rotation, and a rotation four numbers', () => {
    const half = [0.5, 0.5, -0.5, 0.5]
    expect(load(unitQuaternion.fields(), saved(numbers, half))).toEqual(half)
    expect(load(numbers, saved(unitQuaternion.fields(), half))).toEqual(half)
  })

  it('are refused when they are incomplete or no rotation; a rotation that was never set loads unchanged', () => {
    const zeros = [0, 0, 0, 0]
    expect(load(unitQuaternion.fields(), saved(unitQuaternion.fields(), zeros))).toEqual(zeros)
    expect(errorOf(() => load(unitQuaternion.fields(), saved(numbers, zeros))).message).toContain(
      'Turn.{x,y,z,w}: must be a rotation, got 0, 0, 0, 0 for entity 1 of the save',
    )
    expect(errorOf(() => load(unitQuaternion.fields(), saved({ x: f32, y: f32 }, zeros))).message).toContain(
      'Turn.{x,y,z,w}: a rotation needs all four fields, and the save has 2',
    )
  })

  it('are refused when the parts of a rotation have changed places', () => {
    const swapped = unitQuaternion.fields('w', 'x', 'y', 'z')
    expect(errorOf(() => load(swapped, saved(unitQuaternion.fields(), [0, 0, 0, 1]))).message).toMatch(
      /Turn.w is unitQuaternion\(x,y,z,w\).w in the save, unitQuaternion\(w,x,y,z\).x in this game/,
    )
  })
})

it('a relation that has become exclusive loads where each entity has one target, and is refused elsewhere', () => {
  const Likes = createRelation()
  const Loves = createRelation({ exclusive: true })
  const before = createServerWorld(defineProtocol({ relations: { R: Likes } }))
  const [a, b, c] = [addEntity(before), addEntity(before), addEntity(before)]
  for (const eid of [a, b, c]) addComponent(before, eid, Networked)
  addComponent(before, a, Likes(b))
  const later = defineProtocol({ relations: { R: Loves } })
  expect(loadWorld(createServerWorld(later), saveWorld(before)).entities).toHaveLength(3)
  addComponent(before, a, Likes(c))
  expect(errorOf(() => loadWorld(createServerWorld(later), saveWorld(before))).message).toContain(
    'relation R is exclusive, and entity 1 of the save has two targets',
  )
})
