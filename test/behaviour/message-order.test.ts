// How messages of one tick share packets, and that each keeps its place whatever its size.
import { bytes, defineMessage, defineProtocol, drain, sendMessage, string } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const Text = defineMessage({ text: string(16_000) })
const Blob = defineMessage({ data: bytes(100_000) }, { large: true })
const talk = defineProtocol({ messages: { Text, Blob } })

describe('21: many small messages of one tick travel in one packet; a large one keeps its place in the order', () => {
  it.each(['server', 'client'] as const)('a hundred of the %s are one packet, in order', (side) => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const client = net.clients[0]!.world
    const [from, to] = side === 'server' ? [net.server, client] : [client, net.server]
    net.tick(20)
    // What the tick takes anyway: heart-beats and acknowledgements come and go at their own times.
    const packets = (): number => stats(from).transport.packetsSent
    const quiet: number[] = []
    for (let i = 0; i < 20; i++) {
      const before = packets()
      net.tick()
      quiet.push(packets() - before)
    }
    const before = packets()
    for (let i = 0; i < 100; i++) sendMessage(from, game.Chat, { text: `m${i}` })
    net.tick()
    expect(packets() - before).toBeLessThanOrEqual(Math.max(...quiet) + 1)
    net.tick()
    const texts: string[] = []
    for (const { args } of drain(to, game.Chat)) texts.push(args.text)
    expect(texts).toEqual(Array.from({ length: 100 }, (_, i) => `m${i}`))
  })

  it('one that fills a packet stands where it was sent, and so does one of many packets', () => {
    const net = createTestNetwork(talk, { conditions: { latency: 40, jitter: 40, loss: 0.2, duplicate: 0.2 }, seed: 3 })
    const { world } = net.clients[0]!
    const sent: string[] = []
    const say = (text: string): void => {
      sent.push(text.slice(0, 20))
      sendMessage(net.server, Text, { text })
    }
    for (let i = 0; i < 5; i++) {
      for (let n = 0; n < 20; n++) say(`${i} ${n}`)
      say(`large ${i} `.padEnd(16_000 - i, 'x'))
      say(`behind ${i}`)
      sent.push(`blob ${i}`)
      sendMessage(net.server, Blob, { data: new Uint8Array(100_000).fill(i) })
      say(`behind blob ${i}`)
    }
    // Every call has the number of its arrival, whatever its definition.
    const got: string[] = []
    net.until(() => {
      for (const { id, args } of drain(world, Text)) got[id] = args.text.slice(0, 20)
      for (const { id, args } of drain(world, Blob)) got[id] = `blob ${args.data[99_999]}`
      return got.filter(Boolean).length === sent.length
    }, 2000)
    expect(got.filter(Boolean)).toEqual(sent)
  })
})
