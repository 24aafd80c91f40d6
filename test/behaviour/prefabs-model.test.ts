// A seeded model test of prefabs and spawn keys: entities with and without them come and go, clients claim keys before
// and after, hide and return, on a bad network. After quiet, every client has built exactly what lives, on the right
// entities.
import {
  addComponent,
  addEntity,
  createEntityIndex,
  entityExists,
  hasComponent,
  query,
  removeComponent,
  removeEntity,
} from 'bitecs'
import { type ClientWorld, createClientWorld, despawn, drain, netIdOf, NetworkErrors, setReady } from 'bitecs-net'
import { entityOfKey, onSpawn, prefabOf, setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { Networked, Predicted } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { failingSeeds, generator, type Random, seedCount } from '../support/seeds.js'

const SEEDS = seedCount(480, 120)
const TICKS = 90
const KEYS = 6

/** What one client's hooks have built, and which of its own entities claim keys. */
interface Player {
  readonly world: ClientWorld
  readonly built: Map<number, string>
  readonly scene: Map<string, number>
}

class Model {
  readonly net: TestNetwork
  readonly players: Player[] = []
  /** The server's entities, and the label of those that are balls. */
  readonly entities = new Map<number, string | undefined>()
  private readonly entityIndex = createEntityIndex()
  private spawned = 0

  constructor(
    seed: number,
    private readonly random: Random,
  ) {
    const conditions = {
      latency: random(100),
      jitter: random(80),
      loss: random(25) / 100,
      duplicate: random(20) / 100,
      reorder: random(30) / 100,
      reorderBy: 20 + random(100),
    }
    this.net = createTestNetwork(game.arena, { clients: 0, seed, conditions, entityIndex: this.entityIndex })
    this.join()
    this.join()
  }

  join(): void {
    const { net, entityIndex } = this
    const world = createClientWorld(game.arena, { entityIndex, now: () => net.now })
    const player: Player = { world, built: new Map(), scene: new Map() }
    onSpawn(world, game.Ball, ({ entity, args }) => {
      if (player.built.has(entity)) throw new Error(`built twice: ${entity}`)
      if (hasComponent(world, entity, Networked)) throw new Error(`built too late: ${entity}`)
      player.built.set(entity, args.name)
      return () => {
        if (hasComponent(world, entity, Networked)) throw new Error(`torn down too early: ${entity}`)
        if (!hasComponent(world, entity, game.Glow)) throw new Error(`torn down too late: ${entity}`)
        player.built.delete(entity)
      }
    })
    this.players.push(player)
    net.begin({ world })
  }

  act(): void {
    const { random, net } = this
    const { server } = net
    const key = random(2) === 0 ? undefined : `key ${random(KEYS)}`
    const one = [...this.entities.keys()][random(Math.max(1, this.entities.size))]
    const what = random(10)
    if (what <= 2 || one === undefined) {
      if (key !== undefined && entityOfKey(server, key) !== 0) return
      const name = `ball ${this.spawned++}`
      const ball = spawn(
        server,
        game.Ball,
        { color: 1, thrower: one ?? 0, name },
        { key, set: (eid) => this.write(eid) },
      )
      this.entities.set(ball, name)
    } else if (what === 3) {
      const ship = game.spawnShip(server, random(100))
      if (key !== undefined && entityOfKey(server, key) === 0) setSpawnKey(server, ship, key)
      this.entities.set(ship, undefined)
    } else if (what <= 5) {
      despawn(server, one)
      this.entities.delete(one)
    } else if (what === 6) {
      removeComponent(server, one, Networked)
      addComponent(server, one, Networked)
    } else if (what === 7) this.claim(this.players[random(this.players.length)]!, `key ${random(KEYS)}`)
    else this.write(one)
  }

  /** A client’s own entity claims a key that nothing of its own has. */
  private claim({ world, scene }: Player, key: string): void {
    if (scene.has(key) && entityExists(world, scene.get(key)!)) return
    const eid = addEntity(world)
    if (this.random(2) === 0) addComponent(world, eid, game.Health)
    const kind = this.random(3) === 0 ? 'predicted' : 'scene'
    try {
      setSpawnKey(world, eid, key, { kind, waitTicks: 1 + this.random(20) })
      if (kind === 'scene') scene.set(key, eid)
    } catch {
      // Not connected yet, or something predicted waits for it, or it has spawned.
      removeEntity(world, eid)
    }
  }

  private write(eid: number): void {
    game.Health.hp[eid] = this.random(60_000)
    game.Position.x[eid] = this.random(8000) / 8 - 500
  }

  /** The first difference between what the server has and what a client shows, or ''. */
  difference(): string {
    const { net, players, entities } = this
    for (const { world, built, scene } of players) {
      if (game.networked(world).length !== entities.size) return 'another number of entities'
      if (query(world, [Predicted]).length > 0) return 'something waits for ever'
      let balls = 0
      for (const [eid, label] of entities) {
        const copy = game.copyOf(world, net.server, eid)
        if (copy === 0) return 'an entity is missing'
        if (game.Health.hp[copy] !== game.Health.hp[eid]) return 'another health'
        if (game.Position.x[copy] !== game.quantize(game.Position.x[eid]!)) return 'another place'
        if (prefabOf(world, copy) !== prefabOf(net.server, eid)) return 'another prefab'
        if (hasComponent(world, copy, game.Glow) !== (label !== undefined)) return 'glows where it should not, or not'
        if (built.get(copy) !== label) return `built ${built.get(copy)} instead of ${label}`
        if (label !== undefined) balls++
      }
      if (built.size !== balls) return 'something was not torn down'
      for (const [key, local] of scene) {
        // It is gone when the server destroyed what it stood for; else it is the server's, if that has one.
        if (!entityExists(world, local) || entityOfKey(world, key) !== local) continue
        if (netIdOf(world, local) !== netIdOf(net.server, entityOfKey(net.server, key)))
          return 'a scene that is not matched'
      }
    }
    return ''
  }
}

function play(seed: number): void {
  const random = generator(seed)
  const model = new Model(seed, random)
  const { net, players } = model
  for (let tick = 0; tick < TICKS; tick++) {
    for (let n = random(4); n > 0; n--) model.act()
    if (tick === 30) model.join()
    if (tick === 40) setReady(players[0]!.world, false)
    if (tick === 55) setReady(players[0]!.world, true)
    net.tick()
  }
  for (let wait = 0; wait < 10 && model.difference() !== ''; wait++) net.tick(30)
  expect(model.difference()).toBe('')
  expect([...drain(net.server, NetworkErrors)]).toEqual([])
  for (const { world } of players) {
    expect([...drain(world, NetworkErrors)]).toEqual([])
    expect(stats(world).counters.malformedPackets).toBe(0)
  }
}

it(`builds on every client exactly what lives, on the right entities, for ${SEEDS} seeds`, () => {
  expect(failingSeeds(play, SEEDS)).toEqual([])
}, 240_000)
