// Behaviours of synchronised collections that hold over every network.
import { drain } from 'bitecs-net'
import { operations } from 'bitecs-net/collections'
import { describe, expect, it } from 'vitest'
import * as game from './bags.js'
import type { MakePeers, Peers } from './peers.js'

async function withBags(make: MakePeers, clients: number, play: (peers: Peers) => Promise<void>): Promise<void> {
  const peers = await make(game.bags, clients)
  try {
    await play(peers)
  } finally {
    await peers.close()
  }
}

/** Whether every client shows a bag as the server has it. */
function isShown(peers: Peers, bag: number): boolean {
  return peers.clients.every(({ world }) => {
    const copy = game.copyOf(world, peers.server, bag)
    return copy !== 0 && JSON.stringify(game.contents(copy)) === JSON.stringify(game.contents(bag))
  })
}

export function collectionBehaviours(network: string, make: MakePeers): void {
  describe(`synchronised collections over ${network}`, () => {
    it('a list, a map and a set arrive with their entity, and then change by change, for one who was there and one who comes late', () =>
      withBags(make, 1, async (peers) => {
        const { server } = peers
        const bag = game.spawn(server, game.Bag)
        game.Bag.gold[bag] = 7
        game.Bag.items[bag]!.push({ id: 1, count: 2 })
        game.Bag.ammo[bag]!.set('arrow', 30)
        game.Bag.perks[bag]!.add('fast')
        await peers.until('it is there', () => isShown(peers, bag))
        const seen: string[] = []
        const note = (): void => {
          const { world } = peers.clients[0]!
          for (const { kind, index, after } of drain(world, operations(game.Bag, 'items'))) {
            seen.push(`${kind} ${index} ${after?.id}`)
          }
          for (const { kind, key, before, after } of drain(world, operations(game.Bag, 'ammo'))) {
            seen.push(`${kind} ${key} ${before} ${after}`)
          }
          for (const { kind, key } of drain(world, operations(game.Bag, 'perks'))) seen.push(`${kind} ${key}`)
        }
        await peers.onServer(() => {
          for (let id = 2; id < 8; id++) game.Bag.items[bag]!.push({ id, count: 1 })
        })
        await peers.until('the list grew', () => (note(), isShown(peers, bag)))
        await peers.join()
        await peers.until('who comes late has it', () => (note(), isShown(peers, bag)))
        await peers.onServer(() => {
          game.Bag.items[bag]!.removeAt(1)
          game.Bag.ammo[bag]!.set('arrow', 29)
          game.Bag.perks[bag]!.add('tough')
          game.Bag.gold[bag] = 8
        })
        await peers.until('all have it', () => (note(), isShown(peers, bag)))
        expect(seen.sort()).toEqual([
          'add 1 2',
          'add 2 3',
          'add 3 4',
          'add 4 5',
          'add 5 6',
          'add 6 7',
          'add tough',
          'remove 1 undefined',
          'set arrow 30 29',
        ])
      }))
  })
}
