// Arrays that were too small for an entity, and that the game then replaced by larger ones; and shorter ones.
import { addComponents, addEntity, hasComponent } from 'bitecs'
import {
  defineProtocol,
  despawn,
  drain,
  entity,
  entityOf,
  f32,
  f64,
  i16,
  netIdOf,
  NetworkErrors,
  quantized,
  replicate,
  setOwner,
  u32,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const SMALL = 20

/** Stores of every kind that a client writes in its own way. */
function makeGame() {
  const Plain = { v: new Uint32Array(SMALL) }
  const Mixed = { q: new Float32Array(SMALL), d: new Float64Array(SMALL), on: new Uint32Array(SMALL) }
  const Glide = { x: new Float32Array(SMALL) }
  const Once = { v: new Uint32Array(SMALL) }
  const Own = { v: new Int16Array(SMALL) }
  const stores = { Plain, Mixed, Glide, Once, Own }
  const protocol = defineProtocol({
    components: {
      Plain: replicate(Plain, { v: u32 }),
      Mixed: replicate(Mixed, { q: quantized(-8, 8, 0.25), d: f64, on: entity }),
      Glide: replicate(Glide, { x: f32 }, { interpolate: true }),
      Once: replicate(Once, { v: u32 }, { send: 'once' }),
      Own: replicate(Own, { v: i16 }, { authority: 'client' }),
    },
  })
  return { ...stores, stores, protocol }
}

type Stores = ReturnType<typeof makeGame>['stores']

/** Gives every field an array of another length. */
function resize(stores: Stores, length: number): void {
  for (const store of Object.values(stores) as Record<string, Uint32Array>[]) {
    for (const [name, array] of Object.entries(store)) {
      const other = new (array.constructor as Uint32ArrayConstructor)(length)
      other.set(array.subarray(0, length))
      store[name] = other
    }
  }
}

interface Played extends ReturnType<typeof makeGame> {
  net: TestNetwork
  eids: number[]
  copies(client: TestClient): number[]
  write(eid: number, value: number): void
}

/**
 * Four entities of the server with every component; the arrays have room for none of them, or for no copy on a client.
 */
function begin(room: 'nobody' | 'server'): Played {
  const game = makeGame()
  const net = createTestNetwork(game.protocol, { clients: 2 })
  const { server } = net
  for (let i = 0; i < SMALL; i++) addEntity(server)
  resize(game.stores, 100)
  const write = (eid: number, value: number): void => {
    game.Plain.v[eid] = value
    game.Mixed.q[eid] = value / 4
    game.Mixed.d[eid] = value / 3
    game.Mixed.on[eid] = eid
    game.Glide.x[eid] = value
  }
  const eids = Array.from({ length: 4 }, (_, i) => {
    const eid = addEntity(server)
    write(eid, i + 1)
    game.Once.v[eid] = i + 1
    game.Own.v[eid] = i + 1
    addComponents(server, eid, [...Object.values(game.stores), Networked])
    setOwner(server, eid, net.clients[0]!.connection)
    return eid
  })
  resize(game.stores, room === 'server' ? eids.at(-1)! + 1 : SMALL)
  const copies = (client: TestClient): number[] => eids.map((eid) => entityOf(client.world, netIdOf(server, eid)))
  return { ...game, net, eids, copies, write }
}

/** All values of entities, field by field. */
function values({ Plain, Mixed, Glide, Once, Own }: Stores, eids: readonly number[]): unknown {
  return eids.map((eid) => [Plain.v[eid], Mixed.q[eid], Mixed.d[eid], Glide.x[eid], Once.v[eid], Own.v[eid]])
}

describe('arrays that were too small', () => {
  it('for entities of the server replicate them once they are larger', () => {
    const game = begin('nobody')
    const { net, eids, stores } = game
    net.tick(3)
    const [client] = net.clients as [TestClient]
    const has = (): boolean[] => game.copies(client).map((eid) => hasComponent(client.world, eid, game.Once))
    expect(has()).toEqual([false, false, false, false])
    resize(stores, 200)
    eids.forEach((eid, i) => {
      game.write(eid, i + 11)
      game.Once.v[eid] = game.Own.v[eid] = i + 11
    })
    net.tick(8)
    expect(has()).toEqual([true, true, true, true])
    const late = net.connect()
    net.tick(8)
    for (const one of [...net.clients, late]) expect(values(stores, game.copies(one))).toEqual(values(stores, eids))
    eids.forEach((eid, i) => game.write(eid, i + 21))
    net.tick(8)
    for (const one of net.clients) expect(values(stores, game.copies(one))).toEqual(values(stores, eids))
    const reports = Array.from(drain(net.server, NetworkErrors), ({ code, name }) => `${code} ${name}`)
    expect(reports.sort()).toEqual(
      Object.keys(stores)
        .map((name) => `store-too-small ${name}`)
        .sort(),
    )
  })

  it('for copies on a client show what the server had sent, changes included, once they are larger', () => {
    const game = begin('server')
    const { net, eids, stores } = game
    net.tick(3)
    eids.forEach((eid, i) => game.write(eid, i + 5))
    net.tick(8)
    resize(stores, 200)
    net.tick(8)
    for (const client of net.clients) {
      expect(values(stores, game.copies(client))).toEqual(values(stores, eids))
      expect(game.copies(client).map((eid) => game.Mixed.on[eid])).toEqual(game.copies(client))
    }
  })

  it('for copies on a client that owns them are written by it once they are larger', () => {
    const game = begin('server')
    const { net, eids, stores } = game
    net.tick(3)
    resize(stores, 200)
    net.tick(3)
    const [owner] = net.clients as [TestClient]
    game.copies(owner).forEach((copy, i) => (game.Own.v[copy] = 40 + i))
    net.tick(3)
    expect(eids.map((eid) => game.Own.v[eid])).toEqual([40, 41, 42, 43])
  })

  it('for copies on a client hold nothing of entities that have ended since', () => {
    const game = begin('server')
    const { net, eids, stores } = game
    net.tick(3)
    const [client] = net.clients as [TestClient]
    const copies = game.copies(client)
    for (const eid of eids) despawn(net.server, eid)
    net.tick(3)
    resize(stores, 200)
    net.tick(3)
    expect(copies.map((copy) => game.Plain.v[copy])).toEqual([0, 0, 0, 0])
  })

  it('again, since the game made them shorter, drop the component of the entities that they lost', () => {
    const game = begin('server')
    const { net, eids, stores } = game
    resize(stores, 200)
    net.tick(3)
    const [client] = net.clients as [TestClient]
    resize(stores, eids[2]!)
    net.tick(3)
    const has = game.copies(client).map((copy) => hasComponent(client.world, copy, game.Plain))
    expect(has).toEqual([true, true, false, false])
    resize(stores, 200)
    eids.forEach((eid, i) => (game.Plain.v[eid] = 30 + i))
    net.tick(3)
    expect(game.copies(client).map((copy) => game.Plain.v[copy])).toEqual([30, 31, 32, 33])
  })
})
