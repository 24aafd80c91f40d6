// Tests which calls are visited when a tick's calls are written for one client.
import { addComponents, addEntity } from 'bitecs'
import { defineProtocol, defineTargetRpc, sendTargetRpc, u8 } from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it, vi } from 'vitest'
import { serverState } from '../../../src/world/state.js'

const Prize = defineTargetRpc({ n: u8 })
const protocol = defineProtocol({ remote: { Prize } })

it('the server visits one call per client when each client gets a call of its own', () => {
  const CLIENTS = 24
  const net = createTestNetwork(protocol, { clients: CLIENTS })
  const ship = addEntity(net.server)
  addComponents(net.server, ship, Networked)
  net.tick(5)
  for (const { connection } of net.clients) sendTargetRpc(net.server, ship, Prize, { n: 1 }, { to: connection })
  const { outgoing } = serverState(net.server)
  const looks = vi.spyOn(outgoing, 'after')
  const sent = vi.spyOn(outgoing, 'startOf')
  net.tick()
  expect(sent.mock.calls.length).toBeGreaterThanOrEqual(CLIENTS)
  expect(looks).toHaveBeenCalledTimes(CLIENTS)
})
