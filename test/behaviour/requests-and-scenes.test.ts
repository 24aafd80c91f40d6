// Requests in flight while a scene loads: answers wait for the scene, and time-outs do not wait for anything.
import { addComponent, addEntity } from 'bitecs'
import { defineCommand, defineProtocol, defineTargetRpc, drain, entityOf, netIdOf, setOwner, u8 } from 'bitecs-net'
import { reply, request, RequestTimedOutError } from 'bitecs-net/requests'
import { changeScene, defineScene, loadScene, setSceneLoader } from 'bitecs-net/scenes'
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

  it.each(['client', 'server'] as const)(
    'times out in its own time when no answer comes (asked by the %s)',
    async (by) => {
      const { net, client, shop, loader } = begin()
      let outcome: unknown = 'waits'
      loadScene(net.server, Match)
      net.tick(2)
      const copy = entityOf(client.world, netIdOf(net.server, shop))
      const asked =
        by === 'client'
          ? request(client.world, copy, Buy, { item: 3 }, { timeout: 500 })
          : request(net.server, shop, Ask, { n: 1 }, { timeout: 500 })
      asked.then(
        (value) => (outcome = value),
        (error: unknown) => (outcome = error),
      )
      await tickAwaiting(net, 8)
      expect(outcome).toBe('waits')
      await tickAwaiting(net, 4)
      expect(outcome).toBeInstanceOf(RequestTimedOutError)
      expect(loader.said).toEqual(['load Match'])
    },
  )

  it('times out when the scene of everybody changes, too', async () => {
    const { net, shop, loader } = begin()
    const asked = request(net.server, shop, Ask, { n: 1 }, { timeout: 500 })
    changeScene(net.server, Match)
    await tickAwaiting(net, 12)
    await expect(asked).rejects.toBeInstanceOf(RequestTimedOutError)
    expect(loader.said).toEqual(['load Match'])
  })

  it('does not time out on an answer that follows the change of scenes in its packet', async () => {
    const { net, client, shop, loader } = begin()
    const answer = request(
      client.world,
      entityOf(client.world, netIdOf(net.server, shop)),
      Buy,
      { item: 3 },
      { timeout: 500 },
    )
    net.tick()
    loadScene(net.server, Match)
    for (const { id } of drain(net.server, Buy)) reply(net.server, id, { left: 7 })
    net.tick(40)
    loader.last.done()
    await tickAwaiting(net, 4)
    await expect(answer).resolves.toEqual({ left: 7 })
  })
})
