// Saves every form of store with every option and every type, and loads it, unchanged and through a migration.
import { addComponent, addEntity, hasComponent } from 'bitecs'
import { f32 as taggedF32, f64 as taggedF64, u32 as taggedU32 } from 'bitecs/serialization'
import {
  angle,
  array,
  bool,
  bytes,
  createServerWorld,
  custom,
  defineProtocol,
  entity,
  enumOf,
  f32,
  f64,
  i16,
  i32,
  i8,
  optional,
  type Protocol,
  quantized,
  replicate,
  type ReplicatedComponent,
  type ReplicateOptions,
  type SchemaType,
  string,
  struct,
  u16,
  u32,
  u8,
  unitQuaternion,
  varint,
} from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncMap, type SyncSet } from 'bitecs-net/collections'
import { definePrefab, prefabOf, spawn } from 'bitecs-net/prefabs'
import { loadWorld, type SavedWorld, saveWorld } from 'bitecs-net/saves'
import * as library from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'

type ColumnType = typeof u8

const MAX = 100
type Values = readonly number[]
/** By type: values that it can represent, in the form of a store. */
const NUMBERS: readonly (readonly [type: ColumnType, values: Values])[] = [
  [bool as unknown as ColumnType, [0, 1]],
  [u8, [0, 255]],
  [u16, [1, 65_535]],
  [u32, [2, 4_294_967_295]],
  [i8, [-128, 127]],
  [i16, [-32_768, 32_767]],
  [i32, [-2_147_483_648, 2_147_483_647]],
  [f32, [-1.5, Infinity]],
  [f64, [Math.PI, -0]],
  [varint, [127, 4_294_967_295]],
  [quantized(-100, 100, 0.25), [-100, 12.25]],
  [angle(10), [-Math.PI, Math.PI / 2]],
  [angle(32), [0, -Math.PI / 4]],
]

/** Forms of a store with one field of numbers; how to read and write it. */
interface Form {
  readonly name: string
  make(type: ColumnType, options?: ReplicateOptions): Made
}
interface Made {
  readonly store: object
  readonly component: ReplicatedComponent<object, never>
  readonly set: (eid: number, value: number) => void
  readonly get: (eid: number) => number
}

function made(
  store: object,
  component: unknown,
  slot: (eid: number) => [Record<string | number, number>, string | number],
): Made {
  return {
    store,
    component: component as ReplicatedComponent<object, never>,
    set: (eid, value) => void (slot(eid)[0][slot(eid)[1]] = value),
    get: (eid) => slot(eid)[0][slot(eid)[1]]!,
  }
}

const wide = (): Float64Array => new Float64Array(MAX)
const fieldForm = (name: string, makeArray: (type: ColumnType) => number[] | Float64Array | Uint32Array): Form => ({
  name,
  make(type, options) {
    const store = { v: makeArray(type) as number[] }
    return made(store, replicate(store, { v: type }, options), (eid) => [store.v as never, eid])
  },
})
const bareForm = (name: string, makeArray: () => number[] | Float64Array): Form => ({
  name,
  make(type, options) {
    const store = makeArray() as number[]
    return made(store, replicate(store, type, options), (eid) => [store as never, eid])
  },
})
const FORMS: readonly Form[] = [
  fieldForm('typed arrays', wide),
  fieldForm('plain arrays', () => []),
  fieldForm('tagged arrays', (type) =>
    type === f32
      ? (taggedF32([]) as number[])
      : type === u32
        ? (taggedU32([]) as number[])
        : (taggedF64([]) as number[]),
  ),
  bareForm('a bare typed array', wide),
  bareForm('a bare plain array', () => []),
  {
    name: 'an array of structs',
    make(type, options) {
      const store: { v: number }[] = []
      const slot = (eid: number): [Record<string, number>, string] => [(store[eid] ??= { v: 0 }), 'v']
      return made(store, replicate(store, { v: type }, options), slot as never)
    },
  },
]

const OPTIONS: readonly ReplicateOptions[] = [
  {},
  { authority: 'client' },
  { to: 'owner' },
  { authority: 'client', to: 'owner' },
  { interpolate: true },
  { trackChanges: true },
  { track: 'marked' },
  { send: 'once' },
  { send: 'once', to: 'owner' },
  { interval: 3 },
  { authority: 'client', to: 'owner', interpolate: true, trackChanges: true, track: 'marked', interval: 7 },
]

/** Gives the components of the save other names. */
const rename = ({ components }: SavedWorld): void => {
  for (const [name, component] of [...components]) {
    components.set(name.replace('X', 'Y'), component)
    components.delete(name)
  }
}

/** The entities of a save, loaded by its own protocol, and by a later one that has renamed the component. */
function* loads(save: Uint8Array, same: Protocol, renamed: Protocol): Generator<readonly number[]> {
  const world = createServerWorld(same)
  // Ids that are not those of the save.
  for (let i = 0; i < 7; i++) addEntity(world)
  yield loadWorld(world, save).entities
  const migrated = createServerWorld(renamed)
  for (let i = 0; i < 13; i++) addEntity(migrated)
  yield loadWorld(migrated, save, { migrate: rename }).entities
}

function add(world: library.ServerWorld, ...components: readonly object[]): number {
  const eid = addEntity(world)
  for (const component of components) addComponent(world, eid, component)
  addComponent(world, eid, Networked)
  return eid
}

describe.each(OPTIONS.map((options) => [JSON.stringify(options), options] as const))('with %s', (_, options) => {
  it.each(FORMS.map((form) => [form.name, form] as const))('%s of every type of number come back', (__, form) => {
    const all = NUMBERS.map(([type]) => form.make(type, options))
    const named = (letter: string): Protocol =>
      defineProtocol({ components: Object.fromEntries(all.map(({ component }, i) => [`${letter}${i}`, component])) })
    const world = createServerWorld(named('X'))
    const expected = [0, 1].map((which) => NUMBERS.map(([, values]) => expect.closeTo(values[which]!, 6) as number))
    for (const which of [0, 1]) {
      const eid = add(world, ...all.map(({ store }) => store))
      all.forEach(({ set }, i) => set(eid, NUMBERS[i]![1][which]!))
    }
    for (const entities of loads(saveWorld(world), named('X'), named('Y'))) {
      expect(entities.map((eid) => all.map(({ get }) => get(eid)))).toEqual(expected)
    }
  })

  it.each(FORMS.map((form) => [form.name, form] as const))('%s of entities name the loaded ones', (__, form) => {
    const { store, component, set, get } = form.make(entity, options)
    const same = defineProtocol({ components: { X: component } })
    const renamed = defineProtocol({ components: { Y: component } })
    const world = createServerWorld(same)
    const first = add(world, store)
    set(first, 0)
    set(add(world, store), first)
    for (const [one, two] of loads(saveWorld(world), same, renamed)) expect([get(one!), get(two!)]).toEqual([0, one])
  })

  it('rotations in arrays and structs come back, whatever their fields are called', () => {
    const names = ['qx', 'qy', 'qz', 'qw'] as const
    const types = { ...unitQuaternion.fields(...names), x: f32 }
    const arrays = { qx: wide(), qy: [] as number[], qz: wide(), qw: wide(), x: wide() }
    const structs: Record<'qx' | 'qy' | 'qz' | 'qw' | 'x', number>[] = []
    const byArray = (eid: number): number[] => names.map((name) => arrays[name][eid]!)
    const byStruct = (eid: number): number[] => names.map((name) => structs[eid]![name])
    const cases = [
      [arrays, replicate(arrays, types, options), byArray],
      [structs, replicate(structs, types, options), byStruct],
    ] as const
    for (const [store, component, get] of cases) {
      const same = defineProtocol({ components: { X: component as never } })
      const renamed = defineProtocol({ components: { Y: component as never } })
      const world = createServerWorld(same)
      const eid = add(world, store)
      structs[eid] = { qx: 0.5, qy: -0.5, qz: 0.5, qw: 0.5, x: 3 }
      for (const name of names) arrays[name][eid] = structs[eid][name]
      for (const [loaded] of loads(saveWorld(world), same, renamed)) expect(get(loaded!)).toEqual([0.5, -0.5, 0.5, 0.5])
    }
  })
})

describe.each([{}, { to: 'owner' }] as const)('with %j', (options: ReplicateOptions) => {
  it('a tag comes back', () => {
    const Flag = {}
    const component = replicate(Flag, {}, options)
    const same = defineProtocol({ components: { X: component } })
    const world = createServerWorld(same)
    add(world, Flag)
    const save = saveWorld(world)
    const copy = createServerWorld(same)
    expect(hasComponent(copy, loadWorld(copy, save).entities[0]!, Flag)).toBe(true)
    const renamed = createServerWorld(defineProtocol({ components: { Y: component } }))
    expect(hasComponent(renamed, loadWorld(renamed, save, { migrate: rename }).entities[0]!, Flag)).toBe(true)
  })
})

const mood = custom<string>({
  text: 'mood(a,{b})',
  maxBytes: 20,
  zero: '',
  check: () => undefined,
  write: (writer, value) => writer.string(value, 19),
  read: (reader) => reader.string(19),
})
/** Every type of a value in calls, payloads and collections, with values of it. */
const VALUES: readonly (readonly [type: SchemaType<never>, values: readonly unknown[]])[] = [
  ...NUMBERS.map(([type, values]) => [type, type.text === 'bool' ? [false, true] : values] as const),
  [string(24), ['', 'grün, "quoted" {a:b}']],
  [bytes(3), [new Uint8Array(0), Uint8Array.of(1, 255)]],
  [enumOf('slow', 'a b', 'c,"d"} by owner'), ['a b', 'c,"d"} by owner']],
  [optional(u16), [undefined, 9]],
  [array(array(i8, 2), 3), [[], [[-1], [2, 3]]]],
  [struct({ a: u8, 'größe-$': struct({ b: optional(string(5)) }) }), [{ a: 1, 'größe-$': { b: 'x' } }]],
  [unitQuaternion, [{ x: 0, y: 0, z: 0, w: 1 }]],
  [mood, ['', 'fine']],
  [listOfMoods(), [[], ['fine', 'sad']]],
] as never

function listOfMoods(): SchemaType<readonly string[]> {
  return array(mood, 3)
}

/** Rounding of 32 bits, or to the steps of an angle. */
const close = (value: unknown): unknown => (typeof value === 'number' ? expect.closeTo(value, 6) : value)

/** The payload of the only entity of a world, as a save of it says. */
function savedPayload(world: library.ServerWorld, protocol: Protocol): unknown {
  let payload: unknown
  const migrate = ({ origins }: SavedWorld): void => void ({ payload } = origins[0]!)
  loadWorld(createServerWorld(protocol), saveWorld(world), { migrate })
  return payload
}

describe('every type of a value', () => {
  it.each(VALUES.map(([type, values]) => [type.text, type, values] as const))('%s comes back', (_, type, values) => {
    const isKey = typeof type.zero !== 'object' && (type.zero as unknown) !== undefined
    for (const options of [{}, { to: 'owner' }] as const) {
      const Bag = { list: [] as SyncList<never>[], map: [] as SyncMap<number, never>[], set: [] as SyncSet<never>[] }
      const fields = { list: listOf(type, 4), map: mapOf(u8, type, 4), ...(isKey ? { set: setOf(type, 4) } : {}) }
      const component = replicate(Bag, fields as never, options) as ReplicatedComponent<object, never>
      const Kind = definePrefab({ payload: { first: type, rest: array(type, 4) } })
      const same = defineProtocol({ components: { X: component }, prefabs: { Kind } })
      const renamed = defineProtocol({ components: { Y: component }, prefabs: { Kind } })
      const world = createServerWorld(same)
      const eid = spawn(world, Kind, { first: values[0], rest: values } as never)
      addComponent(world, eid, Bag)
      for (const value of values as never[]) {
        Bag.list[eid]!.push(value)
        Bag.map[eid]!.set(Bag.map[eid]!.size, value)
        if (isKey) Bag.set[eid]!.add(value)
      }
      const bytesOfIt = saveWorld(world)
      const before = createServerWorld(same)
      const after = createServerWorld(renamed)
      for (const [copy, own, migrate] of [
        [before, same],
        [after, renamed, rename],
      ] as const) {
        const [loaded] = loadWorld(copy, bytesOfIt, { migrate }).entities
        const expected = values.map(close)
        expect([...Bag.list[loaded!]!]).toEqual(expected)
        expect([...Bag.map[loaded!]!.values()]).toEqual(expected)
        expect(isKey ? [...Bag.set[loaded!]!] : expected).toEqual(expected)
        expect(prefabOf(copy, loaded!)).toBe(Kind)
        expect(savedPayload(copy, own)).toEqual({ first: expected[0], rest: expected })
      }
    }
  })

  it('is among those tried here', () => {
    const tried = new Set([...VALUES.map(([{ text }]) => text), 'entity'].map((text) => /^\w+/.exec(text)![0]))
    const words = Object.values(library as Record<string, unknown>).flatMap((one) => {
      const text =
        typeof one === 'object' && one !== null && 'read' in one && 'text' in one ? String(one.text) : undefined
      return text === undefined ? [] : [text]
    })
    expect(words.length).toBeGreaterThan(10)
    for (const word of words) expect([...tried]).toContain(word)
  })
})
