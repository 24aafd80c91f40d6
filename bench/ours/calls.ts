// Runs every kind of call through the library, end to end except for the packet around it: the verb, the section's
// bytes, the receiver's checks of kind, entity, ownership, rate and length, the queue, and the loop that drains it.
import { addComponents, addEntity } from 'bitecs'
import { Networked } from '../../components/networked.js'
import {
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  drain,
  f32,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  setOwner,
  u32,
  u8,
} from '../../src/index.js'
import { reply, request } from '../../src/requests.js'
import { createTestNetwork, type TestNetwork } from '../../src/testing.js'
import type { Session } from '../../src/connection/session.js'
import { ByteReader, type ByteWriter } from '../../src/protocol/bytes.js'
import { PacketKind } from '../../src/protocol/packet-kind.js'
import { DataHeader } from '../../src/protocol/packet.js'
import { Channel } from '../../src/transport/transport.js'
import type { ClientState } from '../../src/world/client/client-state.js'
import { readPacket } from '../../src/world/client/read-packet.js'
import { readPacket as readOnServer } from '../../src/world/server/read-packet.js'
import { ServerPacket } from '../../src/world/server/server-packet.js'
import { writeReliableCalls } from '../../src/world/server/write-calls.js'
import { clientState, type ClientWorld, serverState, type ServerWorld } from '../../src/world/state.js'
import type { FireHandler } from '../limits/call-codec.js'
import type { Shots } from '../limits/shots.js'

const shot = { x: f32, y: f32, z: f32, power: u8 }
const rate = { perSecond: 1e9, burst: 1e6 }
const Fire = defineCommand(shot, { rate })
const Boom = defineClientRpc(shot)
const Prize = defineTargetRpc(shot)
const Say = defineMessage(shot, { rate })
const Buy = defineCommand(shot, { rate, returns: { left: u32 } })
const protocol = defineProtocol({ remote: { Fire, Boom, Prize, Buy }, messages: { Say } })

/** Milliseconds between two runs: what a client may send in this time is more than a run sends. */
const BETWEEN_RUNS = 50

/** One kind of call: made by `send`, and handed to its handlers by `dispatch`. */
export abstract class OurCalls {
  /** The receiver's entity that calls are on. */
  abstract readonly entity: number
  protected readonly args = { x: 0, y: 0, z: 0, power: 0 }
  protected readonly network: TestNetwork
  protected readonly server: ServerWorld
  protected readonly receivers: readonly Receiver[]
  /** The first client, who owns the entity, and its copy of it. */
  protected readonly client: ClientWorld
  protected readonly clientEntity: number
  protected readonly serverEntity: number
  private readonly packet: ServerPacket
  private readonly session: Session
  private readonly reader = new ByteReader()
  private readonly header = new DataHeader()

  constructor(clients = 1) {
    this.network = createTestNetwork(protocol, { clients })
    this.server = this.network.server
    this.serverEntity = addEntity(this.server)
    addComponents(this.server, this.serverEntity, Networked)
    setOwner(this.server, this.serverEntity, this.network.clients[0]!.connection)
    const netId = Networked.netId[this.serverEntity]!
    const copyOf = (world: ClientWorld): number => clientState(world).replication.entities.entityOf(netId)
    const worlds = this.network.clients.map(({ world }) => world)
    this.client = worlds[0]!
    this.network.until(() => worlds.every((world) => copyOf(world) !== 0) && Networked.owner[copyOf(this.client)] !== 0)
    this.receivers = worlds.map((world) => new Receiver(world))
    this.clientEntity = copyOf(this.client)
    const server = serverState(this.server)
    this.packet = new ServerPacket(server)
    this.session = server.peers[0]!.session
  }

  /** Forgets the calls that were made, and lets some time pass. */
  clear(): void {
    this.network.stall(BETWEEN_RUNS)
    clientState(this.client).outgoing.clear()
    serverState(this.server).outgoing.clear()
  }

  /** Bytes of the calls made since `clear`. */
  get size(): number {
    return clientState(this.client).outgoing.writer.length + serverState(this.server).outgoing.writer.length
  }

  /** Makes every call. */
  abstract send(shots: Shots): void

  /** Reads every call and passes each to its handler. */
  abstract dispatch(fire: FireHandler): void

  protected fill(shots: Shots, i: number): void {
    const { args } = this
    args.x = shots.x[i]!
    args.y = shots.y[i]!
    args.z = shots.z[i]!
    args.power = shots.power[i]!
  }

  /** The server reads the packets of the first client. */
  protected receiveAtServer(): void {
    const { writer } = clientState(this.client).outgoing
    this.reader.reset(writer.bytes, 0, writer.length)
    readOnServer(this.packet, this.session, Channel.Reliable, this.header, this.reader)
  }

  /** The first client reads the packets of the server. */
  protected receiveAtClient(): void {
    const { writer } = serverState(this.server).outgoing
    this.receivers[0]!.read(writer, 0)
  }
}

/** A client that receives calls. */
class Receiver {
  private readonly client: ClientState
  private readonly session: Session
  private readonly header = new DataHeader()
  private readonly reader = new ByteReader()

  constructor(readonly world: ClientWorld) {
    this.client = clientState(world)
    this.session = this.client.session!.session!
  }

  /** Reads the sections of `writer` from `start` on. */
  read(writer: ByteWriter, start: number): void {
    this.reader.reset(writer.bytes, start, writer.length)
    readPacket(this.client, this.session, Channel.Reliable, this.header, this.reader)
  }

  /** Reads a packet. */
  readPacket(writer: ByteWriter): void {
    const { reader, header } = this
    reader.reset(writer.bytes, 0, writer.length)
    if (reader.u8() !== PacketKind.Data) throw new Error('this is no packet of calls')
    header.read(reader)
    readPacket(this.client, this.session, Channel.Reliable, header, reader)
  }
}

export class OurCommands extends OurCalls {
  readonly entity = this.serverEntity

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.fill(shots, i)
      sendCommand(this.client, this.clientEntity, Fire, this.args)
    }
  }

  dispatch(fire: FireHandler): void {
    this.receiveAtServer()
    for (const { entity, args } of drain(this.server, Fire)) fire(entity, args.x, args.y, args.z, args.power)
  }
}

export class OurRpcs extends OurCalls {
  readonly entity = this.clientEntity

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.fill(shots, i)
      sendRpc(this.server, this.serverEntity, Boom, this.args)
    }
  }

  dispatch(fire: FireHandler): void {
    this.receiveAtClient()
    for (const { entity, args } of drain(this.client, Boom)) fire(entity, args.x, args.y, args.z, args.power)
  }
}

/** Client RPCs that many clients observe, each of whom gets a packet of its own. */
export class OurFanOut extends OurCalls {
  readonly entity = this.clientEntity

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.fill(shots, i)
      sendRpc(this.server, this.serverEntity, Boom, this.args)
    }
  }

  dispatch(fire: FireHandler): void {
    const { receivers } = this
    const server = serverState(this.server)
    const packet = server.reliable
    for (let i = 0; i < receivers.length; i++) {
      const peer = server.peers[i]!
      packet.start(peer.session, server.tick, 0, server.tickMs)
      writeReliableCalls(server, peer, 0, server.outgoing.count)
      const receiver = receivers[i]!
      receiver.readPacket(packet.writer)
      for (const { entity, args } of drain(receiver.world, Boom)) fire(entity, args.x, args.y, args.z, args.power)
    }
  }
}

export class OurTargetRpcs extends OurCalls {
  readonly entity = this.clientEntity

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.fill(shots, i)
      sendTargetRpc(this.server, this.serverEntity, Prize, this.args)
    }
  }

  dispatch(fire: FireHandler): void {
    this.receiveAtClient()
    for (const { entity, args } of drain(this.client, Prize)) fire(entity, args.x, args.y, args.z, args.power)
  }
}

/** Messages to the server. Their handlers are given their sender for an entity. */
export class OurMessages extends OurCalls {
  readonly entity = this.network.clients[0]!.connection

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.fill(shots, i)
      sendMessage(this.client, Say, this.args)
    }
  }

  dispatch(fire: FireHandler): void {
    this.receiveAtServer()
    for (const { sender, args } of drain(this.server, Say)) fire(sender, args.x, args.y, args.z, args.power)
  }
}

/** Messages to a client. */
export class OurServerMessages extends OurCalls {
  readonly entity = clientState(this.client).connection

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.fill(shots, i)
      sendMessage(this.server, Say, this.args)
    }
  }

  dispatch(fire: FireHandler): void {
    this.receiveAtClient()
    for (const { sender, args } of drain(this.client, Say)) fire(sender, args.x, args.y, args.z, args.power)
  }
}

/** Requests of a client: `dispatch` answers them, and `settle` brings the answers back. */
export class OurRequests extends OurCalls {
  readonly entity = this.serverEntity
  private readonly value = { left: 0 }
  /** The promise of the last request made. */
  last: Promise<{ left: number }> = Promise.resolve({ left: 0 })

  send(shots: Shots): void {
    for (let i = 0; i < shots.count; i++) {
      this.fill(shots, i)
      this.last = request(this.client, this.clientEntity, Buy, this.args)
    }
  }

  dispatch(fire: FireHandler): void {
    this.receiveAtServer()
    const { value } = this
    for (const { entity, id, args } of drain(this.server, Buy)) {
      fire(entity, args.x, args.y, args.z, args.power)
      value.left = args.power
      reply(this.server, id, value)
    }
  }

  /** Reads the answers. */
  settle(): void {
    this.receiveAtClient()
    clientState(this.client).pendingRequests.settle(this.network.now)
  }
}
