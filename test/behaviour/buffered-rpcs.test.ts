// Tests buffered RPCs: each new observer of an entity gets the last call on it, right after the spawn.
import { addComponent, addEntity, createEntityIndex, hasComponent, removeComponent, removeEntity } from 'bitecs'
import {
  clearOwner,
  close,
  createClientWorld,
  defineClientRpc,
  defineProtocol,
  despawn,
  drain,
  handle,
  replicate,
  sendRpc,
  setOwner,
  setPlayer,
  setReady,
  u8,
  type ClientWorld,
} from 'bitecs-net'
import { group, joinGroup } from 'bitecs-net/groups'
import { LocalPlayer, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { copyOf } from '../support/arena.js'

const Health = { hp: new Uint8Array(4000) }
const Paint = defineClientRpc({ colour: u8 }, { buffer: 'last' })
const Hat = defineClientRpc({ kind: u8 }, { buffer: 'last' })
const Shadow = defineClientRpc({ n: u8 }, { buffer: 'last', includeOwner: false })
const Blink = defineClientRpc({ n: u8 })
const protocol = defineProtocol({
  components: { Health: replicate(Health, { hp: u8 }) },
  remote: { Paint, Hat, Shadow, Blink },
})

function spawn(net: TestNetwork): number {
  const eid = addEntity(net.server)
  addComponent(net.server, eid, Health)
  addComponent(net.server, eid, Networked)
  return eid
}

function setUp(clients: number) {
  const net = createTestNetwork(protocol, { clients })
  const ship = spawn(net)
  net.tick(3)
  return { net, ship }
}

/** The calls that a client got, by name and number. */
function got({ world }: { world: ClientWorld }): string[] {
  const calls: string[] = []
  for (const { args } of drain(world, Paint)) calls.push(`paint ${args.colour}`)
  for (const { args } of drain(world, Hat)) calls.push(`hat ${args.kind}`)
  for (const { args } of drain(world, Shadow)) calls.push(`shadow ${args.n}`)
  for (const { args } of drain(world, Blink)) calls.push(`blink ${args.n}`)
  return calls
}

function join(net: TestNetwork): TestClient {
  const client = net.connect()
  net.tick(3)
  return client
}

describe('a later observer', () => {
  it('gets the last call of each buffered definition, and none of the others', () => {
    const { net, ship } = setUp(1)
    for (const colour of [1, 2, 3]) sendRpc(net.server, ship, Paint, { colour })
    sendRpc(net.server, ship, Hat, { kind: 9 })
    sendRpc(net.server, ship, Blink, { n: 1 })
    net.tick(3)
    expect(got(net.clients[0]!)).toEqual(['paint 1', 'paint 2', 'paint 3', 'hat 9', 'blink 1'])
    expect(got(join(net))).toEqual(['paint 3', 'hat 9'])
    sendRpc(net.server, ship, Paint, { colour: 4 })
    net.tick(2)
    expect(got(join(net))).toEqual(['paint 4', 'hat 9'])
    // Earlier observers got only the call itself.
    expect(net.clients.slice(0, 2).map(got)).toEqual([['paint 4'], ['paint 4']])
  })

  it('gets the call after the spawn, its values, Owned and LocalPlayer', () => {
    let welcome = (): void => {}
    const net = createTestNetwork(protocol, { serverSystems: [() => welcome()] })
    const ship = spawn(net)
    Health.hp[ship] = 77
    sendRpc(net.server, ship, Paint, { colour: 1 })
    net.tick(3)
    // In the tick in which the client joins, it becomes owner and player, and gets another call.
    welcome = () => {
      const late = net.clients[1]?.connection ?? 0
      if (late === 0) return
      welcome = () => {}
      setOwner(net.server, ship, late)
      setPlayer(net.server, late, ship)
      sendRpc(net.server, ship, Blink, { n: 5 })
    }
    const client = net.begin()
    const { world } = client
    const seen: unknown[] = []
    const show = (what: string, on: number): void => {
      seen.push([what, Health.hp[on], hasComponent(world, on, Owned), hasComponent(world, on, LocalPlayer)])
    }
    handle(world, Paint, ({ entity }) => show('paint', entity))
    handle(world, Blink, ({ entity }) => show('blink', entity))
    net.tick(5)
    expect(seen).toContainEqual(['paint', 77, true, true])
    expect(seen).toContainEqual(['blink', 77, true, true])
    expect(seen).toHaveLength(2)
  })

  it('gets each call once when it joins in the tick of a call', () => {
    const { net, ship } = setUp(1)
    sendRpc(net.server, ship, Paint, { colour: 1 })
    net.tick(2)
    const late = net.begin()
    for (let colour = 2; colour < 12; colour++) {
      sendRpc(net.server, ship, Paint, { colour })
      net.tick()
    }
    net.tick(2)
    const seen = got(late)
    // All calls since it joined, in order, none twice.
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => `paint ${12 - seen.length + i}`))
    expect(seen.length).toBeGreaterThan(3)
  })

  it('gets the call again when it loses the entity and observes it again', () => {
    const { net, ship } = setUp(1)
    const { world } = net.clients[0]!
    sendRpc(net.server, ship, Paint, { colour: 3 })
    net.tick(2)
    expect(got({ world })).toEqual(['paint 3'])
    setReady(world, false)
    net.tick(3)
    expect(copyOf(world, net.server, ship)).toBe(0)
    setReady(world, true)
    net.tick(3)
    expect(got({ world })).toEqual(['paint 3'])
  })
})

describe('a client left out of a buffered call', () => {
  it('does not get it later when `except` names it, alone or among several', () => {
    const { net, ship } = setUp(2)
    const [first, second] = net.clients as [TestClient, TestClient]
    sendRpc(net.server, ship, Paint, { colour: 1 }, { except: first.connection })
    sendRpc(net.server, ship, Hat, { kind: 2 }, { except: [first.connection, second.connection] })
    net.tick(2)
    expect([got(first), got(second)]).toEqual([[], ['paint 1']])
    for (const { world } of [first, second]) setReady(world, false)
    net.tick(3)
    for (const { world } of [first, second]) setReady(world, true)
    net.tick(6)
    expect([got(first), got(second)]).toEqual([[], ['paint 1']])
    expect(got(join(net))).toEqual(['paint 1', 'hat 2'])
  })

  it('does not get it later when it was the owner, or is the owner by then', () => {
    const { net, ship } = setUp(1)
    const first = net.clients[0]!
    setOwner(net.server, ship, first.connection)
    sendRpc(net.server, ship, Shadow, { n: 1 })
    net.tick(2)
    expect(got(first)).toEqual([])
    clearOwner(net.server, ship)
    setReady(first.world, false)
    net.tick(3)
    setReady(first.world, true)
    net.tick(6)
    expect(got(first)).toEqual([])
    const late = net.begin({ autoReady: false })
    net.tick(3)
    setOwner(net.server, ship, late.connection)
    setReady(late.world, true)
    net.tick(3)
    expect(got(late)).toEqual([])
    expect(got(join(net))).toEqual(['shadow 1'])
  })

  it('is not confused with a later connection that has the same id', async () => {
    const entityIndex = createEntityIndex()
    const net = createTestNetwork(protocol, { clients: 2, entityIndex })
    const world = createClientWorld(protocol, { entityIndex, now: () => net.now })
    const ship = spawn(net)
    const gone = net.clients[1]!
    net.tick(3)
    const id = gone.connection
    sendRpc(net.server, ship, Paint, { colour: 1 }, { except: id })
    net.tick()
    await close(gone.world)
    net.tick(3)
    // bitECS hands out the id that was freed last: this makes it the former connection's.
    const fillers: number[] = []
    while (fillers.at(-1) !== id) fillers.push(addEntity(net.server))
    removeEntity(net.server, id)
    const client = net.connect({ world })
    net.tick(3)
    expect(client.connection).toBe(id)
    expect(got(client)).toEqual(['paint 1'])
  })

  it('does not get it later when `to` names another client, but does as a new member of the group', () => {
    const { net, ship } = setUp(1)
    const first = net.clients[0]!
    joinGroup(net.server, first.connection, 'red')
    sendRpc(net.server, ship, Paint, { colour: 1 }, { to: first.connection })
    sendRpc(net.server, ship, Hat, { kind: 1 }, { to: group('red') })
    net.tick(2)
    expect(got(first)).toEqual(['paint 1', 'hat 1'])
    expect(got(join(net))).toEqual([])
    const member = net.begin({ autoReady: false })
    net.tick(3)
    joinGroup(net.server, member.connection, 'red')
    setReady(member.world, true)
    net.tick(3)
    expect(got(member)).toEqual(['hat 1'])
  })
})

describe('a buffered RPC', () => {
  it('ends with its entity, and the next entity in the same place does not inherit it', () => {
    const { net, ship } = setUp(1)
    sendRpc(net.server, ship, Paint, { colour: 1 })
    net.tick(2)
    despawn(net.server, ship)
    net.tick(5)
    for (let i = 0; i < 5; i++) spawn(net)
    net.tick(2)
    expect(got(join(net))).toEqual([])
  })

  it('ends when Networked is removed from its entity, even when it is added again', () => {
    const { net, ship } = setUp(1)
    sendRpc(net.server, ship, Paint, { colour: 1 })
    net.tick(2)
    removeComponent(net.server, ship, Networked)
    net.tick(2)
    addComponent(net.server, ship, Networked)
    net.tick(2)
    expect(got(join(net))).toEqual([])
  })

  it('needs the reliable channel', () => {
    expect(() => defineClientRpc({}, { buffer: 'last', channel: 'unreliable' })).toThrow(/reliable/)
    expect(() => defineClientRpc({}, { buffer: 'first' as never })).toThrow(/buffer is 'last'/)
  })
})
