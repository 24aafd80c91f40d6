// Tests that sending to a group allocates nothing per call. Needs `--expose-gc`.
import { addComponent, addEntity } from 'bitecs'
import { defineClientRpc, defineMessage, defineProtocol, f32, sendMessage, sendRpc, u8 } from 'bitecs-net'
import { group, joinGroup } from 'bitecs-net/groups'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { serverState } from '../../../src/world/state.js'

const Blip = defineMessage({ x: f32, n: u8 })
const Boom = defineClientRpc({ x: f32, n: u8 })
const protocol = defineProtocol({ remote: { Boom }, messages: { Blip } })
const CALLS = 4000

it('a call or message to a group allocates nothing', () => {
  const { server, clients } = createTestNetwork(protocol)
  const ship = addEntity(server)
  addComponent(server, ship, Networked)
  joinGroup(server, clients[0]!.connection, 'red')
  const options = { to: group('red') }
  const args = { x: 0.5, n: 7 }
  const { outgoing } = serverState(server)
  const turn = (): void => {
    for (let i = 0; i < CALLS; i += 2) {
      sendMessage(server, Blip, args, options)
      sendRpc(server, ship, Boom, args, options)
    }
    outgoing.clear()
  }
  for (let i = 0; i < 40; i++) turn()
  let least = Infinity
  for (let i = 0; i < 20; i++) {
    globalThis.gc!()
    const before = process.memoryUsage().heapUsed
    turn()
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  // Measuring the heap allocates some; one object per call would take at least 80,000 bytes.
  expect(least / CALLS).toBeLessThan(1)
})
