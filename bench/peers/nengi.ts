// nengi 2: entities are objects, which it compares with a copy of each, for every user with the same cache.
import { AABB2D, Binary, Channel, ChannelAABB2D, Client, Context, defineSchema, Instance, User } from 'nengi'
import { BufferReader, BufferWriter } from 'nengi-buffers'
import { versionOf } from '../versions.js'
import type { Moving } from './bodies.js'

export const NENGI = `nengi ${versionOf('nengi')}`

const NTYPE = 1
/** Its numbers have 16 bits in some sections, so a world cannot hold more. */
export const NENGI_ENTITIES = 65_534

type NengiBody = Moving & { ntype: number; nid: number; x: number; y: number }

const schema = defineSchema({
  px: Binary.Float32,
  py: Binary.Float32,
  pz: Binary.Float32,
  rx: Binary.Float32,
  ry: Binary.Float32,
  rz: Binary.Float32,
  rw: Binary.Float32,
  vx: Binary.Float32,
  vy: Binary.Float32,
  vz: Binary.Float32,
  hp: Binary.UInt16,
})

function newContext(): Context {
  const context = new Context()
  context.register(NTYPE, schema)
  return context
}

function newBody(): NengiBody {
  const values = { px: 0, py: 0, pz: 0, rx: 0, ry: 0, rz: 0, rw: 0, vx: 0, vy: 0, vz: 0, hp: 0 }
  return { ntype: NTYPE, nid: 0, x: 0, y: 0, ...values }
}

/** In place of sockets: keeps what was sent last, and counts. */
class Sink {
  last: Buffer = Buffer.alloc(0)
  bytes = 0

  listen(): void {}
  disconnect(): void {}

  send(_: User, buffer: Buffer | ArrayBuffer): void {
    this.last = buffer as Buffer
    this.bytes += this.last.length
  }

  createBuffer(length: number): Buffer {
    return Buffer.allocUnsafe(length)
  }

  createBufferWriter(length: number): BufferWriter {
    return BufferWriter.create(length)
  }

  createBufferReader(buffer: Buffer | ArrayBuffer): BufferReader {
    return new BufferReader(buffer as Buffer)
  }
}

function addUser(instance: Instance, sink: Sink): User {
  const user = new User(undefined, sink)
  user.id = ++instance.incrementalUserId
  user.instance = instance
  // As one whose first command has arrived.
  user.lastReceivedClientTick = 0
  instance.users.set(user.id, user)
  return user
}

/** A server whose users see all, or what lies around a point of theirs. */
export class NengiServer {
  readonly bodies: readonly NengiBody[]
  /** What the first user was told at first. */
  readonly first: Buffer
  /** Milliseconds that making it took. */
  readonly firstMs: number
  private readonly sink = new Sink()
  private readonly instance: Instance

  /** `views`: where the users are, and how far they see; undefined for one who sees everything. */
  constructor(count: number, fill: (bodies: readonly NengiBody[]) => void, views?: readonly AABB2D[]) {
    this.bodies = Array.from({ length: count }, newBody)
    fill(this.bodies)
    this.instance = new Instance(newContext())
    const { localState } = this.instance
    if (views === undefined) {
      const channel = new Channel(localState)
      this.instance.registerChannel(channel)
      for (const body of this.bodies) channel.addEntity(body)
      channel.subscribe(addUser(this.instance, this.sink))
    } else {
      const channel = new ChannelAABB2D(localState)
      // Its types want a channel that hides nothing; it takes any.
      this.instance.registerChannel(channel as unknown as Channel)
      for (const body of this.bodies) channel.addEntity(body)
      for (const view of views) channel.subscribe(addUser(this.instance, this.sink), view)
    }
    const start = performance.now()
    this.encode()
    this.firstMs = performance.now() - start
    this.first = Buffer.from(this.sink.last)
  }

  /** What the last user was sent last. */
  get packet(): Buffer {
    return this.sink.last
  }

  /** A tick: a snapshot for every user. Returns the number of bytes. */
  encode(): number {
    this.sink.bytes = 0
    this.instance.step()
    return this.sink.bytes
  }
}

/** In place of a client's socket. */
function noAdapter(): void {}

/** A client, which applies each change as it is read. */
export class NengiClient {
  private readonly client = new Client(newContext(), noAdapter, 20)
  private readonly byNid = new Map<number, Moving>()

  constructor(first: Buffer) {
    this.read(first)
    for (const entity of this.client.network.entities.values()) {
      this.byNid.set(entity.nid, entity as unknown as Moving)
    }
  }

  get bodies(): readonly Moving[] {
    return [...this.byNid.values()]
  }

  /** Returns the number of values. */
  decode(packet: Buffer): number {
    const { updateEntities } = this.read(packet)
    for (const { nid, prop, value } of updateEntities) {
      this.byNid.get(nid)![prop as keyof Moving] = value as number
    }
    return updateEntities.length
  }

  private read(packet: Buffer): { updateEntities: readonly { nid: number; prop: string; value: unknown }[] } {
    const { network } = this.client
    network.readSnapshot(new BufferReader(packet))
    return network.snapshots.pop()!
  }
}

export { AABB2D }
