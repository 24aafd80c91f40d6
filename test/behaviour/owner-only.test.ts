// Components for the owner alone: who has them, when they come and go, and that their changes are his.
import { addComponent, hasComponent, observe, onAdd, onRemove, removeComponent } from 'bitecs'
import {
  changed,
  clearOwner,
  type ClientWorld,
  despawn,
  drain,
  replicate,
  setOwner,
  setPlayer,
  setReady,
  u8,
} from 'bitecs-net'
import { LocalPlayer, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { copyOf } from '../support/arena.js'
import { Fuel, flight, Plans, spawnFlyer } from '../support/flyers.js'

/** A flyer with plans, whose owner is the first client. */
function plan(clients = 2, options: TestNetworkOptions = {}): { net: TestNetwork; flyer: number } {
  const net = createTestNetwork(flight, { clients, ...options })
  const flyer = spawnFlyer(net.server, 0, 0, net.clients[0]!.connection)
  addComponent(net.server, flyer, Plans)
  Plans.code[flyer] = 7
  Plans.notes[flyer]!.push(1)
  net.tick(6)
  return { net, flyer }
}

/** What a client has of the plans: nothing, or the code and the notes. */
function shown(net: TestNetwork, flyer: number, { world }: TestClient): unknown {
  const copy = copyOf(world, net.server, flyer)
  if (!hasComponent(world, copy, Plans)) return undefined
  return [Plans.code[copy], ...Plans.notes[copy]!]
}

const all = (net: TestNetwork, flyer: number): unknown[] => net.clients.map((client) => shown(net, flyer, client))

describe('a component for the owner alone', () => {
  it('comes before Owned, with its values and collections, and goes after it; the player stands around both', () => {
    const net = createTestNetwork(flight, { clients: 1 })
    const { world, connection } = net.clients[0]!
    const log: unknown[] = []
    const note = (name: string) => (eid: number) => void log.push([name, Plans.code[eid], Plans.notes[eid]!.length])
    observe(world, onAdd(Plans), note('+Plans'))
    observe(world, onRemove(Plans), note('-Plans'))
    observe(world, onAdd(Owned), () => void log.push('+Owned'))
    observe(world, onRemove(Owned), () => void log.push('-Owned'))
    observe(world, onAdd(LocalPlayer), () => void log.push('+LocalPlayer'))
    observe(world, onRemove(LocalPlayer), () => void log.push('-LocalPlayer'))
    const flyer = spawnFlyer(net.server)
    addComponent(net.server, flyer, Plans)
    Plans.code[flyer] = 5
    Plans.notes[flyer]!.push(1)
    Plans.notes[flyer]!.push(2)
    const next = spawnFlyer(net.server)
    setPlayer(net.server, connection, flyer)
    net.tick(4)
    expect(log.splice(0)).toEqual([['+Plans', 5, 2], '+Owned', '+LocalPlayer'])
    setPlayer(net.server, connection, next, { former: 'release' })
    net.tick(4)
    expect(log.splice(0)).toEqual(['-LocalPlayer', '-Owned', ['-Plans', 5, 2], '+Owned', '+LocalPlayer'])
  })

  it('moves with the ownership, with the values of now', () => {
    const { net, flyer } = plan(3)
    expect(all(net, flyer)).toEqual([[7, 1], undefined, undefined])
    Plans.code[flyer] = 8
    Plans.notes[flyer]!.push(2)
    setOwner(net.server, flyer, net.clients[1]!.connection)
    net.tick(3)
    expect(all(net, flyer)).toEqual([undefined, [8, 1, 2], undefined])
    Plans.code[flyer] = 9
    Plans.notes[flyer]!.push(3)
    net.tick(3)
    expect(all(net, flyer)).toEqual([undefined, [9, 1, 2, 3], undefined])
    clearOwner(net.server, flyer)
    net.tick(3)
    Plans.code[flyer] = 10
    net.tick(3)
    expect(all(net, flyer)).toEqual([undefined, undefined, undefined])
    setOwner(net.server, flyer, net.clients[0]!.connection)
    net.tick(3)
    expect(all(net, flyer)).toEqual([[10, 1, 2, 3], undefined, undefined])
  })

  it('is added and removed for the owner alone, also in the tick in which it becomes the owner', () => {
    const { net, flyer } = plan()
    removeComponent(net.server, flyer, Plans)
    net.tick(2)
    expect(all(net, flyer)).toEqual([undefined, undefined])
    Plans.code[flyer] = 3
    addComponent(net.server, flyer, Plans)
    net.tick(2)
    expect(all(net, flyer)).toEqual([[3], undefined])
    removeComponent(net.server, flyer, Plans)
    setOwner(net.server, flyer, net.clients[1]!.connection)
    net.tick(2)
    expect(all(net, flyer)).toEqual([undefined, undefined])
    addComponent(net.server, flyer, Plans)
    Plans.notes[flyer]!.push(6)
    setOwner(net.server, flyer, net.clients[0]!.connection)
    net.tick(2)
    expect(all(net, flyer)).toEqual([[3, 6], undefined])
  })

  it('comes to an owner that joins late, or comes back, and to no one else that does', () => {
    const { net, flyer } = plan()
    const late = net.connect()
    net.tick(3)
    expect(shown(net, flyer, late)).toBeUndefined()
    const [owner] = net.clients as [TestClient]
    setReady(owner.world, false)
    net.until(() => copyOf(owner.world, net.server, flyer) === 0)
    Plans.code[flyer] = 70
    setReady(owner.world, true)
    net.until(() => copyOf(owner.world, net.server, flyer) !== 0)
    net.tick(2)
    expect(all(net, flyer)).toEqual([[70, 1], undefined, undefined])
    Plans.code[flyer] = 71
    net.tick(2)
    expect(all(net, flyer)).toEqual([[71, 1], undefined, undefined])
  })

  it('reaches the owner, and him alone, on a network that loses', () => {
    const { net, flyer } = plan(3, { conditions: { loss: 0.3, latency: 40, jitter: 30 }, seed: 4 })
    net.until(() => shown(net, flyer, net.clients[0]!) !== undefined)
    for (let i = 1; i <= 60; i++) {
      Plans.code[flyer] = i
      Fuel.left[flyer] = i
      if (i % 20 === 0) setOwner(net.server, flyer, net.clients[(i / 20) % 3]!.connection)
      net.tick()
    }
    net.tick(80)
    expect(all(net, flyer)).toEqual([[60, 1], undefined, undefined])
    for (const { world } of net.clients) expect(Fuel.left[copyOf(world, net.server, flyer)]).toBe(60)
  })

  it('tells of its changes where it is: on the server, and at the owner', () => {
    const log: unknown[] = []
    const record = (world: ClientWorld): void => {
      for (const { before, after } of drain(world, changed(flight.components.Plans)))
        log.push([before.code, after.code])
    }
    const { net, flyer } = plan(2, { clientSystems: [record] })
    Plans.code[flyer] = 12
    net.tick(3)
    expect(log).toEqual([[7, 12]])
    despawn(net.server, flyer)
    net.tick(2)
    expect(log.length).toBe(1)
  })

  it('exists for a host’s own player as the server has it, and moves to a client', () => {
    const net = createTestNetwork(flight, { host: true, clients: 1 })
    const flyer = spawnFlyer(net.server, 0, 0, net.host.connection)
    addComponent(net.server, flyer, Plans)
    Plans.code[flyer] = 4
    net.tick(3)
    expect(all(net, flyer)).toEqual([undefined])
    setOwner(net.server, flyer, net.clients[0]!.connection)
    net.tick(3)
    expect(all(net, flyer)).toEqual([[4]])
    setOwner(net.server, flyer, net.host.connection)
    net.tick(3)
    expect([...all(net, flyer), hasComponent(net.server, flyer, Plans)]).toEqual([undefined, true])
  })

  it('is declared with a word that there is', () => {
    const Tint = { red: new Uint8Array(2) }
    expect(() => replicate(Tint, { red: u8 }, { to: 'me' as never })).toThrow(/'observers' or 'owner'/)
    expect(replicate(Tint, { red: u8 }, { to: 'owner', authority: 'client' }).text).toBe('{red:u8} by owner to owner')
  })
})
