// Behaviours of components that owners write, over every network.
import { setOwner } from 'bitecs-net'
import { correct, validateWrites } from 'bitecs-net/authority'
import { stats } from 'bitecs-net/stats'
import { describe, expect, it } from 'vitest'
import * as game from './flyers.js'
import type { MakePeers, Peers } from './peers.js'

async function withFlight(make: MakePeers, count: number, test: (peers: Peers) => Promise<void>): Promise<void> {
  const peers = await make(game.flight, count)
  try {
    await test(peers)
  } finally {
    await peers.close()
  }
}

export function authorityBehaviours(network: string, make: MakePeers): void {
  describe(`components that owners write, over ${network}`, () => {
    it('take what the owner writes to the server and to every other client', () =>
      withFlight(make, 3, async (peers) => {
        const { flyer, copies } = await game.ownedFlyer(peers, 0)
        for (let i = 1; i <= 10; i++) {
          game.Place.x[copies[0]!] = i * 1.5
          game.View.yaw[copies[0]!] = i / 3
          game.View.seed[copies[0]!] = Math.PI * i
          game.Trail.length[copies[0]!] = -i
          game.Trail.lit[copies[0]!] = i % 2
          await peers.settle(1)
        }
        const shown = (eid: number): number[] => [
          game.View.yaw[eid]!,
          game.View.seed[eid]!,
          game.Trail.length[eid]!,
          game.Trail.lit[eid]!,
        ]
        const all = [flyer, ...copies.slice(1)]
        await peers.until('all have it', () =>
          all.every((eid) => game.Place.x[eid] === game.quantize(15) && shown(eid).join() === shown(copies[0]!).join()),
        )
        expect(shown(flyer)).toEqual([Math.fround(10 / 3), Math.PI * 10, -10, 0])
        expect(game.Place.x[copies[0]!]).toBe(15)
      }))

    it('are what the server says when it corrects the owner, and what the owner writes from then on', () =>
      withFlight(make, 2, async (peers) => {
        const { flyer, copies } = await game.ownedFlyer(peers, 0)
        const own = copies[0]!
        game.Place.x[own] = 50
        await peers.until('the server has it', () => game.Place.x[flyer] === 50)
        await peers.onServer(() => {
          game.Place.x[flyer] = -7
          correct(peers.server, flyer, game.Place)
        })
        await peers.until('the owner was corrected', () => game.Place.x[own] === game.quantize(-7))
        await peers.settle()
        expect(game.Place.x[flyer]).toBe(-7)
        game.Place.x[own]! -= 1
        await peers.until('the owner goes on from there', () => game.Place.x[copies[1]!] === game.quantize(-8))
        expect(game.Place.x[flyer]).toBe(game.quantize(-8))
      }))

    it('are refused by a check, and the owner gets the values of the server back', () =>
      withFlight(make, 2, async (peers) => {
        const { flyer, copies } = await game.ownedFlyer(peers, 0)
        const own = copies[0]!
        const seen: unknown[] = []
        validateWrites(peers.server, game.flight.components.Place, ({ entity, sender, before, after }) => {
          seen.push([entity === flyer, sender === peers.clients[0]!.connection, before.x, after.x])
          return Math.abs(after.x - before.x) < 5
        })
        game.Place.x[own] = 900
        await peers.until('the owner was put back', () => game.Place.x[own] === 1)
        expect([game.Place.x[flyer], game.Place.x[copies[1]!]]).toEqual([1, 1])
        expect(seen[0]).toEqual([true, true, 1, game.quantize(900)])
        expect(stats(peers.server).counters.refusedWrites).toBeGreaterThan(0)
        game.Place.x[own] = 4
        await peers.until('a step that may be is taken', () => game.Place.x[copies[1]!] === 4)
      }))

    it('change hands with the entity: the former owner writes nothing any more, the new one from what the server has', () =>
      withFlight(make, 2, async (peers) => {
        const { flyer, copies } = await game.ownedFlyer(peers, 0)
        game.Place.x[copies[0]!] = 20
        await peers.until('the other has it', () => game.Place.x[copies[1]!] === 20)
        await peers.onServer(() => setOwner(peers.server, flyer, peers.clients[1]!.connection))
        await peers.settle()
        game.Place.x[copies[0]!] = 99
        game.Place.y[copies[1]!] = 44
        await peers.until('the new owner is heard', () => game.Place.y[flyer] === 44 && game.Place.y[copies[0]!] === 44)
        expect([game.Place.x[flyer], game.Place.x[copies[1]!], game.Place.x[copies[0]!]]).toEqual([20, 20, 20])
      }))
  })
}
