// Tests commands on other clients' entities that follow permitted commands in the same packet: each is checked
// separately.
import { addComponent, addEntity } from 'bitecs'
import { defineCommand, defineProtocol, drain, netIdOf, setOwner, u8 } from 'bitecs-net'
import { hideFrom } from 'bitecs-net/interest'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { SectionKind } from '../../../src/protocol/packet.js'
import { throwSections } from './tap.js'

const Move = defineCommand({ dx: u8 })
const Knock = defineCommand({ dx: u8 }, { requiresAuthority: false })
const protocol = defineProtocol({ remote: { Knock, Move } })

function setUp() {
  const net = createTestNetwork(protocol, { clients: 2 })
  const [cheat, honest] = net.clients as [TestClient, TestClient]
  const ship = addEntity(net.server)
  addComponent(net.server, ship, Networked)
  setOwner(net.server, ship, honest.connection)
  net.tick(4)
  const send = (...commands: (typeof Move | typeof Knock)[]): [number, number] => {
    throwSections(cheat, (writer) => {
      for (const command of commands) {
        writer.u8(SectionKind.Call)
        for (const field of [netIdOf(net.server, ship), 0, protocol.ids.get(command)!, 1, 1]) writer.varint(field)
      }
    })
    net.tick()
    return [[...drain(net.server, Knock)].length, [...drain(net.server, Move)].length]
  }
  return { net, cheat, ship, send }
}

it('a command without authority check does not let owner-only commands after it in the packet pass', () => {
  expect(setUp().send(Knock, Move, Knock, Move)).toEqual([2, 0])
})

it('a command on an entity that its sender no longer observes is dropped', () => {
  const { net, cheat, ship, send } = setUp()
  expect(send(Knock)).toEqual([1, 0])
  hideFrom(net.server, ship, cheat.connection)
  net.tick(4)
  expect(send(Knock, Knock)).toEqual([0, 0])
})
