// Tests a game that closes its connection from an observer while a packet is being applied.
import { addComponent, addEntity, observe, onAdd, onRemove, query } from 'bitecs'
import { close, defineProtocol, despawn, replicate, type ServerWorld, setPlayer, u16 } from 'bitecs-net'
import { Connected, LocalPlayer, Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const Health = { hp: new Uint16Array(4000) }
const protocol = defineProtocol({ components: { Health: replicate(Health, { hp: u16 }) } })

function spawn(world: ServerWorld): number {
  const eid = addEntity(world)
  addComponent(world, eid, Health)
  addComponent(world, eid, Networked)
  return eid
}

describe('a client that closes inside an observer', () => {
  it('keeps no entity of the server, although the packet contains more spawns', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    let closed = false
    observe(client.world, onAdd(Networked), () => {
      if (closed) return
      closed = true
      void close(client.world)
    })
    spawn(net.server)
    spawn(net.server)
    spawn(net.server)
    net.tick(3)
    expect(closed).toBe(true)
    expect([...query(client.world, [Networked])]).toEqual([])
    expect([...query(client.world, [Connected])]).toEqual([])
  })

  it('loses no packet of the next session', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const ship = spawn(net.server)
    setPlayer(net.server, client.connection, ship)
    net.tick(3)
    observe(client.world, onRemove(LocalPlayer), () => void close(client.world))
    despawn(net.server, ship)
    net.tick(3)
    spawn(net.server)
    spawn(net.server)
    const again = net.connect({ world: client.world })
    net.tick(5)
    expect(again.reason).toBeUndefined()
    expect(query(client.world, [Networked])).toHaveLength(2)
  })
})
