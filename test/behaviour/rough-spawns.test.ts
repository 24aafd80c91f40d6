// Game code that removes a copy while it begins, and takes its id for an entity of its own.
import { addEntity, hasComponent, observe, onAdd, query, removeEntity } from 'bitecs'
import { drain, NetworkErrors } from 'bitecs-net'
import { onSpawn, setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const payload = { color: 1, thrower: 0, name: 'x' }

/** Replaces an entity of the client's world by one of the game's own, which gets its id. */
function replace(net: TestNetwork, entity: number, made: number[]): void {
  const { world } = net.clients[0]!
  removeEntity(world, entity)
  const own = addEntity(world)
  expect(own).toBe(entity)
  made.push(own)
}

/** What is wrong with the one entity of the game's own: nothing. */
function wrongs(net: TestNetwork, made: readonly number[]): unknown[] {
  const { world } = net.clients[0]!
  expect(made).toHaveLength(1)
  const got = [game.Position, game.Health, game.Glow, Networked].filter((store) => hasComponent(world, made[0]!, store))
  return [...got, ...query(world, [Networked]), ...drain(world, NetworkErrors)]
}

describe('45: an entity of the game’s own that gets the id of a copy which was removed', () => {
  it('in the hook of its prefab stays its own, also when values follow and the entity ends', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const made: number[] = []
    let tornDown = 0
    onSpawn(net.clients[0]!.world, game.Ball, ({ entity }) => {
      replace(net, entity, made)
      return () => void tornDown++
    })
    const ball = spawn(net.server, game.Ball, payload)
    net.tick(3)
    game.Health.hp[made[0]!] = 77
    game.Health.hp[ball] = 5
    net.tick(3)
    removeEntity(net.server, ball)
    net.tick(3)
    expect([tornDown, game.Health.hp[made[0]!]]).toEqual([1, 77])
    expect(wrongs(net, made)).toEqual([])
  })

  it('while its first component comes, gets none of the others', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const made: number[] = []
    observe(net.clients[0]!.world, onAdd(game.Position), (entity: number) => {
      if (made.length === 0) replace(net, entity, made)
    })
    spawn(net.server, game.Ball, payload)
    net.tick(3)
    expect(wrongs(net, made)).toEqual([])
  })

  it('may have a key of its own at once', () => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const made: number[] = []
    onSpawn(net.clients[0]!.world, game.Ball, ({ entity }) => {
      replace(net, entity, made)
      setSpawnKey(net.clients[0]!.world, entity, 'mine')
    })
    spawn(net.server, game.Ball, payload)
    net.tick(3)
    expect(wrongs(net, made)).toEqual([])
  })
})
