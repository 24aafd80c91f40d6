// Tests more blocks in flight than the server remembers: lost values are still sent again, based on their ticks.
import { addComponent, addEntity } from 'bitecs'
import { defineProtocol, entityOf, netIdOf, replicate, u16 } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { createRandom } from '../../../src/transport/random.js'

const ENTITIES = 400
const WIDTH = 9
const stores = Array.from({ length: WIDTH }, () => ({ v: new Uint16Array(3000) }))
const protocol = defineProtocol({
  components: Object.fromEntries(stores.map((store, i) => [`C${i}`, replicate(store, { v: u16 })])),
})

it('every client gets the last values, although each entity changes different components in every tick', () => {
  const net = createTestNetwork(protocol, { clients: 2, seed: 3, conditions: { latency: 200, jitter: 50, loss: 0.3 } })
  const random = createRandom(8)
  const entities = Array.from({ length: ENTITIES }, () => {
    const eid = addEntity(net.server)
    for (const store of stores) addComponent(net.server, eid, store)
    addComponent(net.server, eid, Networked)
    return eid
  })
  net.until(() => net.clients.every(({ world }) => stats(world).entities === ENTITIES))
  for (let tick = 0; tick < 40; tick++) {
    for (const eid of entities) for (const { v } of stores) if (random() < 0.3) v[eid] = Math.floor(random() * 65_536)
    net.tick()
  }
  net.tick(80)
  for (const { world } of net.clients) {
    const wrong = entities.filter((eid) => {
      const copy = entityOf(world, netIdOf(net.server, eid))
      return stores.some(({ v }) => v[copy] !== v[eid])
    })
    expect(wrong).toEqual([])
    expect(stats(world).counters.malformedPackets).toBe(0)
  }
  const before = stats(net.server).counters.resentValues
  expect(before).toBeGreaterThan(1000)
  net.tick(40)
  expect(stats(net.server).counters.resentValues).toBe(before)
})
