// Tests the types of schemas and verbs, and misuse. Checked by `tsc`; the calls never run.
import { describe, expectTypeOf, it } from 'vitest'
import {
  added,
  array,
  bool,
  bytes,
  type ClientWorld,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  drain,
  entity,
  enumOf,
  f32,
  f64,
  handle,
  i32,
  type Infer,
  type LifecycleEvent,
  type NetworkErrorEntry,
  NetworkErrors,
  optional,
  quantized,
  removed,
  replicate,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  type ServerWorld,
  setOwner,
  setPlayer,
  setReady,
  string,
  struct,
  transitions,
  u8,
  varint,
} from 'bitecs-net'
import { group, groupsOf, joinGroup, leaveGroup, membersOf } from 'bitecs-net/groups'
import { Connected, Ready } from 'bitecs-net/components'

const Position = { x: new Float32Array(1), y: new Float32Array(1), label: ['a'] }
const Health = { hp: new Uint16Array(1), alive: new Uint8Array(1) }
const Fire = defineCommand({ angle: f32, power: u8 })
const Empty = defineCommand({})
const Dash = defineCommand({ n: u8 }, { runLocally: true })
const Plain = defineCommand({ n: u8 }, { runLocally: false })
const Thud = defineClientRpc({ n: u8 }, { runLocally: true, buffer: 'last' })
const Boom = defineClientRpc({ x: f32, shooter: entity })
const Prize = defineTargetRpc({ gold: varint, note: string(20), first: bool })
const Both = defineMessage({ text: string(20) })
const FromServer = defineMessage({ n: i32 }, { from: 'server' })
const FromClient = defineMessage({ n: f64 }, { from: 'client', channel: 'unreliable' })

declare const server: ServerWorld
declare const client: ClientWorld
declare const either: ServerWorld | ClientWorld

it('arguments are inferred from schemas', () => {
  expectTypeOf<Infer<typeof Fire.schema>>().toEqualTypeOf<{ angle: number; power: number }>()
  expectTypeOf<Infer<typeof Prize.schema>>().toEqualTypeOf<{ gold: number; note: string; first: boolean }>()
  const sample = { b: bool, s: string(5), q: quantized(0, 1, 0.1), e: entity }
  expectTypeOf<Infer<typeof sample>>().toEqualTypeOf<{ b: boolean; s: string; q: number; e: number }>()
})

it('drained calls and events are typed', () => {
  expectTypeOf(() => {
    for (const call of drain(server, Fire)) {
      expectTypeOf(call.args).toEqualTypeOf<Readonly<{ angle: number; power: number }>>()
      expectTypeOf(call.sender).toEqualTypeOf<number>()
      expectTypeOf(call.entity).toEqualTypeOf<number>()
      // @ts-expect-error views are read-only
      call.args.power = 5
      // @ts-expect-error views are read-only
      call.entity = 5
      // @ts-expect-error no such argument
      void call.args.speed
    }
    for (const { args, sender } of drain(client, Dash)) {
      expectTypeOf(args).toEqualTypeOf<Readonly<{ n: number }>>()
      expectTypeOf(sender).toEqualTypeOf<number>()
    }
    for (const { args } of drain(server, Dash)) expectTypeOf(args.n).toEqualTypeOf<number>()
    for (const { args, entity: on } of drain(server, Thud)) expectTypeOf([args.n, on]).toEqualTypeOf<number[]>()
    for (const { args } of drain(client, Thud)) expectTypeOf(args.n).toEqualTypeOf<number>()
    handle(client, Dash, ({ args }) => expectTypeOf(args.n).toEqualTypeOf<number>())
    handle(server, Thud, ({ args }) => expectTypeOf(args.n).toEqualTypeOf<number>(), { replace: true })
    for (const { args } of drain(client, Boom)) {
      expectTypeOf(args).toEqualTypeOf<Readonly<{ x: number; shooter: number }>>()
    }
    for (const { args } of drain(client, Prize)) {
      expectTypeOf(args).toEqualTypeOf<Readonly<{ gold: number; note: string; first: boolean }>>()
    }
    for (const { args, sender } of drain(server, Both)) {
      expectTypeOf(args).toEqualTypeOf<Readonly<{ text: string }>>()
      expectTypeOf(sender).toEqualTypeOf<number>()
    }
    for (const { args } of drain(either, Both)) expectTypeOf(args).toEqualTypeOf<Readonly<{ text: string }>>()
    for (const event of drain(client, added(Connected)))
      expectTypeOf(event).toEqualTypeOf<LifecycleEvent<typeof Connected>>()
    for (const event of drain(server, transitions(Connected, Ready))) {
      expectTypeOf(event.kind).toEqualTypeOf<'added' | 'removed'>()
      expectTypeOf(event.component).toEqualTypeOf<typeof Connected | typeof Ready>()
    }
    for (const event of drain(server, removed(Connected))) expectTypeOf(event.reason).toEqualTypeOf<string>()
    for (const error of drain(server, NetworkErrors)) expectTypeOf(error).toEqualTypeOf<NetworkErrorEntry>()
    handle(server, Fire, ({ args, sender }) => {
      expectTypeOf(args.angle).toEqualTypeOf<number>()
      expectTypeOf(sender).toEqualTypeOf<number>()
    })
    handle(client, Prize, ({ args }) => expectTypeOf(args.note).toEqualTypeOf<string>())
  }).returns.toBeVoid()
})

it('correct calls compile', () => {
  expectTypeOf(() => {
    sendCommand(client, 1, Fire, { angle: 1, power: 2 })
    sendCommand(client, 1, Empty, {})
    sendCommand(client, 1, Empty)
    sendRpc(server, 1, Boom, { x: 1, shooter: 2 }, { except: 3 })
    sendRpc(server, 1, Boom, { x: 1, shooter: 2 }, { to: group('red'), except: [3, 4] })
    sendRpc(server, 1, Boom, { x: 1, shooter: 2 }, { to: new Set([3]) })
    sendMessage(server, Both, { text: '' }, { to: group('red'), except: membersOf(server, 'blue') })
    sendMessage(either, Both, { text: '' })
    joinGroup(server, 1, 'red')
    leaveGroup(server, 1, 'red')
    expectTypeOf(groupsOf(server, 1)).toEqualTypeOf<string[]>()
    sendTargetRpc(server, 1, Prize, { gold: 1, note: '', first: true }, { to: 3 })
    sendMessage(client, Both, { text: '' })
    sendMessage(server, Both, { text: '' }, { to: 'all' })
    sendMessage(server, FromServer, { n: 1 }, { to: [1, 2], except: 2 })
    sendMessage(client, FromClient, { n: 1 })
  }).returns.toBeVoid()
})

it('wrong fields and types do not compile', () => {
  expectTypeOf(() => {
    // @ts-expect-error a field is missing
    sendCommand(client, 1, Fire, { angle: 1 })
    // @ts-expect-error a field of another type
    sendCommand(client, 1, Fire, { angle: '1', power: 2 })
    // @ts-expect-error a field that does not exist
    sendCommand(client, 1, Fire, { angle: 1, power: 2, speed: 3 })
    // @ts-expect-error a text is no number
    sendTargetRpc(server, 1, Prize, { gold: 1, note: 5, first: true })
    // @ts-expect-error a number is no boolean
    sendTargetRpc(server, 1, Prize, { gold: 1, note: '', first: 1 })
    // @ts-expect-error there is no such target
    sendMessage(server, Both, { text: '' }, { to: 'nobody' })
    // @ts-expect-error an RPC goes to connections that observe, of which all is the default
    sendRpc(server, 1, Boom, { x: 1, shooter: 2 }, { to: 'all' })
    // @ts-expect-error a group is named through group
    sendMessage(server, Both, { text: '' }, { to: { name: 'red' } })
    // @ts-expect-error the arguments of what has fields are not left out
    sendCommand(client, 1, Fire)
    // @ts-expect-error the arguments of what has fields are not left out
    sendMessage(server, Both)
  }).returns.toBeVoid()
})

it('verbs of the other side do not compile', () => {
  expectTypeOf(() => {
    // @ts-expect-error commands are the client's
    sendCommand(server, 1, Fire, { angle: 1, power: 2 })
    // @ts-expect-error RPCs are the server's
    sendRpc(client, 1, Boom, { x: 1, shooter: 2 })
    // @ts-expect-error target RPCs are the server's
    sendTargetRpc(client, 1, Prize, { gold: 1, note: '', first: true })
    // @ts-expect-error only the server sends it
    sendMessage(client, FromServer, { n: 1 })
    // @ts-expect-error only clients send it
    sendMessage(server, FromClient, { n: 1 })
    // @ts-expect-error a client says nothing about whom a message is for
    sendMessage(client, Both, { text: '' }, { to: 'all' })
    // @ts-expect-error commands arrive at the server
    drain(client, Fire)
    // @ts-expect-error commands arrive at the server, unless they run locally
    drain(client, Plain)
    // @ts-expect-error commands arrive at the server, unless they run locally
    handle(client, Plain, () => {})
    // @ts-expect-error RPCs arrive at clients
    drain(server, Boom)
    // @ts-expect-error it arrives at clients
    drain(server, FromServer)
    // @ts-expect-error it arrives at the server
    drain(client, FromClient)
    // @ts-expect-error groups are the server's
    joinGroup(client, 1, 'red')
    // @ts-expect-error a side must be known for what only one sends
    sendMessage(either, FromServer, { n: 1 })
    // @ts-expect-error a side must be known for what only one receives
    drain(either, FromServer)
    // @ts-expect-error owners are the server's
    setOwner(client, 1, 2)
    // @ts-expect-error players are the server's
    setPlayer(client, 1, 2)
    // @ts-expect-error readiness is the client's
    setReady(server, true)
  }).returns.toBeVoid()
})

it('a definition of another kind does not compile', () => {
  expectTypeOf(() => {
    // @ts-expect-error an RPC is no command
    sendCommand(client, 1, Boom, { x: 1, shooter: 2 })
    // @ts-expect-error a target RPC is no client RPC
    sendRpc(server, 1, Prize, { gold: 1, note: '', first: true })
    // @ts-expect-error a command is no message
    sendMessage(client, Fire, { angle: 1, power: 2 })
  }).returns.toBeVoid()
})

it('invalid definitions do not compile', () => {
  expectTypeOf(() => {
    // @ts-expect-error a field needs a schema type
    defineCommand({ angle: 'f32' })
    // @ts-expect-error a buffer keeps the last call
    defineClientRpc({}, { buffer: 'first' })
    // @ts-expect-error there is no such channel
    defineCommand({}, { channel: 'fast' })
    // @ts-expect-error there is no such origin
    defineMessage({}, { from: 'nobody' })
    // @ts-expect-error a burst is needed
    defineCommand({}, { rate: { perSecond: 5 } })
    // @ts-expect-error a message belongs to messages
    defineProtocol({ remote: { Both } })
    // @ts-expect-error a command belongs to remote
    defineProtocol({ messages: { Fire } })
  }).returns.toBeVoid()
})

it('only the number fields of a component can be replicated', () => {
  expectTypeOf(() => {
    replicate(Position, { x: f32, y: quantized(0, 1, 0.1) })
    replicate(Health, { hp: u8, alive: bool })
    // @ts-expect-error no such field
    replicate(Position, { z: f32 })
    // @ts-expect-error not a typed array
    replicate(Position, { label: f32 })
    // @ts-expect-error a text is in no column
    replicate(Position, { x: string(5) })
  }).returns.toBeVoid()
})

it('a protocol keeps the names of its members', () => {
  expectTypeOf(() => {
    const protocol = defineProtocol({
      components: { Position: replicate(Position, { x: f32 }) },
      remote: { Fire, Boom },
      messages: { Both },
    })
    expectTypeOf(protocol.remote.Fire).toEqualTypeOf(Fire)
    expectTypeOf(protocol.messages.Both).toEqualTypeOf(Both)
    expectTypeOf(protocol.components.Position.store).toEqualTypeOf<typeof Position>()
    // @ts-expect-error not in the protocol
    void protocol.remote.Prize
  }).returns.toBeVoid()
})

describe('composite types', () => {
  it('are inferred, and optional fields may be left out', () => {
    const Bag = defineMessage({
      items: array(struct({ name: string(20), kind: enumOf('axe', 'bow') }), 8),
      note: optional(string(10)),
      blob: bytes(4),
    })
    interface Expected {
      items: readonly { name: string; kind: 'axe' | 'bow' }[]
      note?: string | undefined
      blob: Uint8Array
    }
    expectTypeOf<Infer<(typeof Bag)['schema']>>().toEqualTypeOf<Expected>()
    const send = (world: ClientWorld): void => {
      sendMessage(world, Bag, { items: [{ name: 'a', kind: 'bow' }], blob: new Uint8Array(0) })
      // @ts-expect-error a kind that is not listed
      sendMessage(world, Bag, { items: [{ name: 'a', kind: 'gun' }], blob: new Uint8Array(0) })
      // @ts-expect-error a field that is not optional is missing
      sendMessage(world, Bag, { items: [] })
    }
    expectTypeOf(send).toBeFunction()
  })
})

it('options cannot replace arguments without fields', () => {
  const Nothing = defineMessage({})
  const Wave = defineClientRpc({})
  expectTypeOf(() => {
    sendMessage(server, Nothing)
    sendMessage(server, Nothing, {}, { to: 'all' })
    sendRpc(server, 1, Wave, {}, { except: 2 })
    // @ts-expect-error options belong behind the arguments
    sendMessage(server, Nothing, { to: 'all' })
    // @ts-expect-error options belong behind the arguments
    sendRpc(server, 1, Wave, { except: 2 })
  }).returns.toBeVoid()
})
