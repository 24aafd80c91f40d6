// Behaviours of lifecycle that hold over every network.
import { addComponent, addEntity, hasComponent, observe, onAdd, onRemove } from 'bitecs'
import { clearOwner, type ClientWorld, close, connectionOf, drain, sendCommand, setOwner, setPlayer } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { describe, expect, it } from 'vitest'
import * as game from './arena.js'
import { ownedShip, withPeers } from './behaviours-remote.js'
import type { MakePeers } from './peers.js'

/** Records the lifecycle events of a world, in order, with what could be read at that moment. */
export function record(world: object): string[] {
  const log: string[] = []
  const steps = { Connected, Ready, Position: game.Position, Health: game.Health, Networked, Owned, LocalPlayer }
  for (const [name, component] of Object.entries(steps)) {
    const value = (eid: number): string =>
      name === 'Connected' || name === 'Ready' ? '' : ` hp=${game.Health.hp[eid]}`
    observe(world, onAdd(component), (eid: number) => void log.push(`+${name}${value(eid)}`))
    observe(world, onRemove(component), (eid: number) => void log.push(`-${name}${value(eid)}`))
  }
  return log
}

export function lifecycleBehaviours(network: string, make: MakePeers): void {
  describe(`lifecycle over ${network}`, () => {
    describe('24: join, in order: Connected → entities with values → Networked → Owned → LocalPlayer; leave: the exact reverse', () => {
      it('joins in order, connected first, values before components before ownership, and leaves in the exact reverse', () =>
        withPeers(make, 1, async (peers) => {
          const { world, connection } = peers.clients[0]!
          const log = record(world)
          const ship = game.spawnShip(peers.server, 1, 2, 33)
          setPlayer(peers.server, connection, ship)
          await peers.until('the player is there', () => log.length === 5)
          expect(log).toEqual([
            '+Health hp=33',
            '+Position hp=33',
            '+Networked hp=33',
            '+Owned hp=33',
            '+LocalPlayer hp=33',
          ])
          const mine = connectionOf(world)
          expect(hasComponent(world, mine, Connected)).toBe(true)
          expect(Connection.player[mine]).toBe(game.copyOf(world, peers.server, ship))

          log.length = 0
          await close(peers.server, 'that is all')
          await peers.until('the client has left', () => !hasComponent(world, mine, Connected))
          expect(log).toEqual([
            '-LocalPlayer hp=33',
            '-Owned hp=33',
            '-Networked hp=33',
            '-Position hp=33',
            '-Health hp=33',
            '-Ready',
            '-Connected',
          ])
          expect(Connection.reason[mine]).toEqual({ code: 'server-stopped', text: 'that is all', by: 'remote' })
        }))

      it('shows a client that it is connected before anything of the world', () =>
        withPeers(make, 0, async (peers) => {
          for (let i = 0; i < 3; i++) game.spawnShip(peers.server, i, i, 10 + i)
          let log: string[] = []
          const { world } = await peers.join((joining) => (log = record(joining)))
          await peers.until('the ships are there', () => game.networked(world).length === 3)
          const ship = (hp: number): string[] => [`+Health hp=${hp}`, `+Position hp=${hp}`, `+Networked hp=${hp}`]
          expect(log).toEqual(['+Connected', '+Ready', ...ship(10), ...ship(11), ...ship(12)])
        }))
    })

    describe('33: server stop: every client gets the reason; every entity gets its reverse order; a second start in the same process works', () => {
      it('every client gets the reason', () =>
        withPeers(make, 3, async (peers) => {
          const ends = peers.clients.map(({ world }) => connectionOf(world))
          const stopping = close(peers.server, 'maintenance')
          await peers.until('all have left', () =>
            peers.clients.every(({ world }, i) => !hasComponent(world, ends[i]!, Connected)),
          )
          await stopping
          expect(ends.map((end) => Connection.reason[end]?.text)).toEqual(['maintenance', 'maintenance', 'maintenance'])
        }))

      it('every entity ends in reverse order, on every client', () =>
        withPeers(make, 2, async (peers) => {
          const logs = peers.clients.map(({ world }) => record(world))
          const ships = [game.spawnShip(peers.server, 0, 0, 1), game.spawnShip(peers.server, 0, 0, 2)] as const
          setPlayer(peers.server, peers.clients[0]!.connection, ships[0])
          setOwner(peers.server, ships[1], peers.clients[1]!.connection)
          await peers.until('both have both', () => logs[0]!.length === 8 && logs[1]!.length === 7)
          const begins = logs.map((log) => log.splice(0))
          const ends = peers.clients.map(({ world }) => connectionOf(world))
          await close(peers.server)
          await peers.until('all have left', () =>
            peers.clients.every(({ world }, i) => !hasComponent(world, ends[i]!, Connected)),
          )
          const reverse = (hp: number, log: readonly string[]): string[] =>
            log
              .filter((line) => line.endsWith(`hp=${hp}`))
              .toReversed()
              .map((line) => line.replace('+', '-'))
          for (const [i, log] of logs.entries()) {
            for (const hp of [1, 2]) {
              expect(log.filter((line) => line.endsWith(`hp=${hp}`))).toEqual(reverse(hp, begins[i]!))
            }
            expect(log.slice(-2)).toEqual(['-Ready', '-Connected'])
          }
        }))

      it('a second start in the same process works', async () => {
        for (let start = 0; start < 2; start++) {
          await withPeers(make, 2, async (peers) => {
            const { ship, copies } = await ownedShip(peers, 1)
            sendCommand(peers.clients[1]!.world, copies[1]!, game.Move, { dx: start, dy: 0 })
            const seen: number[][] = []
            await peers.until('its command arrived', () => {
              for (const { entity, args } of drain(peers.server, game.Move)) seen.push([entity, args.dx])
              return seen.length > 0
            })
            expect(seen).toEqual([[ship, start]])
          })
        }
      })
    })

    it('26: shows the server that a client left, with its reason, while the entities it owned still exist', () =>
      withPeers(make, 2, async (peers) => {
        const { world, connection } = peers.clients[0]!
        const ship = game.spawnShip(peers.server, 1, 2, 33)
        setPlayer(peers.server, connection, ship)
        await peers.until('the player is there', () => game.copyOf(world, peers.server, ship) !== 0)
        const seen: unknown[] = []
        observe(peers.server, onRemove(Connected), (eid: number) => {
          seen.push(
            eid,
            Connection.reason[eid]?.code,
            hasComponent(peers.server, ship, Networked),
            game.Health.hp[ship],
          )
        })
        await close(world, 'bye')
        await peers.until('the server noticed', () => seen.length > 0)
        expect(seen).toEqual([connection, 'client-closed', true, 33])
        await peers.until('the ship is gone', () => game.networked(peers.clients[1]!.world).length === 0)
      }))

    it("27: Owned changes exactly on transitions, on both sides; handing over is remove then add in the server's world, never both; each client sees its own transition once; what the former owner has in flight, a command or a value, is dropped", () =>
      withPeers(make, 2, async (peers) => {
        const [a, b] = peers.clients as [(typeof peers.clients)[0], (typeof peers.clients)[0]]
        const ship = game.spawnShip(peers.server)
        const isThere = (world: ClientWorld): boolean => game.copyOf(world, peers.server, ship) !== 0
        await peers.until('both have it', () => isThere(a.world) && isThere(b.world))
        const logs = [peers.server, a.world, b.world].map((world) => {
          const log: string[] = []
          observe(world, onAdd(Owned), () => void log.push('+'))
          observe(world, onRemove(Owned), () => void log.push('-'))
          return log
        })
        const told = (): string[] => logs.map((log) => log.join(''))
        setOwner(peers.server, ship, a.connection)
        await peers.until('a owns it', () => logs[1]!.length === 1)
        setOwner(peers.server, ship, a.connection)
        // What a client that owns it no longer has under way is dropped.
        sendCommand(a.world, game.copyOf(a.world, peers.server, ship), game.Move, { dx: 1, dy: 1 })
        setOwner(peers.server, ship, b.connection)
        await peers.until('b owns it', () => logs[2]!.length === 1 && logs[1]!.length === 2)
        await peers.settle()
        expect(told()).toEqual(['+-+', '+-', '+'])
        expect([...drain(peers.server, game.Move)]).toEqual([])
        expect(stats(peers.server).counters.unauthorizedCalls).toBe(1)
        clearOwner(peers.server, ship)
        await peers.until('nobody owns it', () => logs[2]!.length === 2)
        expect(told()).toEqual(['+-+-', '+-', '+-'])
      }))

    it('brings a late client everything there is, with its current values', () =>
      withPeers(make, 1, async (peers) => {
        const count = 1000
        const ships: number[] = []
        for (let i = 0; i < count; i++) ships.push(game.spawnShip(peers.server, i, -i, i))
        const flag = addEntity(peers.server)
        addComponent(peers.server, flag, game.Flag)
        addComponent(peers.server, flag, Networked)
        await peers.settle()
        game.Health.hp[ships[7]!] = 777
        const late = await peers.join()
        await peers.until('all are there', () => game.networked(late.world).length === count + 1)
        for (const [i, ship] of ships.entries()) {
          const copy = game.copyOf(late.world, peers.server, ship)
          expect(copy).not.toBe(0)
          expect([game.Position.x[copy], game.Position.y[copy]]).toEqual([game.quantize(i), game.quantize(-i)])
          expect(game.Health.hp[copy]).toBe(i === 7 ? 777 : i)
        }
        expect(hasComponent(late.world, game.copyOf(late.world, peers.server, flag), game.Flag)).toBe(true)
      }))
  })
}
