// Tests false announcements of a broken or hostile server: without a spawn, repeated, or with a key that is in use.
import { addEntity, getAllEntities } from 'bitecs'
import { close, connectionOf, defineProtocol, entityOf, netIdOf, NetworkErrors, drain } from 'bitecs-net'
import { setSpawnKey } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import type { ByteWriter } from '../../../src/protocol/bytes.js'
import { makeNetId, writeNetId } from '../../../src/protocol/net-id.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { networkOf } from '../../../src/world/state.js'
import { throwAtClient } from './tap.js'

const protocol = defineProtocol({})

function announce(slot: number, generation = 0, key = '') {
  return (writer: ByteWriter): void => {
    writer.u8(SectionKind.Announce)
    writeNetId(writer, slot === 0 ? 0 : makeNetId(slot, generation))
    writer.string(key, 1000)
  }
}

function despawn(slot: number) {
  return (writer: ByteWriter): void => {
    writer.u8(SectionKind.Despawn)
    writer.varint(slot)
    writer.u8(0)
  }
}

function setUp() {
  const net = createTestNetwork(protocol)
  net.tick(2)
  const { world } = net.clients[0]!
  const { entities } = networkOf(world)!.client!.replication
  const say = (...sections: ((writer: ByteWriter) => void)[]): void => {
    for (const section of sections) throwAtClient(net.server, section)
    net.tick()
  }
  return { net, world, entities, say, count: () => getAllEntities(world).length }
}

describe('an announcement', () => {
  it('leaves one entity when it is repeated or replaces another, and none after a despawn', () => {
    const { world, entities, say, count } = setUp()
    const before = count()
    say(announce(7), announce(7), announce(7))
    expect([entities.announced.size, count() - before]).toEqual([1, 1])
    say(announce(7, 1), announce(7, 2))
    expect([entities.announced.size, count() - before]).toEqual([1, 1])
    expect([entityOf(world, makeNetId(7, 2)), netIdOf(world, entities.announced.at(7)!.entity)]).toEqual([0, 0])
    say(despawn(7), despawn(7))
    expect([entities.announced.size, count()]).toEqual([0, before])
    expect(stats(world).counters.malformedPackets).toBe(0)
  })

  it('is removed with the connection when its entity never spawned', async () => {
    const { net, world, entities, say, count } = setUp()
    const before = count()
    say(...Array.from({ length: 300 }, (_, i) => announce(i + 1)))
    expect(count() - before).toBe(300)
    void close(world)
    net.tick(3)
    await Promise.resolve()
    expect([entities.announced.size, count()]).toEqual([0, before])
    expect(connectionOf(world)).toBeGreaterThan(0)
  })

  it('does not match a game entity to a spawn key twice', () => {
    const { world, entities, say } = setUp()
    const own = addEntity(world)
    setSpawnKey(world, own, 'door')
    say(announce(7, 0, 'door'), announce(8, 0, 'door'))
    expect([entities.announced.size, entities.announced.at(8)!.entity]).toEqual([1, own])
    say(despawn(7))
    expect(entities.announced.at(8)!.entity).toBe(own)
    expect([...drain(world, NetworkErrors)]).toEqual([])
  })

  it.each([
    ['without a slot', announce(0)],
    ['with a key that is too long', announce(7, 0, 'k'.repeat(65))],
  ])('is malformed %s', (_, section) => {
    const { world, entities, say } = setUp()
    say(section)
    expect(stats(world).counters.malformedPackets).toBe(1)
    expect(entities.announced.size).toBe(0)
  })
})
