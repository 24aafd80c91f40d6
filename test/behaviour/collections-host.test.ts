// Tests collections in a host's world: written once, and drained by the systems of both sides and by remote clients.
import { removeComponent, addComponent } from 'bitecs'
import { type ClientWorld, drain, type NetworkWorld } from 'bitecs-net'
import { operations } from 'bitecs-net/collections'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import * as game from '../support/bags.js'

const { Bag } = game

it("the systems of both sides of a host drain each operation on the server's collections once", () => {
  const told: string[] = []
  const note =
    (side: string) =>
    (world: NetworkWorld): void => {
      for (const { entity, kind, after } of drain(world, operations(Bag, 'items'))) {
        told.push(`${side} ${entity} ${kind} ${after?.id}`)
      }
    }
  const network = createTestNetwork(game.bags, {
    host: true,
    clients: 1,
    serverSystems: [note('server')],
    clientSystems: [note('client')],
  })
  const { server } = network
  const remote: ClientWorld = network.clients[0]!.world
  const bag = game.spawn(server, Bag)
  Bag.items[bag]!.push({ id: 1, count: 1 })
  network.tick(3)
  const copy = game.copyOf(remote, server, bag)
  expect(told).toEqual([])
  Bag.items[bag]!.push({ id: 2, count: 2 })
  network.tick(3)
  expect(told.sort()).toEqual([`client ${bag} add 2`, `client ${copy} add 2`, `server ${bag} add 2`].sort())
  expect([...Bag.items[bag]!].length).toBe(2)
  expect(game.contents(copy)).toEqual(game.contents(bag))
  removeComponent(server, bag, Bag)
  addComponent(server, bag, Bag)
  Bag.items[bag]!.push({ id: 3, count: 3 })
  network.tick(2)
  expect([...Bag.items[bag]!]).toEqual([{ id: 3, count: 3 }])
  expect(game.contents(copy)).toEqual(game.contents(bag))
})
