// Tests the types of host mode: a host's world accepts the verbs of both sides and a side. Checked by `tsc` only.
import { expectTypeOf, it } from 'vitest'
import {
  added,
  type ClientWorld,
  defineClientRpc,
  defineCommand,
  defineMessage,
  type defineProtocol,
  drain,
  handle,
  hasAuthority,
  type NetworkErrorEntry,
  NetworkErrors,
  sendCommand,
  sendMessage,
  sendRpc,
  type ServerWorld,
  setOwner,
  setReady,
  u8,
} from 'bitecs-net'
import { createHostWorld, type HostWorld, withSide } from 'bitecs-net/host'
import { stats } from 'bitecs-net/stats'
import { Connected } from 'bitecs-net/components'
import { type Host, startHost } from 'bitecs-net/host'
import { clientSystems, hostPipeline, runSystems, serverSystems, type System } from 'bitecs-net/systems'

const Fire = defineCommand({ power: u8 })
const Boom = defineClientRpc({ x: u8 })
const Both = defineMessage({ n: u8 })
const FromServer = defineMessage({ n: u8 }, { from: 'server' })

declare const host: HostWorld
declare const server: ServerWorld
declare const client: ClientWorld
declare const protocol: ReturnType<typeof defineProtocol>
declare const ofServer: System<ServerWorld>
declare const ofClient: System<ClientWorld>

it('a host has the verbs of both sides', () => {
  expectTypeOf(() => {
    expectTypeOf(createHostWorld(protocol, { tickRate: 30 })).toEqualTypeOf<HostWorld>()
    expectTypeOf(startHost(host, { autoReady: false })).toEqualTypeOf<Host>()
    sendCommand(host, 1, Fire, { power: 1 })
    sendRpc(host, 1, Boom, { x: 1 })
    setOwner(host, 1, 2)
    setReady(host, true)
    sendMessage(host, Both, { n: 1 }, { side: 'client' })
    sendMessage(host, Both, { n: 1 }, { side: 'server', to: 'all' })
    sendMessage(host, FromServer, { n: 1 })
    for (const { args } of drain(host, Fire)) expectTypeOf(args.power).toEqualTypeOf<number>()
    for (const { args } of drain(host, Boom)) expectTypeOf(args.x).toEqualTypeOf<number>()
    for (const { args } of drain(host, Both, { side: 'client' })) expectTypeOf(args.n).toEqualTypeOf<number>()
    for (const { reason } of drain(host, added(Connected), { side: 'client' })) expectTypeOf(reason).toBeString()
    for (const error of drain(host, NetworkErrors, { side: 'server' })) {
      expectTypeOf(error).toEqualTypeOf<NetworkErrorEntry>()
    }
    handle(host, Both, ({ args }) => expectTypeOf(args.n).toEqualTypeOf<number>(), { side: 'server' })
    expectTypeOf(stats(host, { side: 'client' }).entities).toBeNumber()
    expectTypeOf(withSide(host, 'client', () => 5)).toBeNumber()
    expectTypeOf(hasAuthority(host, 1)).toBeBoolean()
    expectTypeOf(hasAuthority(client, 1)).toBeBoolean()
  }).returns.toBeVoid()
})

it('a host runs the systems of either side unchanged', () => {
  expectTypeOf(() => {
    runSystems(host, [...clientSystems([ofClient]), ...serverSystems([ofServer])])
    runSystems(host, hostPipeline({ server: [ofServer], client: [ofClient] }))
    // @ts-expect-error a client's systems are not the server's
    serverSystems([ofClient])
    // @ts-expect-error nor the other way round
    hostPipeline({ client: [ofServer] })
    // @ts-expect-error a world of one side is no host
    runSystems(server, hostPipeline({}))
  }).returns.toBeVoid()
})

it('a world with one side refuses the side option', () => {
  expectTypeOf(() => {
    // @ts-expect-error a server's world has one side
    drain(server, Both, { side: 'server' })
    // @ts-expect-error a client's world has one side
    sendMessage(client, Both, { n: 1 }, { side: 'client' })
    // @ts-expect-error a client says nothing about whom a message is for
    sendMessage(host, Both, { n: 1 }, { side: 'client', to: 'all' })
    // @ts-expect-error there is no such side
    drain(host, Both, { side: 'host' })
    // @ts-expect-error a server's world has one side
    withSide(server, 'server', () => undefined)
    // @ts-expect-error a server's world has no client
    startHost(server)
    // @ts-expect-error a server owns nothing itself
    hasAuthority(server, 1)
    // @ts-expect-error a server's world has one side
    stats(server, { side: 'server' })
  }).returns.toBeVoid()
})
