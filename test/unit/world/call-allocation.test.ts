// Tests that calls of every kind allocate nothing from the verb to the loop that drains them, including the tick.
// Needs `--expose-gc`.
import { addComponent, addEntity } from 'bitecs'
import {
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  drain,
  i32,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setOwner,
  u8,
} from 'bitecs-net'
import { withSide } from 'bitecs-net/host'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { clientState } from '../../../src/world/state.js'
import { bytesPerEvent } from '../../support/heap.js'

const args = { x: 0, power: 0 }
const shot = { x: i32, power: u8 }
const Fire = defineCommand(shot)
const Boom = defineClientRpc(shot)
const Prize = defineTargetRpc(shot)
const Say = defineMessage(shot)
const protocol = defineProtocol({ remote: { Fire, Boom, Prize }, messages: { Say } })

/** Calls per tick: so many that one object for each would far exceed what the tick itself allocates. */
const CALLS = 2000
/** Milliseconds between two ticks: a client may send no more than 2,000 calls a second. */
const PAUSE = 1200
/**
 * Bytes per call that count as nothing: measuring the heap and the packets of a tick allocate some. A number for each
 * call would take 16, an object more.
 */
const NOTHING = 8

const sums = new Float64Array(1)

function count(value: number): void {
  sums[0]! += value
}

function begin(host: boolean) {
  const network = host ? createTestNetwork(protocol, { host: true, clients: 0 }) : createTestNetwork(protocol)
  const { server } = network
  const client = network.host?.world ?? network.clients[0]!.world
  const connection = network.host?.connection ?? network.clients[0]!.connection
  const ship = addEntity(server)
  addComponent(server, ship, Networked)
  setOwner(server, ship, connection)
  network.tick(3)
  const own = clientState(client).entities.entityOf(Networked.netId[ship]!)
  return { network, server, client, connection, ship, own }
}

describe.each([
  { where: 'between a server and a client', host: false },
  { where: "between a host's two sides", host: true },
])('$where', ({ host }) => {
  const { network, server, client, connection, ship, own } = begin(host)
  const onServer = (act: () => void): void =>
    network.host === undefined ? act() : withSide(network.host.world, 'server', act)
  const onClient = (act: () => void): void =>
    network.host === undefined ? act() : withSide(network.host.world, 'client', act)
  const target = { to: connection }

  const sendMessages = (): void => {
    for (let i = 0; i < CALLS; i++) sendMessage(client, Say, args)
  }
  const drainAtServer = (): void => {
    for (const call of drain(server, Say)) count(call.args.x + call.sender)
  }
  const sendToOne = (): void => {
    for (let i = 0; i < CALLS; i++) sendMessage(server, Say, args, target)
  }
  const drainAtClient = (): void => {
    for (const call of drain(client, Say)) count(call.args.x + call.sender)
  }

  it.each([
    {
      kind: 'command',
      send: () => {
        for (let i = 0; i < CALLS; i++) sendCommand(client, own, Fire, args)
      },
      take: () => {
        for (const call of drain(server, Fire)) count(call.args.x + call.entity)
      },
    },
    {
      kind: 'client RPC',
      send: () => {
        for (let i = 0; i < CALLS; i++) sendRpc(server, ship, Boom, args)
      },
      take: () => {
        for (const call of drain(client, Boom)) count(call.args.x + call.entity)
      },
    },
    {
      kind: 'target RPC',
      send: () => {
        for (let i = 0; i < CALLS; i++) sendTargetRpc(server, ship, Prize, args)
      },
      take: () => {
        for (const call of drain(client, Prize)) count(call.args.x + call.entity)
      },
    },
    { kind: 'message to the server', send: () => onClient(sendMessages), take: () => onServer(drainAtServer) },
    { kind: 'message to a client', send: () => onServer(sendToOne), take: () => onClient(drainAtClient) },
  ])('a $kind allocates nothing', ({ send, take }) => {
    let drained = 0
    const bytes = bytesPerEvent(
      CALLS,
      () => {
        network.stall(PAUSE)
        send()
        network.tick()
        // Packets of the server arrive with the client's next frame.
        network.tick()
        sums[0] = 0
        args.x = 1
        take()
        drained = sums[0]!
      },
      NOTHING,
    )
    expect(drained).toBeGreaterThan(CALLS)
    expect(bytes).toBeLessThanOrEqual(NOTHING)
  })
})
