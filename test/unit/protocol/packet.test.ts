// Tests headers and control packets: written and read, truncated, and out of range.
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { isPing, PING_BYTES, PONG_BYTES, writePong } from '../../../src/protocol/heartbeat.js'
import { MAX_BLOCK, MAX_HEADER, MAX_REASON_BYTES, MAX_RELIABLE_PACKET } from '../../../src/protocol/limits.js'
import {
  DataHeader,
  MAX_DESCRIPTION_BYTES,
  MAX_TOKEN_BYTES,
  PacketFlag,
  readClose,
  readHello,
  readWelcome,
  truncateUtf8,
  writeClose,
  writeDataHeader,
  writeHello,
  writePing,
  writeWelcome,
} from '../../../src/protocol/packet.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { ReceiveWindow } from '../../../src/protocol/sequence.js'

function readerOf(writer: ByteWriter, end = writer.length): ByteReader {
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, end)
  return reader
}

describe('the data header', () => {
  const received = new ReceiveWindow()
  received.mark(65_535, true)
  received.mark(2, true)

  it('round-trips, with and without sequence number and acknowledgement', () => {
    for (const sequence of [-1, 0, 65_535]) {
      for (const window of [received, new ReceiveWindow()]) {
        const writer = new ByteWriter()
        writeDataHeader(writer, sequence, window, 0xffffffff, 12)
        expect(writer.length).toBeLessThanOrEqual(MAX_HEADER)
        const reader = readerOf(writer)
        expect(reader.u8()).toBe(PacketKind.Data)
        const header = new DataHeader()
        header.read(reader)
        expect(reader.failed).toBe(false)
        expect(reader.left).toBe(0)
        expect(header.sequenced).toBe(sequence >= 0)
        expect(header.sequence).toBe(Math.max(0, sequence))
        expect(header.acknowledges).toBe(!window.empty)
        expect(header.completesStructure).toBe(false)
        expect([header.tick, header.structureTick]).toEqual([0xffffffff, 12])
        const covered = header.acknowledges && [65_535, 0, 2].map((number) => header.ack.covers(number))
        expect(covered).toEqual(window.empty ? false : [true, false, true])
      }
    }
  })

  it('leaves room for a block at its longest', () => {
    const full = new ReceiveWindow()
    for (let s = 0; s < 300; s++) full.mark(s, true)
    const writer = new ByteWriter()
    writeDataHeader(writer, 65_535, full, 0xffffffff, 0xffffffff)
    expect(writer.length).toBeLessThanOrEqual(MAX_HEADER)
    expect(writer.length + MAX_BLOCK).toBeLessThanOrEqual(1150)
  })

  it('fails when it is truncated anywhere', () => {
    const writer = new ByteWriter()
    writeDataHeader(writer, 7, received, 300, 299)
    for (let end = 1; end < writer.length; end++) {
      const reader = readerOf(writer, end)
      reader.u8()
      new DataHeader().read(reader)
      expect(reader.failed, `${end} bytes`).toBe(true)
    }
  })

  it('fails with a flag that does not exist', () => {
    for (const flags of [8, 16, 128, 255]) {
      const bytes = Uint8Array.of(flags, ...Array.from({ length: 60 }, () => 0))
      const reader = new ByteReader()
      reader.reset(bytes, 0, bytes.length)
      new DataHeader().read(reader)
      expect(reader.failed).toBe(true)
    }
    expect(Object.values(PacketFlag).reduce((all, flag) => all | flag, 0)).toBe(7)
  })
})

describe('a hello', () => {
  const hello = {
    wireVersion: 1,
    hashHigh: 0xdeadbeef,
    hashLow: 0xffffffff,
    token: 'sesame ü',
    description: 'wire 1\na',
  }

  it('round-trips, and the largest one fits a reliable packet', () => {
    for (const value of [
      hello,
      { ...hello, token: '', description: '' },
      { ...hello, token: 't'.repeat(MAX_TOKEN_BYTES), description: 'd'.repeat(MAX_DESCRIPTION_BYTES) },
    ]) {
      const writer = new ByteWriter()
      writeHello(writer, value)
      expect(writer.length).toBeLessThanOrEqual(MAX_RELIABLE_PACKET)
      const reader = readerOf(writer)
      expect(reader.u8()).toBe(PacketKind.Hello)
      expect(readHello(reader)).toEqual(value)
      expect(reader.failed).toBe(false)
    }
  })

  it('has a description that is too long truncated between two characters', () => {
    const writer = new ByteWriter()
    writeHello(writer, { ...hello, description: 'é'.repeat(MAX_DESCRIPTION_BYTES) })
    const reader = readerOf(writer)
    reader.u8()
    expect(readHello(reader).description).toBe('é'.repeat(MAX_DESCRIPTION_BYTES / 2))
  })

  it('fails when it is truncated anywhere', () => {
    const writer = new ByteWriter()
    writeHello(writer, hello)
    for (let end = 1; end < writer.length; end++) {
      const reader = readerOf(writer, end)
      reader.u8()
      readHello(reader)
      expect(reader.failed, `${end} bytes`).toBe(true)
    }
  })

  it('may be longer, for later wire versions', () => {
    const writer = new ByteWriter()
    writeHello(writer, hello)
    writer.u32(1234)
    const reader = readerOf(writer)
    reader.u8()
    expect(readHello(reader)).toEqual(hello)
    expect(reader.failed).toBe(false)
  })
})

describe('a welcome', () => {
  it('round-trips, and fails when it is truncated anywhere', () => {
    const welcome = { connectionId: 70_000, milliTicksPerSecond: 20_000, tick: 123_456 }
    const writer = new ByteWriter()
    writeWelcome(writer, welcome)
    const reader = readerOf(writer)
    expect(reader.u8()).toBe(PacketKind.Welcome)
    expect(readWelcome(reader)).toEqual(welcome)
    expect(reader.left).toBe(0)
    for (let end = 1; end < writer.length; end++) {
      const cut = readerOf(writer, end)
      cut.u8()
      readWelcome(cut)
      expect(cut.failed).toBe(true)
    }
  })
})

describe('a close packet', () => {
  it('round-trips, with its text truncated to the limit between two characters', () => {
    for (const [code, text, expected] of [
      ['kicked', 'spam', 'spam'],
      ['', '', ''],
      ['x', 'ü'.repeat(400), 'ü'.repeat(MAX_REASON_BYTES / 2)],
      ['x', `a${'ü'.repeat(400)}`, `a${'ü'.repeat(MAX_REASON_BYTES / 2 - 1)}`],
    ] as const) {
      const writer = new ByteWriter()
      writeClose(writer, code, text)
      const reader = readerOf(writer)
      expect(reader.u8()).toBe(PacketKind.Close)
      expect(readClose(reader)).toEqual({ code, text: expected })
      expect(reader.failed).toBe(false)
      expect(reader.left).toBe(0)
    }
  })

  it('has text of any characters truncated to whole characters', () => {
    expect(truncateUtf8('abc', 3)).toBe('abc')
    expect(truncateUtf8('abcd', 3)).toBe('abc')
    expect(truncateUtf8('\u{1f600}\u{1f600}', 7)).toBe('\u{1f600}')
    expect(truncateUtf8('\u{1f600}', 3)).toBe('')
    expect(truncateUtf8('', 0)).toBe('')
  })
})

describe('a heartbeat', () => {
  it('takes nine bytes as a ping, and the pong returns its clock', () => {
    const writer = new ByteWriter()
    writePing(writer, 2 ** 32 + 77, 12)
    expect(writer.length).toBe(PING_BYTES)
    expect(isPing(writer.bytes, writer.length)).toBe(true)
    const pong = new Uint8Array(PONG_BYTES)
    writePong(writer.bytes, pong)
    expect([...pong]).toEqual([PacketKind.Pong, 77, 0, 0, 0])
  })

  it('is not a ping with another size or kind', () => {
    const bytes = new Uint8Array(16)
    bytes[0] = PacketKind.Ping
    expect(isPing(bytes, 8)).toBe(false)
    expect(isPing(bytes, 10)).toBe(false)
    bytes[0] = PacketKind.Pong
    expect(isPing(bytes, 9)).toBe(false)
  })
})
