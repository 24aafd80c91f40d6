// Runs a small game that uses every feature, to record packets from and to attack.
import { addComponent, addEntity, getRelationTargets, hasComponent, query, removeComponent } from 'bitecs'
import {
  type ClientWorld,
  connectionOf,
  despawn,
  drain,
  entityOf,
  handle,
  netIdOf,
  NetworkErrors,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  type ServerWorld,
  setPlayer,
} from 'bitecs-net'
import { correct, validateWrites } from 'bitecs-net/authority'
import { hideFrom, observersOf, showTo } from 'bitecs-net/interest'
import { setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { refuse, reply, request } from 'bitecs-net/requests'
import { loadScene, unloadScene } from 'bitecs-net/scenes'
import { accept, deny } from 'bitecs-net/users'
import { Authenticating, Connected, Connection, Networked, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { hasGreeted } from '../../src/world/client/client-state.js'
import { clientState } from '../../src/world/state.js'
import type { ServeOptions } from '../../src/world/server/serve-options.js'
import { transportOf } from '../unit/world/tap.js'
import type { Channel } from '../../src/transport/transport.js'
import {
  Aim,
  Bag,
  Blip,
  Blob,
  Boom,
  Chat,
  ChildOf,
  Craft,
  Dash,
  Flag,
  Health,
  Hud,
  Huge,
  Knock,
  Likes,
  Login,
  Look,
  Mine,
  Motion,
  Move,
  Pose,
  Position,
  Prize,
  protocol,
  Purse,
  Query,
  resetStores,
  Tint,
  Trade,
  ZFlash,
  ZFour,
  ZMix,
  ZNarrow,
  ZThree,
  ZTwo,
} from './game-protocol.js'

export { Match, protocol } from './game-protocol.js'

/** The state of one honest client and its ship. */
interface Honest {
  readonly client: TestClient
  readonly ship: number
  sent: number
  readonly received: number[]
}

/** Arguments of every type that the other calls do not have. */
function craft(client: ClientWorld, ship: number, step: number): void {
  sendCommand(client, ship, Craft, {
    kind: (['axe', 'bow', 'cap'] as const)[step % 3]!,
    from: Array.from({ length: step % 7 }, (_, i) => i * step),
    near: step % 2 === 0 ? ship : undefined,
    at: { x: -step, y: step * 1000 },
    facing: 1,
    turned: { x: 0, y: 0.6, z: 0, w: 0.8 },
    mood: step & 0xffff,
  })
}

/** A running game: every command of honest clients must arrive, whatever hostile ones do. */
export class FuzzGame {
  readonly net: TestNetwork
  readonly honest: Honest[] = []
  /** The error that a server's system threw, if any. */
  readonly errors: string[] = []
  private steps = 0
  /** An entity that is sometimes hidden from all clients. */
  private readonly beacon: number
  /** Enough entities that change together for code that reads four at a time. */
  private readonly flock: readonly number[]
  /** Sessions of authenticated clients. */
  private readonly introduced = new WeakSet<object>()
  private introductions = 0

  constructor(seed: number, honestClients = 2, serving: ServeOptions = {}) {
    resetStores()
    const clientSystems = serving.users?.authenticate === 'by-messages' ? [this.introduce] : []
    const serverSystems = [this.serverSystem]
    this.net = createTestNetwork(protocol, { clients: honestClients, seed, serverSystems, clientSystems, ...serving })
    // The check refuses some values of hostile clients; honest clients never write them.
    validateWrites(this.net.server, Look, ({ after }) => {
      if (after.far! > 1e6) after.far = 1e6
      return after.far! >= -1e6
    })
    this.flock = [0, 1, 2, 3, 4].map(() => this.spawnBird())
    for (const client of this.net.clients) {
      const ship = this.spawn()
      setPlayer(this.net.server, client.connection, ship)
      handle(client.world, Query, ({ id, entity: at }) => reply(client.world, id, { at }))
      this.honest.push({ client, ship, sent: 0, received: [] })
    }
    this.beacon = this.spawn()
    this.net.tick(4)
  }

  private spawn(): number {
    const { server } = this.net
    const eid = addEntity(server)
    for (const component of [Position, Health, Motion, Aim, Bag, Look, Pose, Purse])
      addComponent(server, eid, component)
    Health.alive[eid] = 1
    Aim.at[eid] = 0
    Look.far[eid] = Purse.gold[eid] = Purse.debt[eid] = Pose.yaw[eid] = Pose.qy[eid] = Pose.qz[eid] = 0
    addComponent(server, eid, Networked)
    return eid
  }

  private spawnBird(): number {
    const { server } = this.net
    const eid = addEntity(server)
    for (const component of [ZTwo, ZThree, ZFour, ZNarrow]) addComponent(server, eid, component)
    addComponent(server, eid, Networked)
    return eid
  }

  private moveFlock(step: number): void {
    for (const [i, bird] of this.flock.entries()) {
      ZTwo.a[bird] = ZFour.c[bird] = step + i
      ZTwo.b[bird] = ZFour.a[bird] = -step / 3
      ZThree.a[bird] = ZThree.c[bird] = step * i
      ZNarrow.a[bird] = (step + i) % 10
    }
  }

  /** Answers for honest clients when the game authenticates by messages, once per session. */
  private readonly introduce = (world: ClientWorld): void => {
    const client = clientState(world)
    const { session } = client
    if (session === undefined || !hasGreeted(client) || this.introduced.has(session)) return
    if (hasComponent(world, connectionOf(world), Connected)) return
    this.introduced.add(session)
    sendMessage(world, Login, { text: `honest ${this.introductions++}` })
  }

  /** Admits every client, except for one token; two with the same name are one user. */
  private answerLogins(world: ServerWorld): void {
    const answered = new Set<number>()
    for (const { sender, args } of drain(world, Login)) {
      if (!hasComponent(world, sender, Authenticating) || answered.has(sender)) continue
      answered.add(sender)
      if (args.text === '') deny(world, sender, 'who?')
      else accept(world, sender, { id: args.text })
    }
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
    for (const _ of drain(world, ZMix));
    this.answerLogins(world)
    for (const _ of drain(world, Blob));
    for (const _ of drain(world, Huge));
    for (const _ of drain(world, Craft));
    for (const { code } of drain(world, NetworkErrors)) this.errors.push(code)
  }

  /** Gives each ready client a ship, so that a hostile client may name one, too. */
  private welcomeGuests(): void {
    const { server } = this.net
    for (const connection of query(server, [Ready])) {
      if (Connection.player[connection] === 0) setPlayer(server, connection, this.spawn())
    }
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

  /** One tick, with random actions that cover every part of the wire over time. */
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
      Pose.yaw[ship] = (step % 60) / 10 - 3
      Pose.qx[ship] = Math.sin(step / 9)
      Pose.qw[ship] = Math.cos(step / 9)
      Purse.gold[ship] = -step
      Purse.debt[ship] = -(step % 1000)
      Purse.level[ship] = step & 0xff
      Aim.at[ship] = this.honest[(i + 1) % this.honest.length]!.ship
      if (step % 5 === 0) addComponent(net.server, ship, Flag)
      if (step % 5 === 3) removeComponent(net.server, ship, Flag)
      this.fillBag(ship, step)
      const liked = Likes(this.honest[(i + 1) % this.honest.length]!.ship)
      if (step % 4 === 1) addComponent(net.server, ship, liked)
      if (step % 4 === 3) removeComponent(net.server, ship, liked)
      if (step % 4 === 0) sendRpc(net.server, ship, Boom, { x: step, shooter: ship })
      if (step % 17 === 0) sendRpc(net.server, ship, Tint, { colour: step & 0xff })
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
      if (step % 6 === 1) craft(client.world, copy, step)
      if (step % 6 === 2) {
        const mix = {
          a: -(step & 0x7f),
          b: -step,
          c: -step * 1000,
          d: step / 3,
          e: step % 2 === 0,
          f: step & 0xff,
          g: 0.5,
        }
        sendCommand(client.world, copy, ZMix, mix)
      }
      if (step % 5 === 0) void request(client.world, copy, Trade, { item: step })
      if (step % 11 === 0) void request(client.world, copy, Trade, { item: step }, { timeout: 1 })
      if (step % 8 === 0) sendMessage(client.world, Chat, { text: `hello ${step}` })
      if (step % 2 === 0) sendMessage(client.world, Blip, { n: step })
      if (step % 40 === 0) sendMessage(client.world, Blob, { data: new Uint8Array(20_000) })
    })
    if (step % 30 === 0) sendMessage(net.server, Blob, { data: new Uint8Array(40_000) })
    if (step % 9 === 0) sendMessage(net.server, Chat, { text: 'all' }, { to: 'all' })
    if (step % 10 === 0) this.askEveryone()
    this.welcomeGuests()
    this.moveFlock(step)
    if (step % 15 === 5) hideFrom(net.server, this.beacon, 'all')
    if (step % 15 === 8) showTo(net.server, this.beacon, 'all')
    const key = step % 3 === 0 ? undefined : `mine ${step % 4}`
    const mine = spawn(net.server, Mine, { label: `mine ${step}`, owner: this.honest[0]!.ship }, { key })
    if (step % 20 === 6) loadScene(net.server, Hud)
    if (step % 20 === 16) unloadScene(net.server, Hud)
    const bullet = this.spawn()
    addComponent(net.server, bullet, ChildOf(mine))
    if (step % 2 === 0) setSpawnKey(net.server, bullet, `bullet ${step % 6}`)
    sendRpc(net.server, bullet, ZFlash, { n: step & 0xff })
    net.tick()
    despawn(net.server, bullet)
    despawn(net.server, mine)
  }

  /** Requests of the server, also to clients that answer with garbage or never. */
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
      const { size } = clientState(client.world).pendingRequests
      if (size > 0) return `${size} requests of an honest client have no answer`
      if (client.reason !== undefined) return `an honest client was closed: ${client.reason.code}`
      const shown = this.shownDifference(client.world, ship)
      if (shown !== '') return shown
      const copy = entityOf(client.world, netIdOf(net.server, ship))
      if (Purse.gold[copy] !== Purse.gold[ship]) return `gold ${Purse.gold[copy]} and ${Purse.gold[ship]}`
      if (Look.at[ship] !== ship) return `at ${Look.at[ship]}`
      if (received.length !== sent || received.some((step, i) => step !== i)) {
        return `${received.length} of ${sent} commands arrived`
      }
    }
    return ''
  }

  /** The first difference in a client's copy of an honest client's ship, or ''. */
  shownDifference(client: ClientWorld, ship: number): string {
    const { server } = this.net
    const copy = entityOf(client, netIdOf(server, ship))
    if (copy === 0) return 'a client lost a ship'
    if (Math.abs(Position.x[copy]! - Position.x[ship]!) > 0.0051) return `x ${Position.x[copy]}`
    if (Health.hp[copy] !== Health.hp[ship]) return `hp ${Health.hp[copy]}`
    if (!Object.is(Motion.seed[copy], Motion.seed[ship])) return `seed ${Motion.seed[copy]}`
    if (Math.abs(Pose.yaw[copy]! - Pose.yaw[ship]!) > 0.001) return `yaw ${Pose.yaw[copy]} and ${Pose.yaw[ship]}`
    const turned = Math.abs(Pose.qx[copy]! * Pose.qx[ship]! + Pose.qw[copy]! * Pose.qw[ship]!)
    if (turned < 0.999) return `turned ${turned}`
    if (Motion.turn[copy] !== Motion.turn[ship]) return `turn ${Motion.turn[copy]}`
    const text = (eid: number): string => [...Bag.notes[eid]!].map((note) => note.text).join()
    if (text(copy) !== text(ship)) return `notes ${text(copy)} and ${text(ship)}`
    const blobs = (eid: number): string => JSON.stringify([...Bag.blobs[eid]!].map(([key, blob]) => [key, [...blob]]))
    if (blobs(copy) !== blobs(ship)) return `blobs ${blobs(copy)}`
    if (Bag.friends[copy]!.size !== Bag.friends[ship]!.size) return `friends ${Bag.friends[copy]!.size}`
    const likes = (world: ServerWorld | ClientWorld, eid: number): number =>
      getRelationTargets(world, eid, Likes).length
    if (likes(client, copy) !== likes(server, ship)) return `likes ${likes(client, copy)}`
    if (Look.far[copy] !== Look.far[ship]) return `far ${Look.far[copy]} and ${Look.far[ship]}`
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
