// Runs the library on the workload: a server and a client that have joined over the in-memory network.
// Scenarios time the engine's own classes, in the calls that the pipelines make.
import { addComponents, addEntity } from 'bitecs'
import { Networked } from '../../components/networked.js'
import {
  defineProtocol,
  f32,
  markChanged,
  type Protocol,
  quantized,
  replicate,
  u16,
  unitQuaternion,
} from '../../src/index.js'
import { createTestNetwork, type TestNetwork } from '../../src/testing.js'
import { clientState, serverState, type ServerWorld } from '../../src/world/state.js'
import { ByteReader } from '../../src/protocol/bytes.js'
import { PacketKind } from '../../src/protocol/packet-kind.js'
import { DataHeader } from '../../src/protocol/packet.js'
import type { Session } from '../../src/connection/session.js'
import { Channel } from '../../src/transport/transport.js'
import { readPacket } from '../../src/world/client/read-packet.js'
import type { ClientState } from '../../src/world/client/client-state.js'
import type { ServerState } from '../../src/world/server/server-state.js'
import { replicateState, updateInterest } from '../../systems/index.js'
import { type Changes, POSITION_RANGE, POSITION_STEP, Stores, type Workload } from '../workload.js'

const VELOCITY_RANGE = 64
const VELOCITY_STEP = 1 / 64

/**
 * The protocol of the workload: as 32-bit floats, or quantized to 18 bits for each part of a position and 32 of a
 * rotation.
 */
export function protocolOf(stores: Stores, quantize: boolean, track: Tracking = 'scan'): Protocol {
  const position = quantize ? quantized(-POSITION_RANGE, POSITION_RANGE, POSITION_STEP) : f32
  const rotation = quantize ? unitQuaternion.fields() : { x: f32, y: f32, z: f32, w: f32 }
  const velocity = quantize ? quantized(-VELOCITY_RANGE, VELOCITY_RANGE, VELOCITY_STEP) : f32
  return defineProtocol({
    components: {
      Position: replicate(stores.position, { x: position, y: position, z: position }, { track }),
      Rotation: replicate(stores.rotation, rotation, { track }),
      Velocity: replicate(stores.velocity, { x: velocity, y: velocity, z: velocity }, { track }),
      Health: replicate(stores.health, { hp: u16 }, { track }),
    },
  })
}

/** How the server learns of changes. */
export type Tracking = 'scan' | 'marked'

/** A server with the workload's entities and clients that have all of them; one, if nothing else is said. */
export class OurWorld {
  readonly stores: Stores
  readonly network: TestNetwork
  /** By number of the workload. */
  readonly eids: Uint32Array
  readonly clientEids: Uint32Array
  readonly server: ServerState
  readonly client: ClientState

  constructor(
    readonly workload: Workload,
    quantize: boolean,
    clients = 1,
    track: Tracking = 'scan',
  ) {
    const { count } = workload
    // Both sides write to the same stores, under ids of their own.
    this.stores = new Stores((1 + clients) * count + 16 + 4 * clients)
    this.network = createTestNetwork(protocolOf(this.stores, quantize, track), { clients })
    const { server } = this.network
    this.server = serverState(server)
    this.client = clientState(this.network.clients[0]!.world)
    const { position, rotation, velocity, health } = this.stores
    this.eids = Uint32Array.from({ length: count }, () => addEntity(server))
    workload.populate(this.stores, this.eids)
    for (const eid of this.eids) addComponents(server, eid, position, rotation, velocity, health, Networked)
    const tables = this.network.clients.map(({ world }) => clientState(world).replication.entities)
    this.network.until(() => tables.every(({ alive }) => alive === count))
    const [entities] = tables as [(typeof tables)[number]]
    this.clientEids = this.eids.map((eid) => entities.entityOf(Networked.netId[eid]!))
  }

  /** Says what changed, as a game does. */
  mark(changes: Changes): void {
    markChanges(this.network.server, this.stores, this.eids, changes)
  }
}

/** Says what a tick changed, as a game does. */
export function markChanges(world: ServerWorld, stores: Stores, eids: Uint32Array, { moved, hurt }: Changes): void {
  const { position, rotation, health } = stores
  for (let i = 0; i < moved.length; i++) {
    const eid = eids[moved[i]!]!
    markChanged(world, eid, position)
    markChanged(world, eid, rotation)
  }
  for (let i = 0; i < hurt.length; i++) markChanged(world, eids[hurt[i]!]!, health)
}

/** Finds what changed and encodes it, as the server does once per tick for all clients. */
export class OurEncoder {
  constructor(readonly world: OurWorld) {}

  /** Returns the number of entities that changed. */
  encode(): number {
    const { server, network } = this.world
    server.tick++
    findAndEncode(network.server)
    return server.replication.tracker.dirty.size
  }
}

/** All that a server does for its clients together, before it sends: interest, changes, blocks. */
export function findAndEncode(world: ServerWorld): void {
  updateInterest(world)
  replicateState(world)
}

/** Ticks in which all changes of one have arrived. */
const LONGEST_DELIVERY = 50

/**
 * The packets of the workload's distinct ticks, in order, as they left for the client, headers included. The ticks are
 * played, so the client has applied all of them.
 */
export function recordTicks(world: OurWorld): Uint8Array[][] {
  const { workload, network, stores, eids, server } = world
  const { transport } = server.peers[0]!.session
  const send = transport.send.bind(transport)
  let packets: Uint8Array[] = []
  transport.send = (peer, channel, bytes, length) => {
    if (channel === Channel.Unreliable && bytes[0] === PacketKind.Data) packets.push(bytes.slice(0, length))
    return send(peer, channel, bytes, length)
  }
  const ticks = workload.variants.map((_, tick) => {
    workload.apply(tick, stores, eids)
    world.mark(workload.at(tick))
    packets = []
    // What one tick may not carry, for its budget or its window, the next ones do.
    for (let i = 0; i === 0 || server.peers[0]!.observer.owed.slots.size > 0; i++) {
      if (i > LONGEST_DELIVERY) throw new Error('the changes of a tick did not reach the client')
      network.tick()
    }
    return packets
  })
  transport.send = send
  network.tick()
  return ticks
}

export const bytesOf = (packets: readonly Uint8Array[]): number => packets.reduce((sum, { length }) => sum + length, 0)

/** Checks packets and writes their values into the stores, as the client does with what arrives. */
export class OurDecoder {
  private readonly session: Session
  private readonly reader = new ByteReader()
  private readonly header = new DataHeader()
  private tick: number

  constructor(readonly world: OurWorld) {
    this.session = world.client.session!.session!
    this.tick = world.server.tick
  }

  /** Applies packets as those of a newer tick. Returns the number of packets that took effect. */
  decode(packets: readonly Uint8Array[]): number {
    const { session, reader, header } = this
    const { client } = this.world
    this.tick++
    let applied = 0
    for (let i = 0; i < packets.length; i++) {
      const bytes = packets[i]!
      reader.reset(bytes, 1, bytes.length)
      header.read(reader)
      header.tick = this.tick
      if (readPacket(client, session, Channel.Unreliable, header, reader)) applied++
    }
    return applied
  }
}
