// The server's half of the seeded model: random structure, values, owners, visibility and calls, and what each client
// should see of it.
import { addComponent, addEntity, getRelationTargets, hasComponent, removeComponent } from 'bitecs'
import { clearOwner, despawn, markChanged, netIdOf, sendMessage, sendRpc, sendTargetRpc, setOwner } from 'bitecs-net'
import { correct } from 'bitecs-net/authority'
import { hideFrom, joinRoom, leaveRoom, resetVisibility, setRoom, showTo } from 'bitecs-net/interest'
import { spawn } from 'bitecs-net/prefabs'
import { Connection, Networked } from 'bitecs-net/components'
import type { TestNetwork } from 'bitecs-net/testing'
import type { Random } from '../seeds.js'
import * as game from './game.js'

const ROOMS = 3

/** What the game has said of an entity's visibility. */
interface Said {
  room?: number
  all?: boolean
  readonly pairs: Map<number, boolean>
}

/** A connection as the model names it: its entity, which may be given to another later, and its number. */
interface Seat {
  readonly connection: number
  readonly number: number
}

export class ServerModel {
  /** Every networked entity of the server, and what was said of it. */
  readonly ships = new Map<number, Said>()
  /** An entity that everybody sees from the first tick to the last: what the ordered calls are on. */
  readonly anchor: number
  /** By connection: the rooms that it is in. */
  private readonly members = new Map<number, Set<number>>()
  /** By the number of a connection, then by net id: since when that client is to see the entity, without a gap. */
  private readonly shownSince = new Map<number, Map<number, number>>()
  /** The number in the last ordered call, of all that were sent. */
  sent = 0
  tick = 0

  constructor(
    readonly net: TestNetwork,
    private readonly random: Random,
    private readonly hasRooms: boolean,
  ) {
    this.anchor = game.spawnShip(net.server)
    this.ships.set(this.anchor, { all: true, pairs: new Map() })
    showTo(net.server, this.anchor, 'all')
  }

  /** The connections of all clients, the host's own included. */
  private get seats(): Seat[] {
    const { clients, host } = this.net
    return [...clients, ...(host === undefined ? [] : [host])]
      .filter(({ connection }) => connection !== 0)
      .map(({ connection }) => ({ connection, number: Connection.id[connection]! }))
  }

  /** Whether a connection should have an entity. */
  sees(connection: number, ship: number): boolean {
    const said = this.ships.get(ship)
    if (said === undefined) return false
    if (Networked.owner[ship] === connection) return true
    const { room, all, pairs } = said
    const forced = pairs.get(connection) ?? all
    if (forced !== undefined) return forced
    return room === undefined || (this.members.get(connection)?.has(room) ?? false)
  }

  /**
   * Since which tick the client of a connection is to see what has this net id, without a gap; Infinity when it is not.
   */
  shownSinceTick(number: number, netId: number): number {
    return this.shownSince.get(number)?.get(netId) ?? Infinity
  }

  /** A connection has ended: what was said of it is said no more. */
  forget(connection: number): void {
    this.members.delete(connection)
    for (const { pairs } of this.ships.values()) pairs.delete(connection)
  }

  /** Random things of one tick, then calls in order. */
  act(): void {
    this.tick++
    for (let n = this.random(4); n > 0; n--) this.actOnce()
    for (let n = this.random(3); n > 0; n--) this.call()
    this.noteViews()
  }

  private actOnce(): void {
    const { random, net } = this
    const what = random(24)
    const ship = this.anyShip()
    if (what <= 1 || ship === 0) this.begin()
    else if (what === 2) this.end(ship)
    else if (what <= 4) this.changeComponents(ship)
    else if (what === 5) this.changeOwner(ship)
    else if (what === 6) this.spawnAgain(ship)
    else if (what <= 10) this.changeVisibility(ship)
    else if (what <= 12) this.changePairs(ship)
    else if (what === 13) this.shoot(ship)
    else if (what === 14) sendRpc(net.server, ship, game.Scar, this.naming(this.anyShip()))
    else if (what === 15) sendRpc(net.server, ship, game.Spark, this.naming(this.anyShip()))
    else if (what <= 17) this.replaceComponent(ship)
    else if (what === 18) this.lendOwnership(ship)
    else if (what === 19) this.hideForAMoment(ship)
    else if (what === 20) this.changeBag(ship)
    else for (let i = 0; i < 4; i++) this.write(this.anyShip())
  }

  /** One of the calls and messages whose order every client checks. */
  private call(): void {
    const { server } = this.net
    const n = ++this.sent
    const what = this.random(3)
    if (what === 0) sendRpc(server, this.anchor, game.Boom, { n, ...this.naming(this.anyShip()) })
    else if (what === 1) sendMessage(server, game.Chat, { n }, { to: 'ready' })
    else
      for (const { connection } of this.seats) sendTargetRpc(server, this.anchor, game.Prize, { n }, { to: connection })
  }

  private naming(ship: number): { at: number; netId: number } {
    return { at: ship, netId: netIdOf(this.net.server, ship) }
  }

  private anyShip(): number {
    const ships = [...this.ships.keys()].slice(1)
    return ships.length > 0 ? ships[this.random(ships.length)]! : 0
  }

  private anyConnection(): number {
    const { seats } = this
    return seats.length > 0 ? seats[this.random(seats.length)]!.connection : 0
  }

  private begin(): void {
    const { server } = this.net
    const eid = addEntity(server)
    const networkedFirst = this.random(2) === 0
    game.Score.points[eid] = 0
    if (networkedFirst) addComponent(server, eid, Networked)
    for (const component of [game.Score, game.Bag]) addComponent(server, eid, component)
    for (const component of game.OPTIONAL) if (this.random(2) === 0) this.give(eid, component)
    this.write(eid)
    if (!networkedFirst) addComponent(server, eid, Networked)
    this.ships.set(eid, { pairs: new Map() })
  }

  private end(ship: number): void {
    this.ships.delete(ship)
    despawn(this.net.server, ship)
  }

  /** A spawn whose payload names an entity, one that spawns in the same tick now and then. */
  private shoot(ship: number): void {
    if (this.random(3) === 0) this.begin()
    const shooter = this.random(2) === 0 ? ship : this.anyShip()
    const shot = spawn(this.net.server, game.Shot, { shooter, netId: netIdOf(this.net.server, shooter) })
    this.ships.set(shot, { pairs: new Map() })
    // Sometimes the two name each other.
    if (this.random(3) !== 0) return
    this.aim(shooter, shot)
    addComponent(this.net.server, shooter, game.Target)
  }

  /** Away and back within a tick: another net id for the same entity, of which nothing is said yet. */
  private spawnAgain(ship: number): void {
    removeComponent(this.net.server, ship, Networked)
    addComponent(this.net.server, ship, Networked)
    this.ships.set(ship, { pairs: new Map() })
  }

  private give(ship: number, component: (typeof game.OPTIONAL)[number]): void {
    const { random } = this
    if (component === game.Sealed) game.Sealed.value[ship] = random(1e6)
    if (component === game.Marked) game.Marked.value[ship] = random(1e6)
    if (component === game.Steering) game.Steering.value[ship] = random(1e6)
    if (component === game.Target) this.aim(ship, this.anyShip())
    addComponent(this.net.server, ship, component)
  }

  private aim(ship: number, target: number): void {
    game.Target.entity[ship] = target
    game.Target.netId[ship] = netIdOf(this.net.server, target)
  }

  private changeComponents(ship: number): void {
    const component = game.OPTIONAL[this.random(game.OPTIONAL.length)]!
    if (hasComponent(this.net.server, ship, component)) removeComponent(this.net.server, ship, component)
    else this.give(ship, component)
  }

  /** Removed and added again within a tick, with other values. */
  private replaceComponent(ship: number): void {
    const component = game.OPTIONAL[this.random(game.OPTIONAL.length)]!
    if (!hasComponent(this.net.server, ship, component)) return
    removeComponent(this.net.server, ship, component)
    this.give(ship, component)
  }

  private changeOwner(ship: number): void {
    const connection = this.anyConnection()
    if (this.random(3) === 0) clearOwner(this.net.server, ship)
    else if (connection !== 0) setOwner(this.net.server, ship, connection, { onLeave: 'keep' })
  }

  /** Taken from its owner and given back within a tick, with a write in between. */
  private lendOwnership(ship: number): void {
    const { server } = this.net
    const owner = Networked.owner[ship]!
    if (owner === 0) return
    const other = this.anyConnection()
    if (this.random(2) === 0 || other === owner) clearOwner(server, ship)
    else setOwner(server, ship, other, { onLeave: 'keep' })
    if (hasComponent(server, ship, game.Steering)) game.Steering.value[ship] = this.random(1e6)
    this.write(ship)
    setOwner(server, ship, owner, { onLeave: 'keep' })
  }

  /** Hidden from a client and shown again within a tick, with a write in between. */
  private hideForAMoment(ship: number): void {
    const connection = this.anyConnection()
    if (connection === 0) return
    const before = this.ships.get(ship)!.pairs.get(connection)
    hideFrom(this.net.server, ship, connection)
    this.write(ship)
    if (before === true) showTo(this.net.server, ship, connection)
    else if (before === undefined) resetVisibility(this.net.server, ship, connection)
  }

  private changeVisibility(ship: number): void {
    const { random, net } = this
    const { server } = net
    const connection = this.anyConnection()
    const said = this.ships.get(ship)!
    const room = random(ROOMS)
    const what = random(this.hasRooms ? 8 : 4)
    if (what >= 6) {
      said.room = random(3) === 0 ? undefined : room
      setRoom(server, ship, said.room)
    } else if (what === 3) {
      said.all = random(2) === 0
      said.pairs.clear()
      if (said.all) showTo(server, ship, 'all')
      else hideFrom(server, ship, 'all')
    } else if (connection === 0) return
    else if (what >= 4) this.changeRooms(connection, room)
    else if (what === 0) {
      said.pairs.set(connection, true)
      showTo(server, ship, connection)
    } else if (what === 1) {
      said.pairs.set(connection, false)
      hideFrom(server, ship, connection)
    } else if (random(2) === 0) {
      said.pairs.delete(connection)
      resetVisibility(server, ship, connection)
    } else {
      said.all = undefined
      said.pairs.clear()
      resetVisibility(server, ship)
    }
  }

  private changeRooms(connection: number, room: number): void {
    const members = this.members.get(connection) ?? new Set()
    this.members.set(connection, members)
    if (members.delete(room)) leaveRoom(this.net.server, connection, room)
    else {
      members.add(room)
      joinRoom(this.net.server, connection, room)
    }
  }

  private changePairs(ship: number): void {
    const { server } = this.net
    const pair = game.Follows(this.anyShip())
    if (hasComponent(server, ship, pair)) removeComponent(server, ship, pair)
    else if (getRelationTargets(server, ship, game.Follows).length < 4) addComponent(server, ship, pair)
  }

  private changeBag(ship: number): void {
    const items = game.Bag.items[ship]!
    const friends = game.Bag.friends[ship]!
    const what = this.random(5)
    if (what === 0) items.clear()
    else if (what === 1 && items.length > 0) items.removeAt(this.random(items.length))
    // So much in a tick that the whole list travels instead.
    else if (what === 2 && items.length > 0) for (let i = 0; i < 200; i++) items.set(0, this.random(60_000))
    else if (what === 3) {
      if (friends.length === 4) friends.clear()
      friends.push(this.anyShip())
    } else if (items.length < 24) items.push(this.random(60_000))
  }

  private write(ship: number): void {
    if (ship === 0) return
    const { random, net } = this
    const pick = random(8)
    if (pick === 0) game.Position.x[ship] = random(8000) / 8 - 500
    if (pick === 1) game.Position.y[ship] = random(8000) / 8 - 500
    if (pick === 2) game.Health.hp[ship] = random(60_000)
    if (pick === 3) game.Heading.seed[ship] = random(1e9) / 7
    if (pick === 4) this.aim(ship, this.anyShip())
    if (pick === 5) game.Score.points[ship] = random(1e6)
    if (pick === 6) game.Secret.value[ship] = random(60_000)
    // What is not networked yet has nothing to mark or correct.
    if (!hasComponent(net.server, ship, Networked)) return
    if (pick === 7 && hasComponent(net.server, ship, game.Marked)) {
      game.Marked.value[ship] = random(1e6)
      markChanged(net.server, ship, game.Marked)
    }
    if (random(6) === 0 && hasComponent(net.server, ship, game.Steering)) {
      game.Steering.value[ship] = random(1e6)
      correct(net.server, ship, game.Steering)
    }
  }

  /** Notes which client is to see what at the end of this tick. */
  private noteViews(): void {
    for (const { connection, number } of this.seats) {
      const before = this.shownSince.get(number)
      const now = new Map<number, number>()
      for (const ship of this.ships.keys()) {
        if (!this.sees(connection, ship)) continue
        const netId = netIdOf(this.net.server, ship)
        now.set(netId, before?.get(netId) ?? this.tick)
      }
      this.shownSince.set(number, now)
    }
  }
}
