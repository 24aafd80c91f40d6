// Tests the types of draining several definitions at once, and misuse. Checked by `tsc`; the calls never run.
import { expectTypeOf, it } from 'vitest'
import type { Drainable } from '../../src/verbs/drain.js'
import {
  type ClientWorld,
  type Command,
  type CommandCall,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineTargetRpc,
  drain,
  f32,
  handle,
  type Message,
  type MessageCall,
  NetworkErrors,
  type NetworkErrorEntry,
  type RpcCall,
  type Schema,
  type ServerWorld,
  u8,
} from 'bitecs-net'
import { type HostWorld } from 'bitecs-net/host'
import { type ObserverEvent, ObserversAdded } from 'bitecs-net/interest'
import { refuse, reply } from 'bitecs-net/requests'

const Zoom = defineCommand({ n: u8 })
const Aim = defineCommand({ yaw: f32, n: u8 }, { returns: { hit: u8 }, refuses: ['empty'] })
const Say = defineMessage({ volume: u8 })
const Tell = defineMessage({ volume: u8 }, { from: 'server' })
const Boom = defineClientRpc({ x: f32 })
const Wave = defineClientRpc({ y: f32 }, { runLocally: true })
const Prize = defineTargetRpc({ gold: u8 })

declare const server: ServerWorld
declare const client: ClientWorld
declare const host: HostWorld

it('a call of several definitions is narrowed by its definition', () => {
  expectTypeOf(() => {
    for (const call of drain(server, [Zoom, Aim, Say])) {
      expectTypeOf(call.order).toEqualTypeOf<number>()
      expectTypeOf(call.sender).toEqualTypeOf<number>()
      if (call.definition === Zoom) expectTypeOf(call.args).toEqualTypeOf<Readonly<{ n: number }>>()
      else if (call.definition === Aim) {
        expectTypeOf(call.args).toEqualTypeOf<Readonly<{ yaw: number; n: number }>>()
        expectTypeOf(call.entity).toEqualTypeOf<number>()
        reply(server, call.id, { hit: 1 })
        refuse(server, call.id, 'empty')
      } else if (call.definition === Say) expectTypeOf(call.args).toEqualTypeOf<Readonly<{ volume: number }>>()
      // @ts-expect-error nothing is known of it here
      call.args.yaw.toFixed()
    }
    for (const call of drain(server, [Zoom, Aim])) {
      switch (call.definition) {
        case Zoom:
          expectTypeOf(call.args).toEqualTypeOf<Readonly<{ n: number }>>()
          break
        case Aim:
          expectTypeOf(call.args.yaw).toEqualTypeOf<number>()
      }
    }
    for (const { definition, args } of drain(client, [Boom, Prize, Tell])) {
      if (definition === Boom) expectTypeOf(args).toEqualTypeOf<Readonly<{ x: number }>>()
      if (definition === Prize) expectTypeOf(args.gold).toEqualTypeOf<number>()
    }
    for (const call of drain(host, [Zoom, Wave], { side: 'server' })) {
      if (call.definition === Wave) expectTypeOf(call.args.y).toEqualTypeOf<number>()
    }
  }).returns.toBeVoid()
})

it('drain refuses definitions that the side does not receive', () => {
  expectTypeOf(() => {
    drain(server, [Zoom, Wave])
    // @ts-expect-error a server receives no target RPC
    drain(server, [Zoom, Prize])
    // @ts-expect-error a client sends no such message
    drain(server, [Tell])
    // @ts-expect-error a client does not receive commands
    drain(client, [Zoom])
  }).returns.toBeVoid()
})

it('every call has an order', () => {
  expectTypeOf(() => {
    for (const { order } of drain(server, Zoom)) expectTypeOf(order).toEqualTypeOf<number>()
    for (const { order } of drain(client, Boom)) expectTypeOf(order).toEqualTypeOf<number>()
    for (const { order } of drain(server, Say)) expectTypeOf(order).toEqualTypeOf<number>()
  }).returns.toBeVoid()
})

it('a drained item has the type of the call, which reads well in an editor', () => {
  expectTypeOf(() => {
    for (const call of drain(server, Zoom)) expectTypeOf(call).toEqualTypeOf<CommandCall<{ readonly n: typeof u8 }>>()
    for (const call of drain(client, Boom)) expectTypeOf(call).toEqualTypeOf<RpcCall<{ readonly x: typeof f32 }>>()
    for (const call of drain(server, Say))
      expectTypeOf(call).toEqualTypeOf<MessageCall<{ readonly volume: typeof u8 }>>()
    for (const event of drain(server, ObserversAdded)) expectTypeOf(event).toEqualTypeOf<ObserverEvent>()
    for (const error of drain(client, NetworkErrors)) expectTypeOf(error).toEqualTypeOf<NetworkErrorEntry>()
  }).returns.toBeVoid()
})

it('drain accepts generic definitions', () => {
  expectTypeOf(<S extends Schema>(command: Command<S>, message: Message<S, 'both'>) => {
    for (const call of drain(server, command)) expectTypeOf(call).toEqualTypeOf<CommandCall<S, Schema | undefined>>()
    for (const call of drain(client, message)) expectTypeOf(call).toEqualTypeOf<MessageCall<S>>()
    handle(server, command, (call) => expectTypeOf(call).toEqualTypeOf<CommandCall<S, Schema | undefined>>())
  }).returns.toBeVoid()
})

it('a compile error names the side that drains a definition', () => {
  expectTypeOf<Drainable<ClientWorld, typeof Zoom>>().toEqualTypeOf<'a command: clients send it, servers drain it'>()
  expectTypeOf<Drainable<ServerWorld, typeof Boom>>().toEqualTypeOf<'a client RPC: servers send it, clients drain it'>()
  expectTypeOf<
    Drainable<ServerWorld, typeof Prize>
  >().toEqualTypeOf<'a target RPC: servers send it, clients drain it'>()
  expectTypeOf<Drainable<ServerWorld, typeof Tell>>().toEqualTypeOf<'a message: servers send it, clients drain it'>()
  expectTypeOf<
    Drainable<ClientWorld, readonly [typeof Boom, typeof Zoom]>
  >().toEqualTypeOf<'a command: clients send it, servers drain it'>()
  expectTypeOf<Drainable<ClientWorld, typeof ObserversAdded>>().toEqualTypeOf<'only servers drain it'>()
  expectTypeOf<Drainable<HostWorld, typeof Zoom>>().toEqualTypeOf<unknown>()
  expectTypeOf(() => {
    // @ts-expect-error a command: clients send it, servers drain it
    drain(client, Zoom)
    // @ts-expect-error a client RPC: servers send it, clients handle it
    handle(server, Boom, () => {})
    // @ts-expect-error only a host's world has two sides
    handle(server, Say, () => {}, { side: 'server' })
  }).returns.toBeVoid()
})
