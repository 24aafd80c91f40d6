// Tests packets between a hello and its welcome, byte for byte, with the reader written from docs/protocol.md alone.
import { query } from 'bitecs'
import { defineMessage, defineProtocol, sendMessage, string, u32 } from 'bitecs-net'
import { accept } from 'bitecs-net/users'
import { Authenticating } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { capture, type Captured, transportOf } from '../world/tap.js'
import { fromHex, parseProtocol, readPacket } from './independent-reader.js'
import { toHex } from './vectors.js'

const Challenge = defineMessage({ nonce: u32 }, { from: 'server', beforeAuthentication: true })
const Proof = defineMessage({ word: string(20) }, { from: 'client', beforeAuthentication: true })
const protocol = defineProtocol({ messages: { Challenge, Proof } })

it('messages before the welcome travel in data packets, and the protocol description marks them', () => {
  expect(protocol.description).toBe(
    'wire 1\nmessage Challenge {nonce:u32} reliable from server before-authentication\n' +
      'message Proof {word:string(20)} reliable from client before-authentication',
  )
  const net = createTestNetwork(protocol, { clients: 0, users: { authenticate: 'by-messages' } })
  const client = net.begin({ reconnect: 'never' })
  const packets: Captured[] = []
  capture(transportOf(net.server, 'server'), 'server', packets)
  capture(transportOf(client.world, 'client'), 'client', packets)
  net.tick()
  const [connection] = query(net.server, [Authenticating])
  sendMessage(net.server, Challenge, { nonce: 7 }, { to: connection! })
  net.tick(2)
  sendMessage(client.world, Proof, { word: 'sesame' })
  net.tick()
  accept(net.server, connection!)
  const said = packets
    .filter(({ bytes }) => bytes[0] === PacketKind.Data || bytes[0] === PacketKind.Welcome)
    .map(({ from, bytes }) => `${from} ${toHex(bytes)}`)
  expect(said).toEqual([
    'server 0000020008000407000000',
    'client 00000000',
    'client 0000000008010706736573616d65',
    'server 0201204e00000400',
  ])
  const described = parseProtocol(protocol.description)
  const says = said.map((line) => readPacket(fromHex(line.split(' ')[1]!), described).join('; '))
  expect(says).toEqual([
    'data tick 2 structure 0; message Challenge(nonce=7)',
    'data tick 0 structure 0',
    'data tick 0 structure 0; message Proof(word=sesame)',
    'welcome connection 1 rate 20000 tick 4',
  ])
})
