// Tests the outcomes of a request: a value, or an error with a class for each status.
import { describe, expect, it } from 'vitest'
import { createCounters } from '../../../src/connection/counters.js'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { defineCommand } from '../../../src/protocol/definitions.js'
import {
  RequestDespawnedError,
  type RequestError,
  RequestLostAuthorityError,
  RequestRefusedError,
  RequestRejectedError,
} from '../../../src/protocol/errors.js'
import { LAST_REPLY_STATUS, ReplyStatus } from '../../../src/protocol/reply-status.js'
import { string, u8 } from '../../../src/protocol/types/schema.js'
import { CallSection } from '../../../src/remote/inbound-calls.js'
import { OutgoingCalls } from '../../../src/remote/outgoing-calls.js'
import { PendingRequests, ReplyFate } from '../../../src/remote/pending-requests.js'

const Buy = defineCommand({}, { returns: { text: string(10) }, refuses: ['b', 'a'] })
const entities = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId }

function make() {
  const counters = createCounters()
  const pending = new PendingRequests(1, entities, new OutgoingCalls(entities), counters)
  const start = (): Promise<unknown> => {
    pending.nextId('Buy')
    return pending.add({ definition: Buy, name: 'Buy', netId: 1, owner: 0, timeout: 100, signal: undefined }, 0)
  }
  /** Reads a reply, without the kind of its section. */
  const answer = (request: number, status: number, ...bytes: number[]): ReplyFate => {
    const writer = new ByteWriter()
    writer.varint(request)
    writer.u8(status)
    writer.varint(bytes.length)
    for (const byte of bytes) writer.u8(byte)
    const reader = new ByteReader()
    reader.reset(writer.bytes, 0, writer.length)
    const section = new CallSection()
    section.readReply(reader)
    expect([reader.failed, reader.left]).toEqual([false, 0])
    return pending.take(section, writer.bytes)
  }
  return { pending, counters, start, answer }
}

const problem = async (promise: Promise<unknown>): Promise<RequestError> =>
  promise.then(
    () => expect.fail('it resolved'),
    (error: RequestError) => error,
  )

describe('a pending request', () => {
  it.each([
    [ReplyStatus.NotReady, RequestRejectedError, 'not-ready'],
    [ReplyStatus.NotOwner, RequestLostAuthorityError, 'lost-authority'],
    [ReplyStatus.Despawned, RequestDespawnedError, 'despawned'],
    [ReplyStatus.NotObserved, RequestRejectedError, 'not-observed'],
    [ReplyStatus.OverRate, RequestRejectedError, 'over-rate'],
    [ReplyStatus.MalformedCall, RequestRejectedError, 'malformed-call'],
    [ReplyStatus.Undrained, RequestRejectedError, 'undrained'],
    [ReplyStatus.Overloaded, RequestRejectedError, 'overloaded'],
    [ReplyStatus.HandlerThrew, RequestRejectedError, 'handler-threw'],
  ])('rejects on status %i with its own class and code', async (status, kind, code) => {
    const { pending, start, answer } = make()
    const promise = start()
    expect(answer(1, status)).toBe(ReplyFate.Taken)
    pending.settle(0)
    const error = await problem(promise)
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ code, request: 'Buy' })
    expect(error.message).toMatch(/^Buy: .../)
  })

  it('resolves with a value, or rejects with a reason of the sorted list', async () => {
    const { pending, start, answer } = make()
    const [first, second] = [start(), start()]
    answer(2, ReplyStatus.Refused, 0)
    answer(1, ReplyStatus.Ok, 2, 0x68, 0x69)
    pending.settle(0)
    expect(await first).toEqual({ text: 'hi' })
    const error = await problem(second)
    expect(error).toBeInstanceOf(RequestRefusedError)
    expect(error).toMatchObject({ reason: 'a' })
    expect(pending.size).toBe(0)
  })

  it.each([
    ['a truncated text', ReplyStatus.Ok, [3, 0x68]],
    ['a byte after the value', ReplyStatus.Ok, [1, 0x68, 0x69]],
    ['no value at all', ReplyStatus.Ok, []],
    ['a reason beyond the list', ReplyStatus.Refused, [2]],
    ['no reason', ReplyStatus.Refused, []],
    ['two reasons', ReplyStatus.Refused, [0, 1]],
  ])('rejects a malformed reply: %s', async (_, status, bytes) => {
    const { pending, counters, start, answer } = make()
    const promise = start()
    expect(answer(1, status, ...bytes)).toBe(ReplyFate.Malformed)
    pending.settle(0)
    expect(await problem(promise)).toMatchObject({ code: 'malformed-reply' })
    expect(counters.malformedReplies).toBe(1)
  })

  it('distinguishes late and repeated replies from replies to unknown requests', async () => {
    const { pending, counters, start, answer } = make()
    const promise = start()
    expect(answer(2, ReplyStatus.Undrained)).toBe(ReplyFate.Unknown)
    expect(answer(1, ReplyStatus.Undrained)).toBe(ReplyFate.Taken)
    expect(answer(1, ReplyStatus.Ok, 0)).toBe(ReplyFate.Late)
    pending.settle(0)
    expect(answer(1, ReplyStatus.Ok, 0)).toBe(ReplyFate.Late)
    expect(await problem(promise)).toMatchObject({ code: 'undrained' })
    expect([counters.unknownReplies, counters.lateReplies]).toEqual([1, 2])
  })
})

describe('a reply on the wire', () => {
  it.each([
    ['to request 0', [0, 0, 0]],
    ['with a status that does not exist', [1, LAST_REPLY_STATUS + 1, 0]],
    ['of the library with a payload', [1, ReplyStatus.Undrained, 1, 0]],
    ['that is longer than the packet', [1, 0, 5, 0]],
  ])('%s is malformed', (_, bytes) => {
    const reader = new ByteReader()
    reader.reset(Uint8Array.from(bytes), 0, bytes.length)
    new CallSection().readReply(reader)
    expect(reader.failed).toBe(true)
  })
})

it('a definition with invalid returns or refuses throws', () => {
  expect(() => defineCommand({}, { refuses: ['a'] })).toThrow(/refuses needs returns/)
  expect(() => defineCommand({}, { returns: {}, channel: 'unreliable' })).toThrow(/with returns is reliable/)
  expect(() => defineCommand({}, { returns: {}, refuses: [] })).toThrow(/lists 1 to 256 reasons/)
  expect(() => defineCommand({}, { returns: {}, refuses: ['a', 'a'] })).toThrow(/a reason twice/)
  expect(() => defineCommand({}, { returns: {}, refuses: ['a,b'] })).toThrow(/"a,b": a reason is/)
  expect(() => defineCommand({}, { returns: {}, refuses: 'abc' as never })).toThrow(/is a list of texts/)
  expect(() => defineCommand({}, { returns: { n: 5 as never } })).toThrow(/field n: not a schema type/)
  expect(() => defineCommand({ t: string(16_311) }, { returns: { n: u8 } })).toThrow(/at most 16311 fit a request/)
  expect(() => defineCommand({ t: string(16_308) }, { returns: { t: string(16_313) } })).not.toThrow()
  expect(() => defineCommand({}, { returns: { t: string(16_315) } })).toThrow(/at most 16316 fit a reply/)
})
