// A small game with something of everything, for packets to be recorded from and thrown at.
import { addComponent, addEntity, createRelation, getRelationTargets, removeComponent } from 'bitecs'
import {
  bool,
  bytes,
  type ClientWorld,
  correct,
  defineClientRpc,
  defineCommand,
  defineMessage,
  definePrefab,
  defineProtocol,
  defineScene,
  defineTargetRpc,
  despawn,
  drain,
  entity,
  entityOf,
  handle,
  f32,
  f64,
  i8,
  listOf,
  mapOf,
  loadScene,
  netIdOf,
  NetworkErrors,
  observersOf,
  quantized,
  refuse,
  replicate,
  reply,
  request,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  type ServerWorld,
  setOf,
  setPlayer,
  setSpawnKey,
  spawn,
  string,
  struct,
  type SyncList,
  type SyncMap,
  type SyncSet,
  u16,
  u32,
  unloadScene,
  varint,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { clientRole } from '../../src/world/state.js'
import { transportOf } from '../unit/world/tap.js'
import type { Channel } from '../../src/transport/transport.js'

const MAX = 60_000
const Position = { x: new Float32Array(MAX), y: new Float32Array(MAX) }
const Health = { hp: new Uint16Array(MAX), alive: new Uint8Array(MAX) }
const Motion = { vx: new Float32Array(MAX), seed: new Float64Array(MAX), turn: new Int8Array(MAX) }
const Aim = { at: new Uint32Array(MAX) }
const Bag = {
  notes: [] as SyncList<{ who: number; text: string }>[],
  blobs: [] as SyncMap<number, Uint8Array>[],
  friends: [] as SyncSet<number>[],
}
const Flag = {}
const Look = { yaw: new Float32Array(MAX), at: new Uint32Array(MAX), far: new Float32Array(MAX) }
const ChildOf = createRelation({ exclusive: true, autoRemoveSubject: true })
const Likes = createRelation()

const Move = defineCommand({ dx: f32, step: varint })
const Dash = defineCommand({ step: varint }, { channel: 'unreliable' })
const Knock = defineCommand({ door: u16, who: entity, loud: bool }, { requiresAuthority: false })
const Boom = defineClientRpc({ x: f32, shooter: entity }, { unknownEntities: 'wait' })
const Prize = defineTargetRpc({ gold: u32 })
const Trade = defineCommand({ item: u16 }, { returns: { gold: u32, note: string(20) }, refuses: ['stolen', 'broken'] })
const Query = defineTargetRpc({ text: string(20) }, { returns: { at: entity } })
const Chat = defineMessage({ text: string(200) })
const Login = defineMessage({ text: string(20) }, { beforeAuthentication: true })
const Blip = defineMessage({ n: varint }, { channel: 'unreliable' })
const Blob = defineMessage({ data: bytes(60_000) }, { large: true })

const Mine = definePrefab({ components: [Position, Health], payload: { label: string(40), owner: entity } })
const Hud = defineScene()
export const Match = defineScene({ seed: u32, name: string(20) })

export const protocol = defineProtocol({
  components: {
    Position: replicate(
      Position,
      { x: quantized(-100, 100, 0.01), y: quantized(-100, 100, 0.01) },
      { interpolate: true },
    ),
    Health: replicate(Health, { hp: u16, alive: bool }),
    Motion: replicate(Motion, { vx: f32, seed: f64, turn: i8 }),
    Aim: replicate(Aim, { at: entity }),
    Bag: replicate(Bag, {
      notes: listOf(struct({ who: entity, text: string(20) }), 8),
      blobs: mapOf(varint, bytes(20), 8),
      friends: setOf(entity, 4),
    }),
    Flag: replicate(Flag),
    Look: replicate(Look, { yaw: quantized(-4, 4, 0.01), at: entity, far: f32 }, { authority: 'client' }),
  },
  remote: { Move, Dash, Knock, Boom, Prize, Trade, Query },
  messages: { Chat, Blip, Blob, Login },
  prefabs: { Mine },
  scenes: { Hud, Match },
  relations: { ChildOf, Likes },
})

/** What one honest client and its ship have been through. */
interface Honest {
  readonly client: TestClient
  readonly ship: number
  sent: number
  readonly received: number[]
}

/** A running game: honest clients whose every command must arrive, whatever else goes on. */
export class FuzzGame {
  readonly net: TestNetwork
  readonly honest: Honest[] = []
  /** What a server's system threw, if one did. */
  readonly errors: string[] = []
  private steps = 0

  constructor(seed: number, honestClients = 2, serving: Pick<TestNetworkOptions, 'authenticate'> = {}) {
    const serverSystems = [this.serverSystem]
    this.net = createTestNetwork(protocol, { clients: honestClients, seed, serverSystems, ...serving })
    for (const client of this.net.clients) {
      const ship = this.spawn()
      setPlayer(this.net.server, client.connection, ship)
      handle(client.world, Query, ({ id, entity: at }) => reply(client.world, id, { at }))
      this.honest.push({ client, ship, sent: 0, received: [] })
    }
    this.net.tick(4)
  }

  private spawn(): number {
    const { server } = this.net
    const eid = addEntity(server)
    for (const component of [Position, Health, Motion, Aim, Bag, Look]) addComponent(server, eid, component)
    Health.alive[eid] = 1
    Aim.at[eid] = 0
    Look.far[eid] = 0
    addComponent(server, eid, Networked)
    return eid
  }

  private readonly serverSystem = (world: ServerWorld): void => {
    for (const { entity: ship, args } of drain(world, Move)) {
      this.honest.find((one) => one.ship === ship)?.received.push(args.step)
    }
    for (const { id, args } of drain(world, Trade)) {
      if (args.item % 2 === 0) reply(world, id, { gold: args.item, note: 'sold' })
      else refuse(world, id, 'broken')
    }
    for (const _ of drain(world, Dash));
    for (const _ of drain(world, Knock));
    for (const _ of drain(world, Chat));
    for (const _ of drain(world, Blip));
    for (const _ of drain(world, Login));
    for (const _ of drain(world, Blob));
    for (const { code } of drain(world, NetworkErrors)) this.errors.push(code)
  }

  private fillBag(ship: number, step: number): void {
    const notes = Bag.notes[ship]!
    if (notes.length === 8) notes.removeAt(step % 8)
    notes.insert(step % (notes.length + 1), { who: ship, text: `note ${step}` })
    if (step % 3 === 0) notes.set(0, { who: 0, text: 'set' })
    Bag.blobs[ship]!.set(step % 8, Uint8Array.of(step & 0xff, 1))
    if (step % 5 === 0) Bag.blobs[ship]!.delete(step % 8)
    if (step % 11 === 0) Bag.friends[ship]!.clear()
    for (const one of this.honest) Bag.friends[ship]!.add(one.ship)
  }

  /** One tick in which everything that the wire knows happens now and then. */
  step(): void {
    const { net } = this
    const step = ++this.steps
    this.honest.forEach((one, i) => {
      const { client, ship } = one
      Position.x[ship] = Math.sin(step / 7 + i) * 90
      Position.y[ship] = step % 100
      Health.hp[ship] = step & 0xffff
      Motion.vx[ship] = step / 3
      Motion.seed[ship] = step * Math.PI
      Motion.turn[ship] = (step % 200) - 100
      Aim.at[ship] = this.honest[(i + 1) % this.honest.length]!.ship
      if (step % 5 === 0) addComponent(net.server, ship, Flag)
      if (step % 5 === 3) removeComponent(net.server, ship, Flag)
      this.fillBag(ship, step)
      const liked = Likes(this.honest[(i + 1) % this.honest.length]!.ship)
      if (step % 4 === 1) addComponent(net.server, ship, liked)
      if (step % 4 === 3) removeComponent(net.server, ship, liked)
      if (step % 4 === 0) sendRpc(net.server, ship, Boom, { x: step, shooter: ship })
      if (step % 6 === 0) sendTargetRpc(net.server, ship, Prize, { gold: step })
      const copy = entityOf(client.world, netIdOf(net.server, ship))
      sendCommand(client.world, copy, Move, { dx: 1, step: one.sent++ })
      Look.yaw[copy] = Math.sin(step)
      Look.at[copy] = copy
      if (step % 2 === 0) Look.far[copy]! += 1
      if (step % 13 === 0) {
        Look.far[ship] = 0
        correct(net.server, ship, Look)
      }
      if (step % 3 === 0) sendCommand(client.world, copy, Dash, { step })
      if (step % 7 === 0) sendCommand(client.world, copy, Knock, { door: 3, who: copy, loud: true })
      if (step % 5 === 0) void request(client.world, copy, Trade, { item: step })
      if (step % 11 === 0) void request(client.world, copy, Trade, { item: step }, { timeout: 1 })
      if (step % 8 === 0) sendMessage(client.world, Chat, { text: `hello ${step}` })
      if (step % 2 === 0) sendMessage(client.world, Blip, { n: step })
      if (step % 40 === 0) sendMessage(client.world, Blob, { data: new Uint8Array(20_000) })
    })
    if (step % 30 === 0) sendMessage(net.server, Blob, { data: new Uint8Array(40_000) })
    if (step % 9 === 0) sendMessage(net.server, Chat, { text: 'all' }, { to: 'all' })
    if (step % 10 === 0) this.askEveryone()
    const key = step % 3 === 0 ? undefined : `mine ${step % 4}`
    const mine = spawn(net.server, Mine, { label: `mine ${step}`, owner: this.honest[0]!.ship }, { key })
    if (step % 20 === 6) loadScene(net.server, Hud)
    if (step % 20 === 16) unloadScene(net.server, Hud)
    const bullet = this.spawn()
    addComponent(net.server, bullet, ChildOf(mine))
    if (step % 2 === 0) setSpawnKey(net.server, bullet, `bullet ${step % 6}`)
    net.tick()
    despawn(net.server, bullet)
    despawn(net.server, mine)
  }

  /** Requests of the server, also of those who answer with anything, or never. */
  private askEveryone(): void {
    const { server } = this.net
    const { ship } = this.honest[0]!
    for (const to of observersOf(server, ship))
      void request(server, ship, Query, { text: 'well?' }, { to, timeout: 500 })
  }

  /** The first honest difference between server and clients after a quiet moment, or ''. */
  difference(): string {
    const { net } = this
    net.tick(30)
    for (const { client, ship, sent, received } of this.honest) {
      const { size } = clientRole(client.world).pendingRequests
      if (size > 0) return `${size} requests of an honest client have no answer`
      if (client.reason !== undefined) return `an honest client was closed: ${client.reason.code}`
      const copy = entityOf(client.world, netIdOf(net.server, ship))
      if (copy === 0) return 'an honest client lost its ship'
      if (Math.abs(Position.x[copy]! - Position.x[ship]!) > 0.0051) return `x ${Position.x[copy]}`
      if (Health.hp[copy] !== Health.hp[ship]) return `hp ${Health.hp[copy]}`
      if (!Object.is(Motion.seed[copy], Motion.seed[ship])) return `seed ${Motion.seed[copy]}`
      if (Motion.turn[copy] !== Motion.turn[ship]) return `turn ${Motion.turn[copy]}`
      const text = (eid: number): string => [...Bag.notes[eid]!].map((note) => note.text).join()
      if (text(copy) !== text(ship)) return `notes ${text(copy)}`
      const blobs = (eid: number): string => JSON.stringify([...Bag.blobs[eid]!].map(([key, blob]) => [key, [...blob]]))
      if (blobs(copy) !== blobs(ship)) return `blobs ${blobs(copy)}`
      if (Bag.friends[copy]!.size !== Bag.friends[ship]!.size) return `friends ${Bag.friends[copy]!.size}`
      const likes = (world: ServerWorld | ClientWorld, eid: number): number =>
        getRelationTargets(world, eid, Likes).length
      if (likes(client.world, copy) !== likes(net.server, ship)) return `likes ${likes(client.world, copy)}`
      if (Look.far[copy] !== Look.far[ship]) return `far ${Look.far[copy]} and ${Look.far[ship]}`
      if (Look.at[ship] !== ship) return `at ${Look.at[ship]}`
      if (received.length !== sent || received.some((step, i) => step !== i)) {
        return `${received.length} of ${sent} commands arrived`
      }
    }
    return ''
  }

  /** Sends bytes as a client would. */
  throwAtServer(client: TestClient, channel: Channel, packet: Uint8Array): void {
    transportOf(client.world, 'client').send(1, channel, packet, packet.length)
  }

  /** Whether the server still has a connection for this client’s transport. */
  isOpen(client: { world: ClientWorld; reason: unknown; connection: number }): boolean {
    return client.reason === undefined && client.connection !== 0
  }
}
