// Tests false origins of entities from a broken server: a client checks them, counts them, and applies none.
import { defineProtocol, entityOf, NetworkErrors, drain, string, u8 } from 'bitecs-net'
import { definePrefab } from 'bitecs-net/prefabs'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { query } from 'bitecs'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { makeNetId } from '../../../src/protocol/net-id.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { transportOf } from './tap.js'

const Ball = definePrefab({ payload: { color: u8, name: string(4) } })
const protocol = defineProtocol({ prefabs: { Ball } })

/** Delivers a spawn with these bytes after the net id 1.0 to a client, on the reliable channel. */
function told(origin: readonly number[]): { spawned: number; malformed: number; eid: number } {
  const net = createTestNetwork(protocol)
  const { world } = net.clients[0]!
  const writer = new ByteWriter()
  for (const byte of [PacketKind.Data, 4, 9, 0, SectionKind.Spawn, 1, 0, ...origin]) writer.u8(byte)
  const bytes = writer.bytes.slice(0, writer.length)
  const transport = transportOf(world, 'client')
  const receive = transport.receive.bind(transport)
  let sent = false
  transport.receive = (sink) => {
    receive(sink)
    if (!sent) sink.packet(1, Channel.Reliable, bytes, bytes.length, 0)
    sent = true
  }
  net.clients[0]!.step()
  const codes = [...drain(world, NetworkErrors)].map(({ code }) => code)
  const malformed = stats(world).counters.malformedPackets
  expect(codes).toEqual(malformed > 0 ? ['malformed-packet'] : [])
  return { spawned: query(world, [Networked]).length, malformed, eid: entityOf(world, makeNetId(1, 0)) }
}

const key = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)]

describe('the origin of a spawn', () => {
  it.each([
    ['nothing', [0]],
    ['a prefab', [1, 0, 2, 7, 0]],
    ['a key', [2, ...key('door')]],
    ['both, at their longest', [3, 0, 6, 7, 4, 97, 98, 99, 100, ...key('k'.repeat(64))]],
  ])('is accepted with %s', (_, origin) => {
    const { spawned, malformed, eid } = told(origin)
    expect([spawned, malformed]).toEqual([1, 0])
    expect(eid).not.toBe(0)
  })

  it.each([
    ['a flag that does not exist', [4]],
    ['all flags', [255]],
    ['nothing after the flags', [1]],
    ['a prefab that does not exist', [1, 1, 2, 7, 0]],
    ['the largest prefab number', [1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]],
    ['a payload that is too short', [1, 0, 1, 7]],
    ['a payload that is one byte too long', [1, 0, 3, 7, 0, 0]],
    ['a payload with a text above its limit', [1, 0, 7, 7, 5, 97, 97, 97, 97, 97]],
    ['a payload that claims more than the packet has', [1, 0, 200, 1, 7, 0]],
    ['a payload that claims four gigabytes', [1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 7, 0]],
    ['an empty key', [2, 0]],
    ['a key above its limit', [2, ...key('k'.repeat(65))]],
    ['a key that claims more than the packet has', [2, 60, 97]],
    ['a key that is no text', [2, 2, 0xc3, 0x28]],
  ])('is refused completely with %s', (_, origin) => {
    expect(told(origin)).toEqual({ spawned: 0, malformed: 1, eid: 0 })
  })
})
