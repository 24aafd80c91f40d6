// Behaviours of replication that hold over every network.
import { despawn } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
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
    it("39: 20 % loss, reordering and duplication on the unreliable channel: every client converges to the server's exact (quantized) state within a bounded number of ticks of the last change, and a value changed once is not resent once acknowledged", () =>
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
        const resent = (): number => stats(peers.server).counters.resentValues
        // Acknowledgements are lost too, so a little is told once more; then there is silence.
        let before = -1
        for (let wait = 0; wait < 20 && before !== resent(); wait++) {
          before = resent()
          await peers.settle(40)
        }
        expect(resent()).toBe(before)
        expect(resent()).toBeGreaterThan(0)
        expect(stats(peers.server).counters.lostPackets).toBeGreaterThan(0)
        expect(converged(peers, ships)).toBe(true)
        expect(peers.clients.every(({ world }) => game.networked(world).length === ships.length)).toBe(true)
      }))
  })
}
