// Saves of an earlier protocol: what loads by itself, what is refused and how, and what a migration can do.
import { addComponent, createRelation, getRelationTargets, hasComponent, query } from 'bitecs'
import {
  bool,
  createServerWorld,
  custom,
  defineProtocol,
  entity,
  f32,
  f64,
  type Protocol,
  quantized,
  replicate,
  string,
  u16,
  u8,
} from 'bitecs-net'
import { listOf, mapOf, setOf, type SyncList, type SyncSet } from 'bitecs-net/collections'
import { definePrefab, entityOfKey, prefabOf, spawn } from 'bitecs-net/prefabs'
import { loadWorld, type SavedWorld, saveWorld } from 'bitecs-net/saves'
import { Networked } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'
import {
  Aim,
  Bag,
  Ball,
  ChildOf,
  errorOf,
  Health,
  Likes,
  MAX,
  Position,
  protocol,
  savedShip,
} from '../support/saved-game.js'

/** A component by another protocol over the same stores. */
function later(components: Parameters<typeof defineProtocol>[0]['components']): Protocol {
  return defineProtocol({ components, prefabs: { Ball }, relations: { ChildOf, Likes } })
}

const { Position: P, Health: H, Motion: M, Aim: A, Bag: B, Flag: F } = protocol.components

describe('a later protocol', () => {
  it('with more components, fields, prefabs and relations loads an old save; new values are zero', () => {
    const Score = { points: new Uint16Array(MAX) }
    const Wide = { ...Health, shield: new Uint8Array(MAX).fill(7) }
    const Eats = createRelation()
    const Wall = definePrefab()
    const newer = defineProtocol({
      components: {
        Position: P,
        Health: replicate(Wide, { hp: u16, alive: bool, shield: u8 }),
        Motion: M,
        Aim: A,
        Bag: B,
        Flag: F,
        Score: replicate(Score, { points: u16 }),
      },
      prefabs: { Ball, Wall },
      relations: { ChildOf, Likes, Eats },
    })
    const world = createServerWorld(newer)
    const [ship] = loadWorld(world, savedShip()).entities
    expect([Health.hp[ship!], Wide.shield[ship!], hasComponent(world, ship!, Score)]).toEqual([65_535, 0, false])
  })

  it('with larger number types loads an old save; with smaller ones the error names the value that does not fit', () => {
    const wide = { hp: new Float64Array(MAX), alive: new Uint8Array(MAX) }
    const grown = later({
      Position: P,
      Health: replicate(wide, { hp: f64, alive: u8 }),
      Motion: M,
      Aim: A,
      Bag: B,
      Flag: F,
    })
    const [ship] = loadWorld(createServerWorld(grown), savedShip()).entities
    expect([wide.hp[ship!], wide.alive[ship!]]).toEqual([65_535, 1])
    const small = { hp: new Uint8Array(MAX), alive: new Uint8Array(MAX) }
    const shrunk = later({
      Position: P,
      Health: replicate(small, { hp: u8, alive: bool }),
      Motion: M,
      Aim: A,
      Bag: B,
      Flag: F,
    })
    const error = errorOf(() => loadWorld(createServerWorld(shrunk), savedShip()))
    expect(error.code).toBe('save-mismatch')
    expect(error.message).toContain('Health.hp: must be a whole number from 0 to 255, got 65535')
    expect(error.differences).toEqual([
      'component Health is {alive:bool,hp:u8} in this game, {alive:bool,hp:u16} in the save',
    ])
  })

  it('without what was saved is refused with a list of what differs, and nothing of it is loaded', () => {
    const world = createServerWorld(
      defineProtocol({
        components: { Position: replicate({ x: Position.x }, { x: f32 }), Health: H, Motion: M, Aim: A, Bag: B },
      }),
    )
    const error = errorOf(() => loadWorld(world, savedShip()))
    expect(error.code).toBe('save-mismatch')
    for (const part of ['component Flag', 'Position.y', 'relation ChildOf', 'relation Likes', 'prefab Ball']) {
      expect(error.message).toContain(`${part} is only in the save`)
    }
    expect(error.differences).toContain('component Flag is only in the save')
    expect(error.differences).toContain('prefab Ball is only in the save')
    expect(query(world, [Networked])).toHaveLength(0)
  })

  it.each<[string, Protocol]>([
    [
      'a number that was an entity',
      later({ Position: P, Health: H, Motion: M, Aim: replicate(Aim, { at: u16 as never }), Bag: B, Flag: F }),
    ],
    [
      'a set that was a list',
      later({
        Position: P,
        Health: H,
        Motion: M,
        Aim: A,
        Flag: F,
        Bag: replicate(
          { ...Bag, items: [] as SyncSet<number>[] },
          { items: setOf(u8, 4), ammo: mapOf(string(8), u16, 4), friends: setOf(entity, 4) },
        ),
      }),
    ],
  ])('with %s is refused, since nobody can say what is meant', (_, changed) => {
    expect(errorOf(() => loadWorld(createServerWorld(changed), savedShip())).message).toMatch(
      / in the save, .* in this game/,
    )
  })

  it('with other calls and messages only loads it: those are not saved', () => {
    const same = later({ Position: P, Health: H, Motion: M, Aim: A, Bag: B, Flag: F })
    expect(loadWorld(createServerWorld(same), savedShip()).entities).toHaveLength(3)
  })
})

describe('a migration', () => {
  it('renames, gives up and changes by name, with the version and the description of then', () => {
    const Life = { points: new Uint32Array(MAX) }
    const Pouch = { kinds: [] as SyncList<number>[] }
    const Place = { x: new Float32Array(MAX) }
    const Disc = definePrefab({ payload: { hue: u16 } })
    const newer = defineProtocol({
      components: {
        Life: replicate(Life, { points: quantized(0, 1e6, 1) }),
        Pouch: replicate(Pouch, { kinds: listOf(u16, 8) }),
        Place: replicate(Place, { x: f32 }),
      },
      prefabs: { Disc },
      relations: { PartOf: ChildOf },
    })
    const seen: unknown[] = []
    const world = createServerWorld(newer)
    const { entities } = loadWorld(world, savedShip(), {
      migrate(saved) {
        seen.push(saved.version, saved.entityCount, saved.description.includes('component Health {alive:bool,hp:u16}'))
        const { components, relations } = saved
        const health = components.get('Health')!
        const hp = health.fields.get('hp') as number[]
        components.set('Life', {
          entities: health.entities,
          fields: new Map([['points', hp.map((value) => value * 10)]]),
        })
        const bag = components.get('Bag')!
        const items = bag.fields.get('items') as { id: number; from: number }[][]
        seen.push(items, bag.fields.get('ammo'), bag.fields.get('friends'))
        components.set('Pouch', {
          entities: bag.entities,
          fields: new Map([['kinds', items.map((list) => list.map(({ id }) => id))]]),
        })
        const position = components.get('Position')!
        position.fields.delete('y')
        components.set('Place', position)
        for (const name of ['Health', 'Bag', 'Position', 'Motion', 'Aim', 'Flag']) components.delete(name)
        relations.set('PartOf', relations.get('ChildOf')!)
        relations.delete('ChildOf')
        relations.delete('Likes')
        for (const origin of saved.origins) {
          seen.push(origin.payload)
          origin.prefab = 'Disc'
          origin.payload = { hue: origin.payload.color }
        }
      },
    })
    expect(seen).toEqual([
      1,
      3,
      true,
      [
        [
          { id: 7, from: 2 },
          { id: 8, from: 0 },
        ],
      ],
      [
        [
          [
            ['arrow', 500],
            ['bolt', 1],
          ],
        ],
      ].flat(),
      [[2]],
      { color: 9, thrower: 1 },
    ])
    const [ship, gun, ball] = entities
    expect([Life.points[ship!], [...Pouch.kinds[ship!]!], Place.x[gun!]]).toEqual([655_350, [7, 8], 1])
    expect(getRelationTargets(world, gun!, ChildOf)).toEqual([ship])
    expect([prefabOf(world, ball!), entityOfKey(world, 'ball 1')]).toEqual([Disc, ball])
  })

  it.each<[string, (saved: SavedWorld) => void, RegExp]>([
    [
      'a value too few',
      (saved) => void saved.components.get('Health')!.fields.get('hp')!.pop(),
      /Health.hp: needs one value for each of its 1/,
    ],
    [
      'a value of no type',
      (saved) => void saved.components.get('Health')!.fields.set('hp', ['x']),
      /Health.hp: must be a number, got "x"/,
    ],
    [
      'an entity twice',
      (saved) => void saved.components.set('Flag', { entities: [1, 1], fields: new Map() }),
      /Flag.entities: not places from 1 to 3/,
    ],
    [
      'an entity that is none',
      (saved) => void saved.components.set('Flag', { entities: [4], fields: new Map() }),
      /Flag.entities: not places/,
    ],
    [
      'a component that nobody lists',
      (saved) => void saved.components.set('No', { entities: [], fields: new Map() }),
      /component No is only in the save/,
    ],
    [
      'a pair of nobody',
      (saved) => void saved.relations.get('Likes')!.push({ subject: 1, target: 9 }),
      /relation Likes: not places/,
    ],
    [
      'a list that is none',
      (saved) => void saved.components.get('Bag')!.fields.set('items', [5]),
      /Bag.items: must be an array/,
    ],
    [
      'too much in a list',
      (saved) => void saved.components.get('Bag')!.fields.set('friends', [[1, 2, 3, 1, 2]]),
      /Bag.friends: has 5 elements, at most 4 fit/,
    ],
    [
      'a map without entries',
      (saved) => void saved.components.get('Bag')!.fields.set('ammo', [['arrow']]),
      /Bag.ammo: must be an array of entries/,
    ],
    [
      'neither 0 nor 1',
      (saved) => void saved.components.get('Health')!.fields.set('alive', [2]),
      /Health.alive: must be 0 or 1, got 2/,
    ],
    [
      'a payload of another type',
      (saved) => void (saved.origins[0]!.payload = { color: 300 }),
      /Ball.color: must be a whole number/,
    ],
    ['a payload with more', (saved) => void (saved.origins[0]!.payload = { size: 3 }), /Ball.size is only in the save/],
    ['a key too long', (saved) => void (saved.origins[0]!.key = 'k'.repeat(65)), /key: is 65 bytes long/],
    [
      'a key twice',
      (saved) => void saved.origins.push({ entity: 1, prefab: '', payload: {}, key: 'ball 1' }),
      /two entities have the key "ball 1"/,
    ],
  ])('that leaves %s is told so, and nothing is loaded', (_, migrate, problem) => {
    const world = createServerWorld(protocol)
    const error = errorOf(() => loadWorld(world, savedShip(), { migrate }))
    expect([error.code, error.message]).toEqual(['save-mismatch', expect.stringMatching(problem)])
    expect(query(world, [Networked])).toHaveLength(0)
  })
})

describe('a type of the game’s own', () => {
  const big = custom<bigint>({
    text: 'big(8)',
    maxBytes: 8,
    zero: 0n,
    check: () => undefined,
    write: (writer, value) => writer.f64(Number(value)),
    read: (reader) => BigInt(reader.f64()),
  })
  const Purse = { coins: [] as SyncList<bigint>[], notes: [] as SyncList<number>[] }
  const Chest = definePrefab({ payload: { gold: big } })
  const older = defineProtocol({
    components: { Purse: replicate(Purse, { coins: listOf(big, 4), notes: listOf(u16, 4) }) },
    prefabs: { Chest },
  })
  const bytes = (): Uint8Array => {
    const world = createServerWorld(older)
    const chest = spawn(world, Chest, { gold: 5n })
    addComponent(world, chest, Purse)
    Purse.coins[chest]!.push(7n)
    Purse.notes[chest]!.push(8)
    return saveWorld(world)
  }

  it('is saved and loaded as any other, also by a later protocol that still has it', () => {
    const newer = defineProtocol({
      components: { Purse: replicate(Purse, { coins: listOf(big, 9), notes: listOf(u8, 4) }) },
      prefabs: { Chest },
    })
    for (const one of [older, newer]) {
      const [chest] = loadWorld(createServerWorld(one), bytes()).entities
      expect([[...Purse.coins[chest!]!], [...Purse.notes[chest!]!]]).toEqual([[7n], [8]])
    }
  })

  it('cannot be read when the protocol no longer has it: the migration gets its name, and all other values', () => {
    const Changed = { coins: [] as SyncList<number>[], notes: [] as SyncList<number>[] }
    const newer = defineProtocol({
      components: { Purse: replicate(Changed, { coins: listOf(u16, 4), notes: listOf(u16, 4) }) },
      prefabs: { Chest: definePrefab({ payload: { gold: u16 } }) },
    })
    const { message } = errorOf(() => loadWorld(createServerWorld(newer), bytes()))
    expect(message).toContain('Purse.coins is list(custom(big(8)),4) in the save, list(u16,4) in this game')
    expect(message).toContain('the payload of Chest cannot be read')
    const unreadable: string[] = []
    const { entities } = loadWorld(createServerWorld(newer), bytes(), {
      migrate(saved) {
        unreadable.push(...saved.unreadable)
        saved.components.get('Purse')!.fields.set('coins', [[1, 2]])
        saved.origins[0]!.payload = {}
      },
    })
    expect(unreadable).toEqual(['Chest', 'Purse.coins'])
    expect([[...Changed.coins[entities[0]!]!], [...Changed.notes[entities[0]!]!]]).toEqual([[1, 2], [8]])
  })
})
