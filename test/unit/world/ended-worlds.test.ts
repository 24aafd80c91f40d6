// Tests that closed worlds are freed, although stores still hold collections of despawned entities. Needs
// `--expose-gc`.
import { addComponents, addEntity } from 'bitecs'
import { close, despawn } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import * as game from '../../support/bags.js'

/** Plays a match from start to end. Returns weak references to its two worlds. */
async function playMatch(): Promise<[server: WeakRef<object>, client: WeakRef<object>]> {
  const net = createTestNetwork(game.bags, { clients: 1 })
  const { server, clients } = net
  const bag = addEntity(server)
  addComponents(server, bag, [game.Bag, Networked])
  game.Bag.items[bag]!.push({ id: 1, count: 1 })
  net.tick(10)
  despawn(server, bag)
  net.tick(10)
  await Promise.all([close(clients[0]!.world), close(server)])
  return [new WeakRef(server), new WeakRef(clients[0]!.world)]
}

it('closed worlds are garbage-collected while stores still hold the collections of despawned entities', async () => {
  const worlds = await playMatch()
  await new Promise((resolve) => setImmediate(resolve))
  for (let i = 0; i < 3; i++) globalThis.gc!()
  expect(game.Bag.items.some((items) => items?.length === 1)).toBe(true)
  expect(worlds.map((world) => world.deref() === undefined)).toEqual([true, true])
})
