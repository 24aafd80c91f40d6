// Prefabs: what both sides add, what the spawn carries, and what each client builds and tears down.
import { addComponent, addEntity, entityExists, hasComponent, query, removeComponent, removeEntity } from 'bitecs'
import {
  ArgumentError,
  close,
  connectionOf,
  createServerWorld,
  defineProtocol,
  despawn,
  drain,
  netIdOf,
  NetworkErrors,
  ProtocolError,
  removed,
  replicate,
  setReady,
  string,
  u8,
  UsageError,
} from 'bitecs-net'
import { listOf, type SyncList } from 'bitecs-net/collections'
import { definePrefab, onSpawn, prefabOf, spawn, usePrefab } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { Connected, Networked, SpawnOrigin } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { BEGIN, END, prefabBehaviours, recordBalls } from '../support/behaviours-prefabs.js'
import { inMemory } from '../support/peers.js'

const RED = { color: 3, thrower: 0, name: 'red' }

function setUp(options: Parameters<typeof createTestNetwork>[1] = {}) {
  const net = createTestNetwork(game.arena, options)
  const client = net.clients[0]!
  const copy = (eid: number): number => game.copyOf(client.world, net.server, eid)
  const set = (eid: number): void => void (game.Health.hp[eid] = 7)
  return { net, client, world: client.world, copy, set }
}

prefabBehaviours('the network in memory', inMemory)

describe('an entity of a prefab', () => {
  it('has its components on the server before its values are written, and its values before Networked', () => {
    const { net } = setUp()
    const { server } = net
    const seen: unknown[] = []
    const ball = spawn(server, game.Ball, RED, {
      set: (eid) => {
        seen.push(hasComponent(server, eid, game.Glow), hasComponent(server, eid, Networked), prefabOf(server, eid))
      },
    })
    expect(seen).toEqual([true, false, game.Ball])
    expect(hasComponent(server, ball, Networked)).toBe(true)
  })

  it('is hidden and returns: it is torn down, and built again with the same payload', () => {
    const { net, client, world, set } = setUp()
    const log = recordBalls(world)
    spawn(net.server, game.Ball, RED, { owner: client.connection, set })
    net.tick(3)
    expect(log.splice(0)).toEqual(BEGIN)
    setReady(world, false)
    net.tick(3)
    expect([...log.splice(0)]).toEqual(END)
    setReady(world, true)
    net.tick(3)
    expect(log).toEqual(BEGIN)
  })

  it('is torn down when its client loses the connection, and built again in the next session', () => {
    const { net, client, world, set } = setUp()
    const log = recordBalls(world)
    spawn(net.server, game.Ball, RED, { owner: client.connection, onLeave: 'keep', set })
    net.tick(3)
    log.length = 0
    void close(world)
    expect(log).toEqual([...END, '-Connected'])
    log.length = 0
    client.running = false
    net.connect({ world })
    expect(log).toEqual(['+Connected', ...BEGIN.filter((line) => !line.includes('Owned'))])
  })

  it('keeps its prefab when it is taken from the network and put back', () => {
    const { net, world, set } = setUp()
    const log = recordBalls(world)
    const ball = spawn(net.server, game.Ball, RED, { set })
    net.tick(3)
    removeComponent(net.server, ball, Networked)
    net.tick(2)
    expect(log.at(-1)).toBe('-Health hp=7')
    log.length = 0
    addComponent(net.server, ball, Networked)
    net.tick(2)
    expect(log).toEqual(BEGIN.slice(0, -1))
    // Both within one tick: another net id, so another copy.
    log.length = 0
    removeComponent(net.server, ball, Networked)
    addComponent(net.server, ball, Networked)
    net.tick(2)
    expect(log.filter((line) => line.startsWith('build') || line.startsWith('tear'))).toEqual([BEGIN[3], END[2]])
  })

  it('45: whose id is another entity’s by now leaves that one no prefab', () => {
    const { net, world, copy } = setUp()
    const ball = spawn(net.server, game.Ball, RED)
    net.tick(2)
    removeEntity(net.server, ball)
    const other = addEntity(net.server)
    expect(other).toBe(ball)
    expect(prefabOf(net.server, other)).toBeUndefined()
    addComponent(net.server, other, Networked)
    net.tick(3)
    expect(copy(other)).not.toBe(0)
    expect(prefabOf(world, copy(other))).toBeUndefined()
    expect(hasComponent(world, copy(other), game.Glow)).toBe(false)
  })

  it('without a payload needs none, and one without a hook is just there', () => {
    const { net, world, copy } = setUp()
    const door = spawn(net.server, game.Door)
    net.tick(2)
    expect(prefabOf(world, copy(door))).toBe(game.Door)
    expect(hasComponent(world, copy(door), game.Position)).toBe(true)
  })

  it('shows a replicated component that the server took away before the spawn on neither side', () => {
    const { net, world, copy } = setUp()
    const ball = spawn(net.server, game.Ball, RED, {
      set: (eid) => removeComponent(net.server, eid, game.Health),
    })
    net.tick(2)
    expect(hasComponent(world, copy(ball), game.Health)).toBe(false)
    expect(hasComponent(world, copy(ball), game.Glow)).toBe(true)
  })

  it('is not built on any client when it is spawned and despawned within a tick', () => {
    const { net, world } = setUp()
    const log = recordBalls(world)
    despawn(net.server, spawn(net.server, game.Ball, RED))
    net.tick(3)
    expect(log).toEqual([])
  })
})

describe('usePrefab', () => {
  it('makes an own entity one of a prefab, before it is networked and in the same tick', () => {
    const { net, world } = setUp()
    const { server } = net
    const names: string[] = []
    onSpawn(world, game.Ball, ({ args }) => void names.push(args.name))
    const before = addEntity(server)
    usePrefab(server, before, game.Ball, { ...RED, name: 'before' })
    net.tick(2)
    addComponent(server, before, Networked)
    const after = addEntity(server)
    addComponent(server, after, Networked)
    usePrefab(server, after, game.Ball, { ...RED, name: 'after' })
    net.tick(2)
    expect(names).toEqual(['before', 'after'])
    expect(hasComponent(server, after, game.Glow)).toBe(true)
  })

  it('is refused for what clients know already, for connections, and for nothing', () => {
    const { net, client } = setUp()
    const { server } = net
    const ship = game.spawnShip(server)
    net.tick()
    expect(() => usePrefab(server, ship, game.Door)).toThrow(/clients know entity \d+ already/)
    expect(() => usePrefab(server, client.connection, game.Door)).toThrow(/is a connection/)
    const gone = addEntity(server)
    removeEntity(server, gone)
    expect(() => usePrefab(server, gone, game.Door)).toThrow(/there is no entity/)
    // Where it is paused, clients do not know it.
    removeComponent(server, ship, Networked)
    usePrefab(server, ship, game.Door)
    expect(prefabOf(server, ship)).toBe(game.Door)
    removeComponent(server, ship, SpawnOrigin)
    expect(prefabOf(server, ship)).toBeUndefined()
  })
})

describe('spawn leaves no entity behind when it throws', () => {
  it.each([
    ['a payload out of range', (net) => spawn(net.server, game.Ball, { ...RED, color: 256 }), ArgumentError],
    ['a connection that is none', (net) => spawn(net.server, game.Door, {}, { owner: 999 }), UsageError],
    ['a prefab that is not listed', (net) => spawn(net.server, definePrefab()), UsageError],
    [
      'an option that is none',
      (net) => spawn(net.server, game.Door, {}, { owner: net.clients[0]!.connection, onLeave: 'never' as 'keep' }),
      UsageError,
    ],
    [
      'values that throw',
      (net) =>
        spawn(net.server, game.Door, undefined, {
          set: () => {
            throw new RangeError('not today')
          },
        }),
      RangeError,
    ],
  ] as [string, (net: ReturnType<typeof createTestNetwork>) => number, new (...args: never[]) => Error][])(
    '%s',
    (_, act, kind) => {
      const { net } = setUp()
      const before = addEntity(net.server)
      removeEntity(net.server, before)
      expect(() => act(net)).toThrow(kind)
      // The next id is the same: nothing was left.
      // The one that was made may have been networked for a moment, and events name it: its id comes back later.
      net.tick(2)
      expect(Array.from({ length: 3 }, () => addEntity(net.server))).toContain(before)
      expect(query(net.server, [SpawnOrigin])).toHaveLength(0)
    },
  )
})

describe('a hook', () => {
  it('builds existing entities in spawn order when it is set late; removing it tears them down in reverse order', () => {
    const { net, world } = setUp()
    for (const name of ['a', 'b', 'c']) spawn(net.server, game.Ball, { ...RED, name })
    net.tick(3)
    const log: string[] = []
    const stop = onSpawn(world, game.Ball, ({ entity, args: { name } }) => {
      log.push(`build ${name} ${hasComponent(world, entity, Networked)}`)
      return () => log.push(`tear down ${name}`)
    })
    expect(log).toEqual(['build a true', 'build b true', 'build c true'])
    log.length = 0
    stop()
    stop()
    expect(log).toEqual(['tear down c', 'tear down b', 'tear down a'])
    log.length = 0
    spawn(net.server, game.Ball, { ...RED, name: 'd' })
    net.tick(3)
    expect(log).toEqual([])
    onSpawn(world, game.Ball, ({ args: { name } }) => void log.push(name))
    expect(log).toEqual(['a', 'b', 'c', 'd'])
  })

  it('is the only one of its prefab and world: the next takes its place, tears down what it built, and says so', () => {
    const { net, world } = setUp()
    const log: string[] = []
    const logged =
      (who: string) =>
      ({ args: { name } }: { args: { name: string } }) => {
        log.push(`${who} builds ${name}`)
        return () => void log.push(`${who} tears down ${name}`)
      }
    const first = logged('first')
    const stop = onSpawn(world, game.Ball, first)
    for (const name of ['a', 'b']) spawn(net.server, game.Ball, { ...RED, name })
    net.tick(3)
    log.length = 0
    onSpawn(world, game.Ball, logged('second'))
    const places = ['first tears down b', 'first tears down a', 'second builds a', 'second builds b']
    expect(log).toEqual(places)
    expect([...drain(world, NetworkErrors)].map(({ code, name }) => [code, name])).toEqual([
      ['handler-replaced', 'Ball'],
    ])
    log.length = 0
    onSpawn(world, game.Ball, first, { replace: true })
    expect(log).toEqual(['second tears down b', 'second tears down a', 'first builds a', 'first builds b'])
    expect([...drain(world, NetworkErrors)]).toEqual([])
    // It takes away the hook that it was returned for, and no later one, be it of the same function.
    stop()
    expect(log).toHaveLength(4)
  })

  it('needs a prefab that is listed', () => {
    const { world } = setUp()
    expect(() => onSpawn(world, definePrefab(), () => undefined)).toThrow(/not listed/)
  })

  it('is reported and counted when it throws, and so is its teardown; the entity still spawns and despawns', () => {
    const { net, world, copy } = setUp()
    let fails = true
    onSpawn(world, game.Ball, () => {
      if (fails) throw new Error('no texture')
      return () => {
        throw new Error('no context')
      }
    })
    const first = spawn(net.server, game.Ball, RED)
    net.tick(2)
    const firstCopy = copy(first)
    expect(hasComponent(world, firstCopy, Networked)).toBe(true)
    fails = false
    const second = spawn(net.server, game.Ball, RED)
    net.tick(2)
    const secondCopy = copy(second)
    despawn(net.server, second)
    net.tick(3)
    expect(entityExists(world, secondCopy)).toBe(false)
    const reports = [...drain(world, NetworkErrors)].map(({ code, message, entity, name }) => [
      code,
      message,
      entity,
      name,
    ])
    expect(reports).toEqual([
      ['handler-threw', 'the hook of Ball threw: no texture', firstCopy, 'Ball'],
      ['handler-threw', 'the teardown of Ball threw: no context', secondCopy, 'Ball'],
    ])
    expect(stats(world).counters.handlerErrors).toBe(2)
  })

  it('44: may remove the copy that it is given: what it built is torn down, and the next spawn is built', () => {
    const { net, world, copy } = setUp()
    const log: string[] = []
    let removes = true
    onSpawn(world, game.Ball, ({ entity, args }) => {
      log.push(`build ${args.name}`)
      if (removes) removeEntity(world, entity)
      return () => log.push(`tear down ${args.name}`)
    })
    const ball = spawn(net.server, game.Ball, RED)
    net.tick(2)
    expect(log.splice(0)).toEqual(['build red', 'tear down red'])
    expect(copy(ball)).toBe(0)
    game.Position.x[ball] = 5
    removes = false
    spawn(net.server, game.Ball, { ...RED, name: 'blue' })
    net.tick(3)
    expect(log).toEqual(['build blue'])
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })

  it('44: tears down where the game itself removes the copy, or takes Networked from it', () => {
    const { net, world, copy } = setUp()
    const log: string[] = []
    onSpawn(
      world,
      game.Ball,
      ({ args }) =>
        () =>
          void log.push(args.name),
    )
    const [a, b] = ['a', 'b'].map((name) => spawn(net.server, game.Ball, { ...RED, name }))
    net.tick(2)
    removeEntity(world, copy(a!))
    removeComponent(world, copy(b!), Networked)
    expect(log).toEqual(['a', 'b'])
    despawn(net.server, a!)
    despawn(net.server, b!)
    net.tick(3)
    expect(log).toEqual(['a', 'b'])
  })

  it('may take itself away while it builds', () => {
    const { net, world } = setUp()
    const log: string[] = []
    const stop = onSpawn(world, game.Ball, ({ args }) => {
      stop()
      return () => log.push(args.name)
    })
    spawn(net.server, game.Ball, { ...RED, name: 'a' })
    spawn(net.server, game.Ball, { ...RED, name: 'b' })
    net.tick(2)
    expect(log).toEqual(['a'])
  })

  it('finds the net id, and the reason of the end in its teardown', () => {
    const { net, world } = setUp()
    const log: unknown[] = []
    onSpawn(world, game.Ball, ({ entity }) => {
      log.push(netIdOf(world, entity))
      return () => log.push(netIdOf(world, entity), Networked.reason[entity])
    })
    const ball = spawn(net.server, game.Ball, RED)
    const id = netIdOf(net.server, ball)
    net.tick(2)
    despawn(net.server, ball)
    net.tick(2)
    expect(log).toEqual([id, id, 'destroyed'])
    for (const event of drain(world, removed(Connected))) expect(event.entity).toBe(connectionOf(world))
  })
})

describe('a prefab', () => {
  it('is refused when its components or its payload are not valid', () => {
    expect(() => definePrefab({ components: [undefined as unknown as object] })).toThrow(/components\[0\] is undefined/)
    expect(() => definePrefab({ components: [game.Flag, game.Flag] })).toThrow(/listed twice/)
    expect(() => definePrefab({ payload: { text: string(15_200) } })).toThrow(/at most 15152 fit a spawn/)
    expect(() => definePrefab({ payload: { text: 5 as never } })).toThrow(ProtocolError)
    const Bag = replicate({ items: [] as SyncList<string>[] }, { items: listOf(string(100), 100) })
    const Large = definePrefab({ payload: { text: string(6_200) } })
    expect(() => defineProtocol({ components: { Bag }, prefabs: { Large } })).toThrow(
      /largest payload of a prefab take/,
    )
    const Same = definePrefab()
    expect(() => defineProtocol({ prefabs: { Same, Other: Same } })).toThrow(/the same prefab/)
    expect(() => defineProtocol({ prefabs: { 'no name': Same } })).toThrow(/names are/)
    expect(() => defineProtocol({ remote: { Same: Same as never } })).toThrow(/list it under prefabs/)
  })

  it('47: of another payload, or on one side alone, is a difference of the protocols', () => {
    const ours = defineProtocol({ prefabs: { Ball: definePrefab({ payload: { color: u8 } }), Wall: definePrefab() } })
    const theirs = defineProtocol({ prefabs: { Ball: definePrefab({ payload: { color: string(5) } }) } })
    const net = createTestNetwork(ours, { clientProtocol: theirs, clients: 0 })
    const { reason } = net.connect()
    expect(reason?.code).toBe('protocol-mismatch')
    expect(reason?.text).toMatch(/prefab Ball is \{color:u8\} on the server, \{color:string\(5\)\} on the client/)
    expect(reason?.text).toMatch(/prefab Wall is only on the server/)
    expect(createServerWorld(ours)).toBeDefined()
  })

  it('with the largest payload fits a packet with a whole row and a whole key', () => {
    const Book = definePrefab({ payload: { text: string(15_149) } })
    const net = createTestNetwork(defineProtocol({ prefabs: { Book } }))
    const { world } = net.clients[0]!
    let length = 0
    onSpawn(world, Book, ({ args }) => void (length = args.text.length))
    spawn(net.server, Book, { text: 'x'.repeat(15_149) }, { key: 'k'.repeat(64) })
    net.tick(3)
    expect(length).toBe(15_149)
  })
})
