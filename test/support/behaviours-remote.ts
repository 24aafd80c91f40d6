// Behaviours of remote actions and messages that hold over every network.
import {
  ArgumentError,
  drain,
  NetworkErrors,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setOwner,
} from 'bitecs-net'
import { group, joinGroup } from 'bitecs-net/groups'
import { stats } from 'bitecs-net/stats'
import { observersOf } from 'bitecs-net/interest'
import { describe, expect, it } from 'vitest'
import * as game from './arena.js'
import { type MakePeers, onSide, type Peers } from './peers.js'

/** Runs `test` with peers that are closed whatever happens. */
export async function withPeers(make: MakePeers, count: number, test: (peers: Peers) => Promise<void>): Promise<void> {
  const peers = await make(game.arena, count)
  try {
    await test(peers)
  } finally {
    await peers.close()
  }
}

/** A ship of the server, owned by a client, and every client's copy of it. */
export async function ownedShip(peers: Peers, owner: number): Promise<{ ship: number; copies: number[] }> {
  const ship = game.spawnShip(peers.server, 10, 20)
  setOwner(peers.server, ship, peers.clients[owner]!.connection)
  const copies = (): number[] => peers.clients.map(({ world }) => game.copyOf(world, peers.server, ship))
  await peers.until('every client has the ship', () => copies().every((copy) => copy !== 0))
  return { ship, copies: copies() }
}

export function remoteActionBehaviours(network: string, make: MakePeers): void {
  describe(`remote actions over ${network}`, () => {
    it("1: an owned entity's command runs on the server exactly once, with the exact values, in the order sent", () =>
      withPeers(make, 2, async (peers) => {
        const { ship, copies } = await ownedShip(peers, 0)
        for (let i = 0; i < 50; i++) {
          sendCommand(peers.clients[0]!.world, copies[0]!, game.Move, { dx: i + 0.5, dy: -i })
          sendCommand(peers.clients[0]!.world, copies[0]!, game.Nudge, { dx: i, dy: 0 })
        }
        const seen: number[][] = []
        await peers.until('all commands arrived', () => {
          for (const { entity, sender, args } of drain(peers.server, game.Move)) {
            seen.push([entity, sender, args.dx, args.dy])
          }
          return seen.length >= 50
        })
        await peers.settle()
        expect([...drain(peers.server, game.Move)]).toEqual([])
        expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => [ship, peers.clients[0]!.connection, i + 0.5, -i]))
      }))

    it('7: a client RPC reaches every ready observer and no other client; includeOwner: false skips the owner; except skips one', () =>
      withPeers(make, 3, async (peers) => {
        const { ship, copies } = await ownedShip(peers, 0)
        sendRpc(peers.server, ship, game.Boom, { x: 1.5, shooter: ship })
        sendRpc(peers.server, ship, game.Others, { n: 7 })
        sendRpc(peers.server, ship, game.Boom, { x: 2.5, shooter: 0 }, { except: peers.clients[1]!.connection })
        joinGroup(peers.server, peers.clients[2]!.connection, 'red')
        const two = [peers.clients[1]!.connection, peers.clients[2]!.connection]
        sendRpc(peers.server, ship, game.Boom, { x: 3.5, shooter: 0 }, { except: two })
        sendRpc(peers.server, ship, game.Boom, { x: 4.5, shooter: 0 }, { to: group('red') })
        const booms: number[][][] = [[], [], []]
        const others: number[][] = [[], [], []]
        await peers.until('the RPCs arrived', () => {
          peers.clients.forEach(({ world }, i) => {
            for (const { entity, args } of drain(world, game.Boom)) booms[i]!.push([entity, args.x, args.shooter])
            for (const { args } of drain(world, game.Others)) others[i]!.push(args.n)
          })
          return booms[0]!.length >= 3 && booms[2]!.length >= 3 && booms[1]!.length >= 1 && others[2]!.length >= 1
        })
        await peers.settle()
        expect(booms).toEqual([
          [
            [copies[0], 1.5, copies[0]],
            [copies[0], 2.5, 0],
            [copies[0], 3.5, 0],
          ],
          [[copies[1], 1.5, copies[1]]],
          [
            [copies[2], 1.5, copies[2]],
            [copies[2], 2.5, 0],
            [copies[2], 4.5, 0],
          ],
        ])
        expect(others).toEqual([[], [7], [7]])
        for (const { world } of peers.clients) expect([...drain(world, game.Boom)]).toEqual([])
      }))

    it('8: a target RPC goes to the owner by default; to an explicit connection even when the entity has no owner; no owner and no target is an error at the call', () =>
      withPeers(make, 2, async (peers) => {
        const { ship } = await ownedShip(peers, 0)
        const wild = game.spawnShip(peers.server)
        const got: number[][] = [[], []]
        await peers.until('the second ship is there', () =>
          peers.clients.every((c) => game.copyOf(c.world, peers.server, wild) !== 0),
        )
        sendTargetRpc(peers.server, ship, game.Prize, { gold: 5 })
        sendTargetRpc(peers.server, wild, game.Prize, { gold: 6 }, { to: peers.clients[1]!.connection })
        expect(() => sendTargetRpc(peers.server, wild, game.Prize, { gold: 7 })).toThrow(/Prize.*no owner/)
        await peers.until('both arrived', () => {
          peers.clients.forEach(({ world }, i) => {
            for (const { args } of drain(world, game.Prize)) got[i]!.push(args.gold)
          })
          return got[0]!.length > 0 && got[1]!.length > 0
        })
        await peers.settle()
        expect(got).toEqual([[5], [6]])
      }))

    it('18: messages: both directions, both channels, to one / all / ready / observers / all but one', () =>
      withPeers(make, 3, async (peers) => {
        const [a, b, c] = peers.clients as [Peers['clients'][0], Peers['clients'][0], Peers['clients'][0]]
        const { ship } = await ownedShip(peers, 0)
        const texts: string[][] = [[], [], []]
        const pings: number[][] = [[], [], []]
        const read = (): void => {
          peers.clients.forEach(({ world }, i) => {
            onSide(world, 'client', () => {
              for (const { args } of drain(world, game.Chat)) texts[i]!.push(args.text)
              for (const { args } of drain(world, game.Ping)) pings[i]!.push(args.n)
            })
          })
        }
        sendMessage(peers.server, game.Chat, { text: 'one' }, { to: b.connection })
        sendMessage(peers.server, game.Chat, { text: 'all' }, { to: 'all' })
        sendMessage(peers.server, game.Chat, { text: 'ready' }, { to: 'ready' })
        sendMessage(peers.server, game.Chat, { text: 'observers' }, { to: observersOf(peers.server, ship) })
        sendMessage(peers.server, game.Chat, { text: 'but a' }, { to: 'all', except: a.connection })
        joinGroup(peers.server, a.connection, 'blue')
        joinGroup(peers.server, c.connection, 'blue')
        sendMessage(peers.server, game.Chat, { text: 'blue' }, { to: group('blue') })
        onSide(peers.server, 'server', () => {
          sendMessage(peers.server, game.Chat, { text: 'end' })
          sendMessage(peers.server, game.Ping, { n: 300 })
        })
        await peers.until('the messages arrived', () => {
          read()
          return texts.every((list) => list.includes('end')) && pings.every((list) => list.length > 0)
        })
        expect(texts).toEqual([
          ['all', 'ready', 'observers', 'blue', 'end'],
          ['one', 'all', 'ready', 'observers', 'but a', 'end'],
          ['all', 'ready', 'observers', 'but a', 'blue', 'end'],
        ])
        expect(pings).toEqual([[300], [300], [300]])

        // The unreliable channel keeps no order, so each has its number.
        const { connection: except } = a
        sendMessage(peers.server, game.Ping, { n: 1 }, { to: b.connection })
        sendMessage(peers.server, game.Ping, { n: 2 }, { to: 'all' })
        sendMessage(peers.server, game.Ping, { n: 3 }, { to: 'ready' })
        sendMessage(peers.server, game.Ping, { n: 4 }, { to: observersOf(peers.server, ship) })
        sendMessage(peers.server, game.Ping, { n: 5 }, { to: 'all', except })
        await peers.until('the unreliable messages arrived', () => {
          read()
          return pings.every((list) => list.length >= 4)
        })
        await peers.settle()
        read()
        expect(pings.map((list) => list.slice(1).toSorted((x, y) => x - y))).toEqual([
          [2, 3, 4],
          [1, 2, 3, 4, 5],
          [2, 3, 4, 5],
        ])

        sendMessage(c.world, game.Chat, { text: 'grüße ✓' })
        sendMessage(c.world, game.Order, { item: 9 })
        sendMessage(c.world, game.Ping, { n: 1 })
        const atServer: unknown[] = []
        await peers.until('the answers arrived', () => {
          onSide(peers.server, 'server', () => {
            for (const { sender, args } of drain(peers.server, game.Chat)) atServer.push([sender, args.text])
            for (const { sender, args } of drain(peers.server, game.Order)) atServer.push([sender, args.item])
            for (const { sender, args } of drain(peers.server, game.Ping)) atServer.push([sender, args.n])
          })
          return atServer.length >= 3
        })
        expect(atServer).toEqual([
          [c.connection, 'grüße ✓'],
          [c.connection, 9],
          [c.connection, 1],
        ])
      }))

    it('leaves no errors behind', () =>
      withPeers(make, 1, async (peers) => {
        const { copies } = await ownedShip(peers, 0)
        sendCommand(peers.clients[0]!.world, copies[0]!, game.Move, { dx: 1, dy: 2 })
        await peers.until('it arrived', () => [...drain(peers.server, game.Move)].length > 0)
        expect([...drain(peers.server, NetworkErrors)]).toEqual([])
        expect([...drain(peers.clients[0]!.world, NetworkErrors)]).toEqual([])
        expect(stats(peers.server).counters.malformedPackets).toBe(0)
        expect(() => sendCommand(peers.clients[0]!.world, copies[0]!, game.Shoot, { power: 256 })).toThrow(
          ArgumentError,
        )
      }))
  })
}
