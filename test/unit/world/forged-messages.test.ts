// Tests messages with a false length: they are refused and counted, and the next message arrives unchanged.
import { describe, expect, it } from 'vitest'
import { defineMessage, defineProtocol, drain, string } from '../../../src/index.js'
import { stats } from '../../../src/stats.js'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { createTestNetwork } from '../../../src/testing.js'
import { clientState } from '../../../src/world/state.js'

const Chat = defineMessage({ text: string(200) })
const protocol = defineProtocol({ messages: { Chat } })

/** A message section whose payload is a text of `text` that claims `textLength`, in a section that claims `length`. */
function section(writer: ByteWriter, text: string, textLength = text.length, length = text.length + 2): void {
  writer.u8(SectionKind.Message)
  writer.varint(0)
  writer.varint(length)
  // The length takes two bytes, because the limit is 200.
  writer.u8((textLength & 0x7f) | 0x80)
  writer.u8(textLength >> 7)
  for (const letter of text) writer.u8(letter.charCodeAt(0))
}

/** Sends forged sections in a reliable data packet, and returns the texts that the server drained. */
function receive(forge: (writer: ByteWriter) => void) {
  const net = createTestNetwork(protocol, { clients: 1 })
  const [client] = net.clients
  const { transport, session } = clientState(client!.world)
  const writer = new ByteWriter()
  // Kind, flags, tick, structure tick.
  for (const byte of [0, 0, 1, 0]) writer.u8(byte)
  forge(writer)
  transport!.send(session!.session!.peer, 0, writer.bytes, writer.length)
  net.tick()
  const texts: string[] = []
  for (const { args } of drain(net.server, Chat)) texts.push(args.text)
  return { texts, counters: stats(net.server).counters, reason: client!.reason }
}

describe('a message', () => {
  it('is drained when it is well formed', () => {
    expect(receive((writer) => section(writer, 'hello')).texts).toEqual(['hello'])
  })

  it('22: cannot shift the next one when it claims another length than it has', () => {
    for (const claimed of [0, 4, 6, 200]) {
      const { texts, counters } = receive((writer) => {
        section(writer, 'hello', claimed)
        section(writer, 'next')
      })
      expect(texts).toEqual(['next'])
      expect(counters.malformedCalls).toBe(1)
    }
  })

  it('makes the whole packet malformed when its section claims more bytes than the packet holds', () => {
    const { texts, counters } = receive((writer) => {
      section(writer, 'first')
      section(writer, 'hello', 5, 500)
    })
    expect(texts).toEqual([])
    expect(counters.malformedPackets).toBe(1)
  })

  it('is accepted at its size limit and refused one byte above it, while the sender stays connected', () => {
    expect(receive((writer) => section(writer, 'x'.repeat(200))).texts).toEqual(['x'.repeat(200)])
    const { texts, counters, reason } = receive((writer) => section(writer, 'x'.repeat(201)))
    expect([texts, counters.malformedCalls, reason]).toEqual([[], 1, undefined])
  })

  it('is counted when its id is unknown, and the next message still arrives', () => {
    const { texts, counters } = receive((writer) => {
      writer.u8(SectionKind.Message)
      writer.varint(77)
      writer.varint(0)
      section(writer, 'next')
    })
    expect([texts, counters.unknownDefinitions]).toEqual([['next'], 1])
  })
})
