// The library's path of a command, end to end but for the packet around it: the verb on the client, the section's bytes,
// the server's checks of kind, entity, ownership, rate and length, the queue, and the loop that drains it.
import { addComponents, addEntity } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { defineCommand, defineProtocol, drain, f32, sendCommand, setOwner, u8 } from '../../src/index.js'
import { createTestNetwork } from '../../src/testing.js'
import type { Session } from '../../src/connection/session.js'
import { ByteReader } from '../../src/protocol/bytes.js'
import { Channel } from '../../src/transport/transport.js'
import { ServerInbound } from '../../src/world/server-inbound.js'
import { clientRole, type ClientWorld, serverRole, type ServerWorld } from '../../src/world/state.js'
import type { FireHandler } from '../limits/call-codec.js'

const Fire = defineCommand({ x: f32, y: f32, z: f32, power: u8 }, { rate: { perSecond: 1e9, burst: 1e6 } })

export class OurCalls {
  /** The entity that calls are on, in the server's world. */
  readonly entity: number
  private readonly server: ServerWorld
  private readonly client: ClientWorld
  private readonly clientEntity: number
  private readonly inbound: ServerInbound
  private readonly session: Session
  private readonly reader = new ByteReader()
  private readonly args = { x: 0, y: 0, z: 0, power: 0 }

  constructor() {
    const network = createTestNetwork(defineProtocol({ remote: { Fire } }))
    this.server = network.server
    this.client = network.clients[0]!.world
    this.entity = addEntity(this.server)
    addComponents(this.server, this.entity, Networked)
    setOwner(this.server, this.entity, network.clients[0]!.connection)
    const { entities } = clientRole(this.client).replication
    network.until(() => entities.alive === 1)
    this.clientEntity = entities.entityOf(Networked.netId[this.entity]!)
    network.until(() => Networked.owner[this.clientEntity] !== 0)
    const role = serverRole(this.server)
    this.inbound = new ServerInbound(role)
    this.session = role.peers[0]!.session
  }

  clear(): void {
    clientRole(this.client).outgoing.clear()
  }

  /** Bytes of the calls made since `clear`. */
  get size(): number {
    return clientRole(this.client).outgoing.writer.length
  }

  send(x: number, y: number, z: number, power: number): void {
    const { args } = this
    args.x = x
    args.y = y
    args.z = z
    args.power = power
    sendCommand(this.client, this.clientEntity, Fire, args)
  }

  /** Takes in every call, and hands each to its handler. */
  dispatch(fire: FireHandler): void {
    const { writer } = clientRole(this.client).outgoing
    this.reader.reset(writer.bytes, 0, writer.length)
    this.inbound.read(this.session, Channel.Reliable, this.reader)
    for (const { entity, args } of drain(this.server, Fire)) fire(entity, args.x, args.y, args.z, args.power)
  }
}
