// Tests the types of requests: inferred replies, and misuse. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import {
  type CallId,
  type CallIdOf,
  type ClientWorld,
  type Command,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineTargetRpc,
  drain,
  handle,
  optional,
  sendCommand,
  type ServerWorld,
  string,
  u16,
  u32,
} from 'bitecs-net'
import { isWaiting, refusalOf, refuse, reply, request } from 'bitecs-net/requests'

const Buy = defineCommand({ item: u16 }, { returns: { left: u32 }, refuses: ['too-poor', 'sold-out'] })
const Look = defineCommand({ at: u16 }, { returns: { seen: string(20), more: optional(u16) } })
const Plain = defineCommand({ n: u16 })
const Ask = defineTargetRpc({ text: string(20) }, { returns: { n: u16 }, refuses: ['busy'] })
const Tell = defineTargetRpc({ text: string(20) })

declare const server: ServerWorld
declare const client: ClientWorld

it('the value of a reply is inferred from the definition', () => {
  expectTypeOf(() => {
    expectTypeOf(request(client, 1, Buy, { item: 1 })).resolves.toEqualTypeOf<{ left: number }>()
    expectTypeOf(request(client, 1, Look, { at: 1 })).resolves.toEqualTypeOf<{
      seen: string
      more?: number | undefined
    }>()
    expectTypeOf(request(server, 1, Ask, { text: '' }, { to: 2, timeout: 5 })).resolves.toEqualTypeOf<{ n: number }>()
    const { signal } = new AbortController()
    void request(client, 1, Buy, { item: 1 }, { timeout: 1000, signal })
    sendCommand(client, 1, Buy, { item: 1 })
  }).returns.toBeVoid()
})

it('the id of a call has the type of its replies', () => {
  expectTypeOf(() => {
    for (const { id } of drain(server, Buy)) {
      expectTypeOf(id).toEqualTypeOf<CallIdOf<typeof Buy>>()
      expectTypeOf(id).toExtend<number>()
      expectTypeOf(id).toExtend<CallId>()
      expectTypeOf(reply(server, id, { left: 1 })).toEqualTypeOf<boolean>()
      expectTypeOf(refuse(server, id, 'too-poor')).toEqualTypeOf<boolean>()
      expectTypeOf(isWaiting(server, id)).toEqualTypeOf<boolean>()
      // @ts-expect-error a field is missing
      reply(server, id, {})
      // @ts-expect-error a text is no number
      reply(server, id, { left: '1' })
      // @ts-expect-error a field that does not exist
      reply(server, id, { left: 1, right: 2 })
      // @ts-expect-error a reason that is not listed
      refuse(server, id, 'ugly')
    }
    for (const { id } of drain(server, Look)) {
      reply(server, id, { seen: '' })
      refuse(server, id, 'any text')
    }
    for (const { id } of drain(client, Ask)) {
      reply(client, id, { n: 1 })
      refuse(client, id, 'busy')
    }
    handle(server, Buy, ({ id }) => reply(server, id, { left: 1 }))
    handle(client, Ask, ({ id }) => refuse(client, id, 'busy'))
    for (const { id } of drain(server, Plain)) {
      expectTypeOf(id).toEqualTypeOf<number>()
      // @ts-expect-error it returns nothing
      reply(server, id, {})
      // @ts-expect-error it returns nothing
      refuse(server, id, 'no')
    }
    for (const { id } of drain(client, Tell)) expectTypeOf(id).toEqualTypeOf<number>()
    // @ts-expect-error a number is not the id of a call
    isWaiting(server, 5)
    const waiting: CallIdOf<typeof Buy>[] = []
    for (const { id } of drain(server, Buy)) waiting.push(id)
    // @ts-expect-error an id of other answers
    for (const { id } of drain(server, Look)) waiting.push(id)
  }).returns.toBeVoid()
})

it('the reason of a refusal is typed', () => {
  expectTypeOf(refusalOf(new Error('x'), Buy)).toEqualTypeOf<'too-poor' | 'sold-out' | undefined>()
  expectTypeOf(refusalOf(new Error('x'), Ask)).toEqualTypeOf<'busy' | undefined>()
  expectTypeOf(refusalOf(new Error('x'), Look)).toEqualTypeOf<string | undefined>()
})

it('a definition without a reply cannot be requested', () => {
  expectTypeOf(() => {
    // @ts-expect-error it returns nothing
    void request(client, 1, Plain, { n: 1 })
    // @ts-expect-error it returns nothing
    void request(server, 1, Tell, { text: '' })
    // @ts-expect-error commands are the client's
    void request(server, 1, Buy, { item: 1 })
    // @ts-expect-error target RPCs are the server's
    void request(client, 1, Ask, { text: '' })
    // @ts-expect-error a client asks the server alone
    void request(client, 1, Buy, { item: 1 }, { to: 2 })
    // @ts-expect-error a field is missing
    void request(client, 1, Buy, {})
    // @ts-expect-error a return needs a schema type
    defineCommand({}, { returns: { n: 'u8' } })
    // @ts-expect-error nobody answers an RPC to many
    defineClientRpc({}, { returns: { n: u16 } })
    // @ts-expect-error a message is not answered
    defineMessage({}, { returns: { n: u16 } })
  }).returns.toBeVoid()
})

it('a definition without a reply has a simple type', () => {
  expectTypeOf(Plain).toExtend<Command<{ readonly n: typeof u16 }>>()
  expectTypeOf(Plain.returns).toEqualTypeOf<undefined>()
})
