// Tests on the wire that owner-only values are in no packet to another client, whatever happens to the entity.
import { addComponent, removeComponent } from 'bitecs'
import { setOwner, setReady } from 'bitecs-net'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { Plans, flight, Fuel, spawnFlyer } from '../../support/flyers.js'
import type { PeerId } from '../../../src/transport/transport.js'
import { serverState } from '../../../src/world/state.js'
import { transportOf } from '../world/tap.js'

/** Bytes that occur nowhere else in this test. */
const SECRET = 0xdeadbeef
const MARK = [0xef, 0xbe, 0xad, 0xde]

it('42: values for the owner alone are in no byte that another client is sent', () => {
  const net = createTestNetwork(flight, { clients: 3, conditions: { loss: 0.2, latency: 30 }, seed: 3 })
  const transport = transportOf(net.server, 'server')
  const send = transport.send.bind(transport)
  const secretsOf = new Map<PeerId, number>()
  transport.send = (peer, channel, bytes, length) => {
    for (let at = 0; at + 4 <= length; at++) {
      if (MARK.every((byte, i) => bytes[at + i] === byte)) secretsOf.set(peer, (secretsOf.get(peer) ?? 0) + 1)
    }
    return send(peer, channel, bytes, length)
  }
  const [owner, second, third] = net.clients.map(({ connection }) =>
    serverState(net.server).peerOfConnection.get(connection)!,
  )
  const flyer = spawnFlyer(net.server, 0, 0, net.clients[0]!.connection)
  addComponent(net.server, flyer, Plans)
  for (let i = 0; i < 80; i++) {
    // Changed together with public values, changed by an operation, removed and added, hidden and shown.
    Plans.code[flyer] = i % 2 === 0 ? SECRET : 1
    Fuel.left[flyer] = i
    Plans.notes[flyer]?.push(SECRET)
    if (i % 10 === 4) removeComponent(net.server, flyer, Plans)
    if (i % 10 === 7) addComponent(net.server, flyer, Plans)
    if (i === 30) setReady(net.clients[2]!.world, false)
    if (i === 50) setReady(net.clients[2]!.world, true)
    net.tick()
  }
  expect([...secretsOf.keys()]).toEqual([owner!.session.peer])
  // After a change of owner, the former owner receives neither lost nor new values.
  Plans.code[flyer] = SECRET
  net.tick()
  setOwner(net.server, flyer, net.clients[1]!.connection)
  net.tick()
  secretsOf.clear()
  for (let i = 0; i < 40; i++) {
    Plans.code[flyer] = i % 2 === 0 ? SECRET : 2
    net.tick()
  }
  expect([...secretsOf.keys()]).toEqual([second!.session.peer])
  expect(secretsOf.has(third!.session.peer)).toBe(false)
})
