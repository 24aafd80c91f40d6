// Tests host mode: one world that is server and client, whose own client is treated like any other.
import { addEntity, hasComponent, observe, onAdd, removeComponent, removeEntity } from 'bitecs'
import {
  clearOwner,
  despawn,
  drain,
  kick,
  NetworkErrors,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  serverTick,
  setOwner,
  setPlayer,
  setReady,
} from 'bitecs-net'
import { observersOf } from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { Connected, LocalPlayer, Networked } from 'bitecs-net/components'
import { createHostWorld } from 'bitecs-net/host'

import { createTestNetwork, type HostTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { remoteActionBehaviours } from '../support/behaviours-remote.js'
import { requestBehaviours } from '../support/behaviours-requests.js'
import { asHost } from '../support/peers.js'

// The first client is the host's own, the others are remote.
remoteActionBehaviours('a host', asHost)
requestBehaviours('a host', asHost)

function hosted(clients = 0): HostTestNetwork {
  return createTestNetwork(game.arena, { host: true, clients })
}

/** A ship of the host's own client. */
function ownShip(network: HostTestNetwork): number {
  const ship = game.spawnShip(network.server, 10, 20)
  setOwner(network.server, ship, network.host.connection)
  network.tick()
  return ship
}

describe('16: host mode: commands and RPCs go through the same queues with the same checks and in the same tick phases as for a remote client', () => {
  describe('the commands of a host', () => {
    it('run through the same queue, exactly once, with the exact values, in the order sent', () => {
      const network = hosted(1)
      const { server, host } = network
      const ship = ownShip(network)
      for (let i = 0; i < 3; i++) sendCommand(server, ship, game.Move, { dx: i + 0.5, dy: -i })
      expect([...drain(server, game.Move)]).toEqual([])
      network.tick()
      const seen: unknown[] = []
      for (const { entity, sender, args } of drain(server, game.Move)) seen.push([entity, sender, args.dx, args.dy])
      expect(seen).toEqual([0, 1, 2].map((i) => [ship, host.connection, i + 0.5, -i]))
      network.tick(3)
      expect([...drain(server, game.Move)]).toEqual([])
    })

    it('are drained in the same ticks as those of a remote client, and so are its RPCs', () => {
      const remote = ticksOfCalls(false)
      expect(remote).toEqual({ server: [1, 2, 3, 4, 5, 6], client: [2, 2, 3, 3, 4, 4, 5, 5, 6, 6] })
      expect(ticksOfCalls(true)).toEqual(remote)
    })

    it('are dropped and counted on an entity that its client does not own, unless they need no authority', () => {
      const network = hosted(1)
      const { server, host, clients } = network
      const ship = game.spawnShip(server)
      setOwner(server, ship, clients[0]!.connection)
      network.tick(2)
      sendCommand(server, ship, game.Move, { dx: 1, dy: 1 })
      sendCommand(server, ship, game.Knock, { door: 3 })
      network.tick()
      expect([...drain(server, game.Move)]).toEqual([])
      expect([...drain(server, game.Knock)].map(({ sender }) => sender)).toEqual([host.connection])
      expect(stats(server, { side: 'server' }).counters.unauthorizedCalls).toBe(1)
      expect(hasComponent(server, host.connection, Connected)).toBe(true)
      // A remote client finds the same error in its own world.
      expect([...drain(server, NetworkErrors, { side: 'client' })].map(({ code }) => code)).toEqual(['not-owner'])
    })

    it('are dropped when the owner is cleared while they are queued', () => {
      const network = hosted()
      const { server } = network
      const ship = ownShip(network)
      sendCommand(server, ship, game.Move, { dx: 1, dy: 1 })
      clearOwner(server, ship)
      network.tick()
      expect([...drain(server, game.Move)]).toEqual([])
      expect(stats(server).counters.unauthorizedCalls).toBe(1)
    })

    it('are dropped above their rate, while the client is not ready, and after the entity despawned', () => {
      const network = hosted()
      const { server } = network
      const ship = ownShip(network)
      for (let i = 0; i < 5; i++) sendCommand(server, ship, game.Shoot, { power: i })
      network.tick()
      expect([...drain(server, game.Shoot)].length).toBe(3)
      expect(stats(server).counters.rateLimitedCalls).toBe(2)

      sendCommand(server, ship, game.Move, { dx: 1, dy: 1 })
      despawn(server, ship)
      network.tick()
      expect([...drain(server, game.Move)]).toEqual([])
      expect(stats(server).counters.staleCalls).toBe(1)

      const other = ownShip(network)
      setReady(server, false)
      network.tick(2)
      sendCommand(server, other, game.Move, { dx: 1, dy: 1 })
      network.tick()
      expect([...drain(server, game.Move)]).toEqual([])
      expect(stats(server).counters.notReadyCalls).toBe(1)
    })

    it('throw at the call for the same mistakes as on a remote client', () => {
      const world = createHostWorld(game.arena)
      const ship = game.spawnShip(world)
      expect(() => sendCommand(world, ship, game.Move, { dx: 1, dy: 1 })).toThrow(/not connected/)
      const network = hosted()
      const own = ownShip(network)
      expect(() => sendCommand(network.server, own, game.Shoot, { power: 256 })).toThrow(/power/)
      expect(() => sendCommand(network.server, 4000, game.Move, { dx: 1, dy: 1 })).toThrow(/not networked/)
    })
  })

  describe('the RPCs of a host', () => {
    it('reach its own client like the remote ones, and except and includeOwner leave it out', () => {
      const network = hosted(2)
      const { server, host, clients } = network
      const ship = ownShip(network)
      network.tick(2)
      sendRpc(server, ship, game.Boom, { x: 1.5, shooter: ship })
      sendRpc(server, ship, game.Others, { n: 7 })
      sendRpc(server, ship, game.Boom, { x: 2.5, shooter: 0 }, { except: host.connection })
      expect(observersOf(server, ship)).toEqual([host, ...clients].map(({ connection }) => connection))
      expect([...drain(server, game.Boom)]).toEqual([])
      network.tick(2)
      const booms: unknown[] = []
      for (const { entity, args } of drain(server, game.Boom)) booms.push([entity, args.x, args.shooter])
      expect(booms).toEqual([[ship, 1.5, ship]])
      expect([...drain(server, game.Others)]).toEqual([])
      for (const { world } of clients) {
        const copy = game.copyOf(world, server, ship)
        expect(Array.from(drain(world, game.Boom), ({ entity, args }) => [entity, args.x, args.shooter])).toEqual([
          [copy, 1.5, copy],
          [copy, 2.5, 0],
        ])
        expect([...drain(world, game.Others)].length).toBe(1)
      }
    })

    it('reach the owner, the own client or another client when they have a target', () => {
      const network = hosted(1)
      const { server, host, clients } = network
      const ship = ownShip(network)
      const wild = game.spawnShip(server)
      network.tick(2)
      sendTargetRpc(server, ship, game.Prize, { gold: 1 })
      sendTargetRpc(server, wild, game.Prize, { gold: 2 }, { to: host.connection })
      sendTargetRpc(server, wild, game.Prize, { gold: 3 }, { to: clients[0]!.connection })
      network.tick(2)
      expect(Array.from(drain(server, game.Prize), ({ args }) => args.gold)).toEqual([1, 2])
      expect(Array.from(drain(clients[0]!.world, game.Prize), ({ args }) => args.gold)).toEqual([3])
    })

    it('arrive with the former id and last values of an entity that was removed right after the call', () => {
      const network = hosted(1)
      const { server, clients } = network
      const ship = game.spawnShip(server, 3, 4, 55)
      const bare = game.spawnShip(server, 5, 6, 66)
      const paused = game.spawnShip(server, 7, 8, 77)
      network.tick(2)
      for (const eid of [ship, bare, paused]) sendRpc(server, eid, game.Boom, { x: 1, shooter: 0 })
      despawn(server, ship)
      removeEntity(server, bare)
      removeComponent(server, paused, Networked)
      network.tick(2)
      const remote = clients[0]!.world
      expect(Array.from(drain(server, game.Boom), ({ entity }) => [entity, game.Health.hp[entity]])).toEqual([
        [ship, 55],
        [bare, 66],
        [paused, 77],
      ])
      expect(Array.from(drain(remote, game.Boom), ({ entity }) => game.Health.hp[entity])).toEqual([55, 66, 77])
      expect(stats(server).counters.staleCalls).toBe(0)
    })

    it('arrive with entity 0 when another entity has the removed id by then', () => {
      const network = hosted()
      const { server } = network
      const ships = [game.spawnShip(server), game.spawnShip(server), game.spawnShip(server)] as const
      network.tick(2)
      for (const ship of ships) {
        sendRpc(server, ship, game.Boom, { x: 1, shooter: 0 })
        removeEntity(server, ship)
      }
      // bitECS gives out the ids that became free last: to one that is networked, and to one that is not.
      expect(game.spawnShip(server)).toBe(ships[2])
      expect(addEntity(server)).toBe(ships[1])
      network.tick(2)
      expect(Array.from(drain(server, game.Boom), ({ entity }) => entity)).toEqual([ships[0], 0, 0])
    })

    it('arrive with entity 0 when another entity had the id in between', () => {
      const network = hosted()
      const { server } = network
      const first = game.spawnShip(server)
      network.tick(2)
      sendRpc(server, first, game.Boom, { x: 1, shooter: 0 })
      removeEntity(server, first)
      const second = game.spawnShip(server)
      expect(second).toBe(first)
      despawn(server, second)
      network.tick(2)
      expect(Array.from(drain(server, game.Boom), ({ entity }) => entity)).toEqual([0])
    })

    it('are dropped when they stay undrained, and reported once by name on the client side', () => {
      const network = hosted()
      const ship = ownShip(network)
      sendRpc(network.server, ship, game.Boom, { x: 1, shooter: 0 })
      network.tick(130)
      const errors = [...drain(network.server, NetworkErrors, { side: 'client' })]
      expect(errors.map(({ code, name }) => [code, name])).toEqual([['undrained', 'Boom']])
      expect([...drain(network.server, NetworkErrors)]).toEqual([])
    })
  })
})

/** The server ticks in which commands are drained, and the frames in which the RPCs that answer them are. */
function ticksOfCalls(host: boolean): { server: number[]; client: number[] } {
  const ticks: { server: number[]; client: number[] } = { server: [], client: [] }
  let start = 0
  let frames = 0
  let door = 0
  const network = createTestNetwork(game.arena, {
    host,
    clients: host ? 0 : 1,
    serverSystems: [
      (world) => {
        for (const { args } of drain(world, game.Knock)) {
          ticks.server.push(serverTick(world) - start)
          sendRpc(world, door, game.Spark, { n: args.door })
          sendRpc(world, door, game.Boom, { x: args.door, shooter: 0 })
        }
      },
    ],
    clientSystems: [
      (world) => {
        for (const _ of drain(world, game.Spark)) ticks.client.push(frames)
        for (const _ of drain(world, game.Boom)) ticks.client.push(frames)
      },
    ],
  })
  const world = network.host?.world ?? network.clients[0]!.world
  door = game.spawnShip(network.server)
  network.tick(2)
  start = serverTick(network.server)
  for (let i = 0; i < 6; i++) {
    frames++
    sendCommand(world, game.copyOf(world, network.server, door), game.Knock, { door: i })
    network.tick()
  }
  return ticks
}

describe('an observer of LocalPlayer on a host', () => {
  it('can kick a client, and its messages reach every client', () => {
    const network = hosted(2)
    const { server, host, clients } = network
    const ship = game.spawnShip(server)
    network.tick()
    observe(server, onAdd(LocalPlayer), () => {
      sendMessage(server, game.News, { text: 'begin' })
      kick(server, clients[0]!.connection)
    })
    setPlayer(server, host.connection, ship)
    network.tick(2)
    expect(clients[0]!.reason?.code).toBe('kicked')
    for (const { world } of [host, ...clients]) {
      expect(Array.from(drain(world, game.News), ({ args }) => args.text)).toEqual(['begin'])
    }
  })
})
