// Behaviours of joining late that hold over every network.
import { connectionOf } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Connection, Joined } from 'bitecs-net/components'
import { hasComponent } from 'bitecs'
import { describe, expect, it } from 'vitest'
import * as game from './arena.js'
import { withPeers } from './behaviours-remote.js'
import { converged } from './behaviours-replication.js'
import type { MakePeers } from './peers.js'

export function joinBehaviours(network: string, make: MakePeers): void {
  describe(`joining over ${network}`, () => {
    describe('34: late join: a client that connects after N entities gets all with current values, also when N is 10,000', () => {
      it.each([1, 300, 10_000])('N is %d, and they change while it joins', (n) =>
        withPeers(make, 0, async (peers) => {
          const ships: number[] = []
          for (let i = 0; i < n; i++) ships.push(game.spawnShip(peers.server, i / 4, -i / 4, i))
          await peers.settle(2)
          const { world } = await peers.join()
          for (let change = 1; change <= 5; change++) {
            await peers.onServer(() => {
              for (let i = 0; i < n; i += 7) game.Position.x[ships[i]!]! += 1
              game.Health.hp[ships[change % n]!] = 60_000 + change
            })
          }
          await peers.until('all is there', () => converged(peers, ships))
          expect(stats(world).entities).toBe(n)
          expect(hasComponent(world, connectionOf(world), Joined)).toBe(true)
          expect(Connection.joinProgress[connectionOf(world)]).toBe(1)
        }),
      )
    })
  })
}
