// Tests a world with more networked entities than slots.
import { addComponent, addEntity, hasComponent, query, removeEntity } from 'bitecs'
import { despawn, drain, NetworkErrors, netIdOf, sendRpc, setOwner } from 'bitecs-net'
import { setPriority } from 'bitecs-net/interest'
import { Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { serverState } from '../../../src/world/state.js'
import * as game from '../../support/arena.js'

const SLOTS = 8

function start() {
  const net = createTestNetwork(game.arena)
  Reflect.set(serverState(net.server).replication.entities, 'maxSlot', SLOTS)
  const { server } = net
  const [client] = net.clients
  const seen = (): number => query(client!.world, [Networked]).length
  const spawn = (): number => {
    const eid = addEntity(server)
    addComponent(server, eid, game.Position)
    addComponent(server, eid, Networked)
    return eid
  }
  return { net, server, client: client!, seen, spawn }
}

describe('a world without free slots', () => {
  it('reports the error once and does not throw in systems that spawn', () => {
    const { net, server, client, seen, spawn } = start()
    const ships: number[] = []
    for (let tick = 0; tick < 5; tick++) {
      for (let i = 0; i < 4; i++) {
        const eid = spawn()
        ships.push(eid)
        setOwner(server, eid, client.connection)
        setPriority(server, eid, 2)
        sendRpc(server, eid, game.Boom, { x: 1, shooter: eid })
      }
      net.tick(3)
    }
    expect(seen()).toBe(SLOTS)
    expect(ships.map((eid) => netIdOf(server, eid) !== 0).filter(Boolean)).toHaveLength(SLOTS)
    expect(ships.every((eid) => hasComponent(server, eid, Owned))).toBe(true)
    const codes = [...drain(server, NetworkErrors)].map(({ code }) => code)
    expect(codes.filter((code) => code === 'too-many-entities')).toHaveLength(1)
  })

  it('sends the waiting entities, in order and with their owners, when others are despawned', () => {
    const { net, server, client, seen, spawn } = start()
    const ships = Array.from({ length: SLOTS + 4 }, spawn)
    const [first, second, third, gone] = [SLOTS, SLOTS + 1, SLOTS + 2, SLOTS + 3].map((i) => ships[i]!)
    setOwner(server, first!, client.connection)
    removeEntity(server, gone!)
    net.tick(3)
    expect(seen()).toBe(SLOTS)
    for (const eid of ships.slice(0, 2)) despawn(server, eid)
    net.tick(10)
    expect([first, second, third].map((eid) => netIdOf(server, eid!) !== 0)).toEqual([true, true, false])
    expect([seen(), Networked.owner[first!], Networked.owner[second!]]).toEqual([SLOTS, client.connection, 0])
    despawn(server, first!)
    net.tick(10)
    expect([netIdOf(server, third!) !== 0, seen()]).toEqual([true, SLOTS])
  })
})
