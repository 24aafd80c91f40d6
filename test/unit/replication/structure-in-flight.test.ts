// Tests values that arrive before structure: the two channels race, and the newest value must win.
import { addComponent, addEntity, hasComponent, removeComponent } from 'bitecs'
import { defineProtocol, entityOf, f32, netIdOf, replicate, setReady, u16 } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { gate, transportOf } from '../world/tap.js'

const Health = { hp: new Uint16Array(1000) }
const Armour = { left: new Uint16Array(1000) }
const Place = { x: new Float32Array(1000) }
const protocol = defineProtocol({
  components: {
    Health: replicate(Health, { hp: u16 }),
    Armour: replicate(Armour, { left: u16 }),
    Place: replicate(Place, { x: f32 }, { interpolate: true }),
  },
})

function setUp() {
  const net = createTestNetwork(protocol)
  const client = net.clients[0]!
  const ship = addEntity(net.server)
  addComponent(net.server, ship, Health)
  addComponent(net.server, ship, Networked)
  Health.hp[ship] = 1
  net.tick(3)
  const copy = (): number => entityOf(client.world, netIdOf(net.server, ship))
  const arrivals = gate(transportOf(client.world, 'client'))
  return { net, client, ship, copy, arrivals }
}

describe('a value newer than a structural change that is still in flight', () => {
  it('survives the component being removed and added again', () => {
    const { net, client, ship, copy, arrivals } = setUp()
    arrivals.holdReliable = true
    removeComponent(net.server, ship, Health)
    net.tick()
    addComponent(net.server, ship, Health)
    Health.hp[ship] = 2
    net.tick()
    Health.hp[ship] = 3
    net.tick(2)
    arrivals.holdReliable = false
    net.tick(40)
    expect(hasComponent(client.world, copy(), Health)).toBe(true)
    expect(Health.hp[copy()]).toBe(3)
  })

  it('survives an interpolated component being removed and added again, too', () => {
    const { net, client, ship, copy, arrivals } = setUp()
    addComponent(net.server, ship, Place)
    Place.x[ship] = 1
    net.tick(5)
    arrivals.holdReliable = true
    removeComponent(net.server, ship, Place)
    net.tick()
    addComponent(net.server, ship, Place)
    Place.x[ship] = 2
    net.tick()
    Place.x[ship] = 3
    net.tick(2)
    arrivals.holdReliable = false
    net.tick(40)
    expect(hasComponent(client.world, copy(), Place)).toBe(true)
    expect(Place.x[copy()]).toBe(3)
  })

  it('survives the entity being hidden and shown again', () => {
    const { net, client, ship, copy, arrivals } = setUp()
    setReady(client.world, false)
    net.tick(2)
    setReady(client.world, true)
    // The client has applied the despawn; now the same with everything in flight.
    net.tick(4)
    arrivals.holdReliable = true
    setReady(client.world, false)
    net.tick(2)
    setReady(client.world, true)
    Health.hp[ship] = 5
    net.tick(2)
    Health.hp[ship] = 6
    net.tick(2)
    arrivals.holdReliable = false
    net.tick(40)
    expect(Health.hp[copy()]).toBe(6)
  })

  it('is held until its component arrives, then applied', () => {
    const { net, client, ship, copy, arrivals } = setUp()
    arrivals.holdReliable = true
    addComponent(net.server, ship, Armour)
    Armour.left[ship] = 10
    net.tick()
    Armour.left[ship] = 11
    net.tick(2)
    expect(stats(client.world).counters.heldPackets).toBeGreaterThan(0)
    arrivals.holdReliable = false
    net.tick(2)
    expect(Armour.left[copy()]).toBe(11)
    const { resentValues } = stats(net.server).counters
    expect(resentValues).toBe(0)
  })

  it('is sent again when there was no room to hold it', () => {
    const { net, client, ship, copy, arrivals } = setUp()
    arrivals.holdReliable = true
    addComponent(net.server, ship, Armour)
    for (let i = 1; i <= 40; i++) {
      Armour.left[ship] = i
      net.tick()
    }
    expect(stats(client.world).counters.holdOverflows).toBeGreaterThan(0)
    arrivals.holdReliable = false
    net.tick(10)
    expect(Armour.left[copy()]).toBe(40)
  })

  it('arrives by retransmission when the unreliable packets are lost', () => {
    const { net, ship, copy, arrivals } = setUp()
    // All unreliable packets are lost, so values arrive only with the spawn and when they are sent again.
    arrivals.loseUnreliable = true
    Health.hp[ship] = 50
    net.tick(3)
    arrivals.loseUnreliable = false
    net.tick(20)
    expect(Health.hp[copy()]).toBe(50)
  })
})
