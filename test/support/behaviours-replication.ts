// Behaviours of replication that hold over every network.
import { despawn, stats } from 'bitecs-net'
import { describe, expect, it } from 'vitest'
import * as game from './arena.js'
import { withPeers } from './behaviours-remote.js'
import type { MakePeers, Peers } from './peers.js'

/** Whether every client shows every ship exactly as the server has it, quantized. */
export function converged(peers: Pick<Peers, 'server' | 'clients'>, ships: readonly number[]): boolean {
  return peers.clients.every(({ world }) =>
    ships.every((ship) => {
      const copy = game.copyOf(world, peers.server, ship)
      return (
        copy !== 0 &&
        game.Health.hp[copy] === game.Health.hp[ship] &&
        game.Position.x[copy] === game.quantize(game.Position.x[ship]!) &&
        game.Position.y[copy] === game.quantize(game.Position.y[ship]!)
      )
    }),
  )
}

/** The network that `make` makes is a bad one. */
export function convergenceBehaviours(network: string, make: MakePeers): void {
  describe(`replication over ${network}`, () => {
    it("converges to the server's exact state, and repeats nothing once it is acknowledged", () =>
      withPeers(make, 2, async (peers) => {
        const ships: number[] = []
        for (let i = 0; i < 60; i++) ships.push(game.spawnShip(peers.server, i, 0, 100))
        await peers.until('all spawned', () => converged(peers, ships))
        // Every ship moves every tick; some change once and never again.
        for (let tick = 1; tick <= 40; tick++) {
          await peers.onServer(() => {
            for (const [i, ship] of ships.entries()) {
              game.Position.x[ship] = i + tick * 0.25
              if ((i + tick) % 20 === 0) game.Health.hp[ship]! -= 1
            }
          })
          await peers.settle(1)
        }
        despawn(peers.server, ships.pop()!)
        await peers.until('every client shows what the server has', () => converged(peers, ships))
        await peers.until('what was owed is acknowledged', () => {
          const { lostPackets } = stats(peers.server).counters
          return lostPackets > 0
        })
        await peers.settle(60)
        const { resentValues } = stats(peers.server).counters
        expect(resentValues).toBeGreaterThan(0)
        await peers.settle(60)
        expect(stats(peers.server).counters.resentValues).toBe(resentValues)
        expect(converged(peers, ships)).toBe(true)
        expect(peers.clients.every(({ world }) => game.networked(world).length === ships.length)).toBe(true)
      }))
  })
}
