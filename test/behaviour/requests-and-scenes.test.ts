// A request that is under way when the scene changes: its answer waits with everything else, and so does its time-out.
import { addComponent, addEntity } from 'bitecs'
import {
  changeScene,
  defineCommand,
  defineProtocol,
  defineScene,
  defineTargetRpc,
  drain,
  entityOf,
  loadScene,
  netIdOf,
  reply,
  request,
  RequestTimedOutError,
  setOwner,
  setSceneLoader,
  u8,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ManualLoader, tickAwaiting } from '../support/behaviours-scenes.js'

const Buy = defineCommand({ item: u8 }, { returns: { left: u8 } })
const Ask = defineTargetRpc({ n: u8 }, { returns: { n: u8 } })
const Match = defineScene()
const protocol = defineProtocol({ remote: { Buy, Ask }, scenes: { Match } })

function begin(): { net: TestNetwork; client: TestClient; shop: number; loader: ManualLoader } {
  const net = createTestNetwork(protocol)
  const client = net.clients[0]!
  const loader = new ManualLoader()
  setSceneLoader(client.world, loader.loader)
  const shop = addEntity(net.server)
  addComponent(net.server, shop, Networked)
  setOwner(net.server, shop, client.connection)
  net.tick(3)
  return { net, client, shop, loader }
}

describe('a request while a scene loads', () => {
  it('does not time out on an answer that waits for the loading to end', async () => {
    const { net, client, shop, loader } = begin()
    const copy = entityOf(client.world, netIdOf(net.server, shop))
    const answer = request(client.world, copy, Buy, { item: 3 }, { timeout: 500 })
    net.tick()
    // One more scene beside the others: the client goes on taking part, and what it is sent waits.
    loadScene(net.server, Match)
    net.tick()
    for (const { id } of drain(net.server, Buy)) reply(net.server, id, { left: 7 })
    // Two seconds of loading, four times the time-out.
    net.tick(40)
    expect(loader.said).toEqual(['load Match'])
    loader.last.done()
    await tickAwaiting(net, 4)
    await expect(answer).resolves.toEqual({ left: 7 })
  })

  it('times out all the same when no answer comes, in its own time', async () => {
    const { net, shop, loader } = begin()
    let outcome: unknown = 'waits'
    request(net.server, shop, Ask, { n: 1 }, { timeout: 500 }).then(
      (value) => (outcome = value),
      (error: unknown) => (outcome = error),
    )
    changeScene(net.server, Match)
    await tickAwaiting(net, 40)
    expect(outcome).toBe('waits')
    loader.last.done()
    await tickAwaiting(net, 30)
    expect(outcome).toBeInstanceOf(RequestTimedOutError)
  })
})
