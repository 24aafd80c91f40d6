// Tests prefabs and spawn keys in a host's world: the hooks of its own client run on the server's entities.
import {
  addComponent,
  addEntity,
  entityExists,
  hasComponent,
  observe,
  onAdd,
  onRemove,
  removeComponent,
  removeEntity,
} from 'bitecs'
import { close, connectionOf, despawn, drain, NetworkErrors, sendMessage, setPlayer, setReady } from 'bitecs-net'
import { createHostWorld, withSide } from 'bitecs-net/host'
import { entityOfKey, onSpawn, prefabOf, setSpawnKey, spawn, UnmatchedSpawns, usePrefab } from 'bitecs-net/prefabs'
import { userOf } from 'bitecs-net/users'
import { Connected, LocalPlayer, Networked, Predicted } from 'bitecs-net/components'
import { startHost } from 'bitecs-net/host'
import { hostPipeline, runSystems } from 'bitecs-net/systems'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const RED = { color: 3, thrower: 0, name: 'red' }

function setUp() {
  const world = createHostWorld(game.arena)
  const log: string[] = []
  onSpawn(world, game.Ball, ({ entity, args }) => {
    const seen = `${args.name} hp=${game.Health.hp[entity]} ${hasComponent(world, entity, game.Health)}`
    log.push(`build ${seen} thrower=${args.thrower}`)
    return () =>
      log.push(`tear down ${args.name} hp=${game.Health.hp[entity]} ${hasComponent(world, entity, Networked)}`)
  })
  startHost(world)
  const pipeline = hostPipeline({})
  const run = (ticks = 3): void => {
    for (let i = 0; i < ticks; i++) runSystems(world, pipeline)
  }
  run()
  return { world, log, run }
}

describe('16: prefabs on a host', () => {
  it('are built when the own client observes them, before LocalPlayer, and torn down when they end', () => {
    const { world, log, run } = setUp()
    const thrower = game.spawnShip(world)
    const ball = spawn(world, game.Ball, { ...RED, thrower }, { set: (eid) => (game.Health.hp[eid] = 7) })
    setPlayer(world, connectionOf(world), ball)
    expect(log).toEqual([])
    run(1)
    expect(log.splice(0)).toEqual([`build red hp=7 true thrower=${thrower}`])
    expect(hasComponent(world, ball, LocalPlayer)).toBe(true)
    expect(prefabOf(world, ball)).toBe(game.Ball)
    despawn(world, ball)
    expect(log.splice(0)).toEqual(['tear down red hp=7 false'])
    removeEntity(world, spawn(world, game.Ball, RED))
    run()
    expect(log).toEqual([])
  })

  it('are torn down while the own client is not ready, without Networked, and after it leaves', async () => {
    const { world, log, run } = setUp()
    const ball = spawn(world, game.Ball, RED)
    const events = (): string[] => log.splice(0).map((line) => line.slice(0, 5))
    run()
    expect(events()).toEqual(['build'])
    setReady(world, false)
    run()
    expect(events()).toEqual(['tear '])
    setReady(world, true)
    run()
    expect(events()).toEqual(['build'])
    removeComponent(world, ball, Networked)
    expect(events()).toEqual(['tear '])
    addComponent(world, ball, Networked)
    run()
    expect(events()).toEqual(['build'])
    await close(world)
    expect(events()).toEqual(['tear '])
    expect(hasComponent(world, connectionOf(world), Connected)).toBe(false)
  })

  it('are built by a hook that is set late, even for an entity with usePrefab', () => {
    const { world, run } = setUp()
    const door = addEntity(world)
    addComponent(world, door, Networked)
    usePrefab(world, door, game.Door)
    run()
    const doors: number[] = []
    onSpawn(world, game.Door, ({ entity }) => void doors.push(entity))
    expect(doors).toEqual([door])
    expect([...drain(world, NetworkErrors, { side: 'client' })]).toEqual([])
  })
})

describe('16: spawn keys on a host', () => {
  it("belong to the side that sets them; the server's entity replaces the client's with its key", () => {
    const { world, run } = setUp()
    const [scene, shot] = [addEntity(world), addEntity(world)]
    expect(() => setSpawnKey(world, scene, 'door')).toThrow(/server and client at once/)
    withSide(world, 'client', () => {
      setSpawnKey(world, scene, 'door')
      setSpawnKey(world, shot, 'shot', { kind: 'predicted' })
    })
    expect([hasComponent(world, shot, Predicted), entityOfKey(world, 'door')]).toEqual([true, scene])
    run()
    const door = spawn(world, game.Door, {}, { key: 'door' })
    const ours = addEntity(world)
    withSide(world, 'server', () => setSpawnKey(world, ours, 'shot'))
    addComponent(world, ours, Networked)
    expect(entityExists(world, scene)).toBe(true)
    run()
    expect([entityExists(world, scene), entityExists(world, shot)]).toEqual([false, false])
    expect([entityOfKey(world, 'door'), entityOfKey(world, 'shot')]).toEqual([door, ours])
    // A claim after the spawn.
    const late = addEntity(world)
    withSide(world, 'client', () => setSpawnKey(world, late, 'door'))
    run()
    expect([entityExists(world, late), entityExists(world, door)]).toEqual([false, true])
  })

  it('report a predicted entity that is not confirmed in time', () => {
    const { world, run } = setUp()
    const shot = addEntity(world)
    withSide(world, 'client', () => setSpawnKey(world, shot, 'shot', { kind: 'predicted', waitTicks: 3 }))
    const told: number[] = []
    for (let i = 0; i < 8; i++) {
      run(1)
      for (const { entity } of drain(world, UnmatchedSpawns)) told.push(entity)
    }
    expect(told).toEqual([shot])
    expect(entityExists(world, shot)).toBe(false)
  })
})

describe("the hooks of a host's own client", () => {
  it('run as client code, before LocalPlayer is added and after it is removed', () => {
    const { world, run } = setUp()
    const log: string[] = []
    observe(world, onAdd(LocalPlayer), () => void log.push('+LocalPlayer'))
    observe(world, onRemove(LocalPlayer), () => void log.push('-LocalPlayer'))
    onSpawn(world, game.Door, () => {
      sendMessage(world, game.Chat, { text: 'seen' })
      log.push('build')
      return () => log.push('tear down')
    })
    setPlayer(world, connectionOf(world), spawn(world, game.Door, {}))
    run(2)
    expect(Array.from(drain(world, game.Chat, { side: 'server' }), ({ args }) => args.text)).toEqual(['seen'])
    setReady(world, false)
    run()
    expect(log).toEqual(['build', '+LocalPlayer', '-LocalPlayer', 'tear down'])
  })
})

describe("the user data of a host's own client", () => {
  it('is the `user` option of startHost, until the host closes', async () => {
    const world = createHostWorld(game.arena)
    const user = { name: 'Ada' }
    for (const given of [user, undefined]) {
      startHost(world, { user: given })
      for (let i = 0; i < 3; i++) runSystems(world, hostPipeline({}))
      expect(userOf(world, connectionOf(world))).toBe(given)
      await close(world)
      expect(userOf(world, connectionOf(world))).toBeUndefined()
    }
  })
})
