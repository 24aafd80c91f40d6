// Golden vectors of requests, replies and cancels: the library writes a scripted run byte for byte, client and server
// apply it, and a reader written from docs/protocol.md alone reads it.
import { addComponent, addEntity } from 'bitecs'
import {
  bool,
  defineCommand,
  defineProtocol,
  defineTargetRpc,
  drain,
  entityOf,
  netIdOf,
  setOwner,
  string,
  u16,
  u32,
} from 'bitecs-net'
import { refuse, reply, request } from 'bitecs-net/requests'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { watch } from '../../support/behaviours-requests.js'
import { decodeReply, fnv1a, fromHex, parseProtocol, readPacket } from './independent-reader.js'
import { goldenRun, RecordedRun } from './recorded-run.js'

const Buy = defineCommand({ item: u16 }, { returns: { left: u32 }, refuses: ['too-poor', 'sold-out'] })
const Look = defineCommand({}, { returns: { seen: string(20) }, rate: { perSecond: 1, burst: 1 } })
const Ask = defineTargetRpc({ text: string(20) }, { returns: { yes: bool } })
const protocol = defineProtocol({ remote: { Buy, Look, Ask } })
const described = parseProtocol(protocol.description)

/** One client that owns one stall, and every kind of reply that a short run can cause. */
function scriptedRun() {
  const net = createTestNetwork(protocol, { clients: 0, seed: 6 })
  const run = new RecordedRun(net, described)
  const { server } = net
  const { world, connection } = net.connect({ reconnect: 'never' })
  const stall = addEntity(server)
  addComponent(server, stall, Networked)
  setOwner(server, stall, connection)
  net.tick(3)
  run.record(server, 'server')
  run.record(world, 'client')
  const copy = entityOf(world, netIdOf(server, stall))
  const controller = new AbortController()
  const outcomes = [
    watch(request(world, copy, Buy, { item: 3 })),
    watch(request(world, copy, Buy, { item: 4 })),
    watch(request(world, copy, Look, {})),
    watch(request(world, copy, Look, {})),
    watch(request(world, copy, Buy, { item: 5 }, { signal: controller.signal })),
    watch(request(server, stall, Ask, { text: 'ready?' })),
  ]
  run.tick(2)
  for (const { id, args } of drain(server, Buy)) {
    if (args.item === 3) reply(server, id, { left: 70_000 })
    if (args.item === 4) refuse(server, id, 'too-poor')
  }
  for (const { id } of drain(server, Look)) refuse(server, id, 'düster')
  for (const { id, args } of drain(world, Ask)) reply(world, id, { yes: args.text === 'ready?' })
  controller.abort()
  run.tick(3)
  return { run, outcomes }
}

const golden = () => goldenRun('request-vectors.json')

describe('the library', () => {
  it('writes the golden requests and replies byte for byte', async () => {
    // After an intended change, run this file with `-u`.
    await expect(scriptedRun().run.text()).toMatchFileSnapshot('request-vectors.json')
  })

  it('settles the requests of the golden run with the given replies', async () => {
    const { outcomes } = scriptedRun()
    await new Promise((resolve) => setImmediate(resolve))
    expect(outcomes.map(({ value, error }) => value ?? (error as Error).message)).toEqual([
      { left: 70_000 },
      'Buy: refused: too-poor',
      'Look: refused: düster',
      'Look: more often than its definition allows',
      'Buy: its signal was aborted',
      { yes: true },
    ])
  })
})

describe('a reader written from docs/protocol.md alone', () => {
  it('computes the same hash of a description with returns and refuses', () => {
    expect(protocol.description).toContain(
      'command Buy {item:u16} reliable returns {left:u32} refuses sold-out,too-poor',
    )
    expect(fnv1a(protocol.description)).toEqual([protocol.hashHigh, protocol.hashLow])
  })

  it('gets the actions of the script from the run', () => {
    const said = golden().flatMap(({ from, says }) =>
      says
        .split('; ')
        .slice(1)
        .map((line) => `${from}: ${line}`),
    )
    expect(said).toEqual([
      'client: request 1.0 1 Buy(item=3)',
      'client: request 1.0 2 Buy(item=4)',
      'client: request 1.0 3 Look()',
      'client: request 1.0 4 Look()',
      'client: request 1.0 5 Buy(item=5)',
      'server: request 1.0 1 Ask(text=ready?)',
      'server: reply 4 over rate',
      'client: reply 1 ok 01',
      'client: cancel 5',
      'server: reply 1 ok 70 11 01 00',
      'server: reply 2 refused 01',
      expect.stringMatching(/^server: reply 3 refused .. /),
    ])
  })

  it('decodes the content of replies by the requested definition', () => {
    const [ask, buy, look] = described.definitions
    expect(decodeReply(buy!, 'ok', fromHex('70110100'))).toBe('left=70000')
    expect(decodeReply(buy!, 'refused', fromHex('01'))).toBe('too-poor')
    expect(decodeReply(ask!, 'ok', fromHex('01'))).toBe('yes=true')
    const text = golden()
      .map(({ says }) => says.match(/reply 3 refused ([0-9a-f ]+)/)?.[1])
      .find((bytes) => bytes !== undefined)!
    expect(decodeReply(look!, 'refused', fromHex(text.replaceAll(' ', '')))).toBe('düster')
  })

  it('refuses packets that the page calls malformed', () => {
    for (const hex of [
      // A request on no entity, of number 0, cut short.
      '000001000b00010100',
      '000001000b0100010000',
      '000001000b01000101',
      // A reply of number 0, of a status that does not exist, of the library with something in it, cut short.
      '000001000c000000',
      '000001000c010b00',
      '000001000c01080100',
      '000001000c010002ff',
      // A cancel of number 0.
      '000001000d00',
    ]) {
      expect(() => readPacket(fromHex(hex), described), `value ${hex}`).toThrow(/./)
    }
  })
})
