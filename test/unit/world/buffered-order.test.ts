// Tests that a new observer's packet carries a buffered RPC after the structure and before the calls of the tick.
import { addComponent, addEntity } from 'bitecs'
import { defineClientRpc, defineProtocol, netIdOf, sendRpc, setOwner, setPlayer, u32 } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { SectionKind } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { endEntity } from '../../../src/world/server/entity-steps.js'
import { serverState } from '../../../src/world/state.js'
import { capture, type Captured, transportOf } from './tap.js'

const Paint = defineClientRpc({ n: u32 }, { buffer: 'last' })
const Blink = defineClientRpc({ n: u32 })
const protocol = defineProtocol({ remote: { Paint, Blink } })

it('a buffered RPC follows spawn, owner and player, precedes calls of the tick, and ends with its entity', () => {
  let welcome = (): void => {}
  const net = createTestNetwork(protocol, { serverSystems: [() => welcome()] })
  const ship = addEntity(net.server)
  addComponent(net.server, ship, Networked)
  sendRpc(net.server, ship, Paint, { n: 0xa1a2a3a4 })
  net.tick(3)
  const captured: Captured[] = []
  capture(transportOf(net.server, 'server'), 'server', captured)
  welcome = () => {
    const late = net.clients[1]?.connection ?? 0
    if (late === 0) return
    setOwner(net.server, ship, late)
    setPlayer(net.server, late, ship)
    if (captured.length < 100) sendRpc(net.server, ship, Blink, { n: 0xb1b2b3b4 })
  }
  net.begin()
  net.tick(4)
  const packet = captured
    .filter(({ channel }) => channel === Channel.Reliable)
    .map(({ bytes }) => [...bytes].join(' '))
    .find((bytes) => bytes.includes('164 163 162 161'))!
  const slot = netIdOf(net.server, ship)
  const places = [
    `${SectionKind.Ownership} ${slot} 1`,
    `${SectionKind.Player} ${slot} 0`,
    `${SectionKind.Call} ${slot} 0 ${protocol.ids.get(Paint)} 4 164 163 162 161`,
    `${SectionKind.Call} ${slot} 0 ${protocol.ids.get(Blink)} 4 180 179 178 177`,
  ].map((section) => packet.indexOf(section))
  expect(places).not.toContain(-1)
  expect(places).toEqual([...places].sort((a, b) => a - b))

  const { buffered } = serverState(net.server)
  expect(buffered.entities).toBe(1)
  for (let n = 0; n < 100; n++) sendRpc(net.server, ship, Paint, { n })
  expect(buffered.of(slot)).toHaveLength(1)
  for (let i = 0; i < 50; i++) {
    const eid = addEntity(net.server)
    addComponent(net.server, eid, Networked)
    sendRpc(net.server, eid, Paint, { n: i })
    net.tick()
    endEntity(serverState(net.server), eid)
  }
  expect(buffered.entities).toBe(1)
})
