// Behaviours of prefabs that hold over every network.
import { addComponent, addEntity, entityExists, hasComponent, observe, onAdd, onRemove } from 'bitecs'
import { type ClientWorld, close, connectionOf, despawn, netIdOf } from 'bitecs-net'
import { entityOfKey, onSpawn, prefabOf, setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { Connected, LocalPlayer, Networked, Owned, Predicted } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'
import * as game from './arena.js'
import { withPeers } from './behaviours-remote.js'
import type { MakePeers } from './peers.js'

const COMPONENTS = {
  Position: game.Position,
  Health: game.Health,
  Glow: game.Glow,
  Networked,
  Owned,
  LocalPlayer,
  Connected,
}

/** Writes down what happens to a client's entities, with their health, and when balls are built and torn down. */
export function recordBalls(world: ClientWorld): string[] {
  const log: string[] = []
  for (const [name, component] of Object.entries(COMPONENTS)) {
    const value = (eid: number): string => (component === Connected ? '' : ` hp=${game.Health.hp[eid]}`)
    observe(world, onAdd(component), (eid: number) => void log.push(`+${name}${value(eid)}`))
    observe(world, onRemove(component), (eid: number) => void log.push(`-${name}${value(eid)}`))
  }
  onSpawn(world, game.Ball, ({ entity, args }) => {
    log.push(`build ${args.color} ${args.name} hp=${game.Health.hp[entity]}`)
    return () => log.push(`tear down ${args.color} hp=${game.Health.hp[entity]}`)
  })
  return log
}

export const BEGIN = [
  '+Health hp=7',
  '+Position hp=7',
  '+Glow hp=7',
  'build 3 red hp=7',
  '+Networked hp=7',
  '+Owned hp=7',
]
export const END = [
  '-Owned hp=7',
  '-Networked hp=7',
  'tear down 3 hp=7',
  '-Glow hp=7',
  '-Position hp=7',
  '-Health hp=7',
]

export function prefabBehaviours(network: string, make: MakePeers): void {
  describe(`prefabs over ${network}`, () => {
    it('builds the local side between components and Networked, and tears it down between Networked and components', () =>
      withPeers(make, 1, async (peers) => {
        const { world, connection } = peers.clients[0]!
        const log = recordBalls(world)
        const set = (eid: number): void => void (game.Health.hp[eid] = 7)
        const ball = spawn(
          peers.server,
          game.Ball,
          { color: 3, thrower: 0, name: 'red' },
          { owner: connection, onLeave: 'keep', set },
        )
        await peers.until('the ball is there', () => log.length === BEGIN.length)
        expect(log).toEqual(BEGIN)
        const copy = game.copyOf(world, peers.server, ball)
        expect(prefabOf(world, copy)).toBe(game.Ball)
        expect(prefabOf(peers.server, ball)).toBe(game.Ball)
        log.length = 0
        despawn(peers.server, ball)
        await peers.until('the ball is gone', () => log.length === END.length)
        expect(log).toEqual(END)
        expect(prefabOf(world, copy)).toBeUndefined()
      }))

    it('24: tears everything down before the connection ends, in reverse order, when the server stops', () =>
      withPeers(make, 1, async (peers) => {
        const { world, connection } = peers.clients[0]!
        const log = recordBalls(world)
        const set = (eid: number): void => void (game.Health.hp[eid] = 7)
        spawn(peers.server, game.Ball, { color: 3, thrower: 0, name: 'red' }, { owner: connection, set })
        await peers.until('the ball is there', () => log.length === BEGIN.length)
        log.length = 0
        await close(peers.server)
        const mine = connectionOf(world)
        await peers.until('the client has left', () => !hasComponent(world, mine, Connected))
        expect(log).toEqual([...END, '-Connected'])
      }))

    it('brings a late client the payload that the spawn had, with entities as its own', () =>
      withPeers(make, 1, async (peers) => {
        const thrower = game.spawnShip(peers.server)
        const ball = spawn(peers.server, game.Ball, { color: 255, thrower, name: 'grün' })
        await peers.settle()
        const seen: unknown[] = []
        let local: ClientWorld | undefined
        const late = await peers.join((world) => {
          local = world
          onSpawn(world, game.Ball, ({ entity, args }) => void seen.push({ entity, ...args }))
        })
        await peers.until('the ball is there', () => seen.length > 0)
        expect(late.world).toBe(local)
        const copy = (eid: number): number => game.copyOf(late.world, peers.server, eid)
        expect(seen).toEqual([{ entity: copy(ball), color: 255, thrower: copy(thrower), name: 'grün' }])
        expect(copy(thrower)).not.toBe(0)
        expect(netIdOf(late.world, copy(ball))).toBe(netIdOf(peers.server, ball))
      }))

    it('lets a client’s own entities stand for the server’s, by a key: of its scene, and made ahead', () =>
      withPeers(make, 0, async (peers) => {
        let door = 0
        const { world } = await peers.join((joining) => {
          door = addEntity(joining)
          addComponent(joining, door, game.Flag)
          setSpawnKey(joining, door, 'door/1')
        })
        const shot = addEntity(world)
        addComponent(world, shot, game.Glow)
        setSpawnKey(world, shot, 'shot/1', { kind: 'predicted', waitTicks: 600 })
        expect(hasComponent(world, shot, Predicted)).toBe(true)
        const serverDoor = spawn(peers.server, game.Door, {}, { key: 'door/1' })
        const serverShot = game.spawnShip(peers.server, 1, 2, 3)
        setSpawnKey(peers.server, serverShot, 'shot/1')
        await peers.until('both are there', () => game.networked(world).length === 2)
        expect(game.copyOf(world, peers.server, serverDoor)).toBe(door)
        expect(game.copyOf(world, peers.server, serverShot)).toBe(shot)
        expect([entityOfKey(world, 'door/1'), entityOfKey(peers.server, 'door/1')]).toEqual([door, serverDoor])
        expect([game.Health.hp[shot], hasComponent(world, shot, game.Glow)]).toEqual([3, true])
        // The server's door has no flag, so while it stands for that one the client's has none either.
        expect([hasComponent(world, door, game.Flag), hasComponent(world, shot, Predicted)]).toEqual([false, false])
        await close(world)
        expect([entityExists(world, door), hasComponent(world, door, Networked)]).toEqual([true, false])
        expect(entityExists(world, shot)).toBe(false)
      }))
  })
}
