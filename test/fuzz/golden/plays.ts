// Defines the recorded plays. Each is small, so that a difference is quick to read; together they cover the whole wire.
import { addComponent, addEntity, query, removeComponent } from 'bitecs'
import {
  type ClientWorld,
  close,
  despawn,
  kick,
  retire,
  sendCommand,
  sendMessage,
  sendRpc,
  sendTargetRpc,
  type ServerWorld,
  setPlayer,
  setReady,
} from 'bitecs-net'
import { correct } from 'bitecs-net/authority'
import { hideFrom, showTo } from 'bitecs-net/interest'
import { setSpawnKey, spawn } from 'bitecs-net/prefabs'
import { request } from 'bitecs-net/requests'
import { changeScene, loadScene, unloadScene } from 'bitecs-net/scenes'
import { Connection, LocalPlayer, Networked, Ready } from 'bitecs-net/components'
import type { TestNetworkOptions } from 'bitecs-net/testing'
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
  Match,
  Mine,
  Motion,
  Move,
  Pose,
  Position,
  Prize,
  Purse,
  Query,
  Tint,
  Trade,
  ZFlash,
  ZFour,
  ZMix,
  ZNarrow,
  ZThree,
  ZTwo,
} from '../game-protocol.js'
import { UNANSWERED, UNHEARD } from './meanings.js'

/** The actions of each side in a tick, after it has received packets. */
export interface Actors {
  readonly server: (world: ServerWorld, tick: number) => void
  readonly client: (world: ClientWorld, tick: number) => void
}

export interface Play {
  readonly name: string
  readonly story: string
  readonly ticks: number
  /** The link breaks before this tick. */
  readonly cutAt?: number
  readonly serving?: Pick<TestNetworkOptions, 'users' | 'sessions'>
  begin(): Actors
}

const SHIP = [Position, Health, Motion, Aim, Bag, Look, Pose, Purse]

/** An entity with these components, an identity rotation, and all other values zero. */
function launch(world: ServerWorld, components: readonly object[] = SHIP): number {
  const eid = addEntity(world)
  for (const component of components) addComponent(world, eid, component)
  Pose.qw[eid] = 1
  addComponent(world, eid, Networked)
  return eid
}

/** The client's connection, once it is ready. */
function guestOf(world: ServerWorld): number {
  return query(world, [Ready])[0] ?? 0
}

/** Gives the ready client a ship, once. Returns that ship, or 0. */
function playerOf(world: ServerWorld): number {
  const guest = guestOf(world)
  if (guest === 0) return 0
  if (Connection.player[guest] === 0) setPlayer(world, guest, launch(world))
  return Connection.player[guest]!
}

/** The client's copy of its own ship, or 0. */
function shipOf(world: ClientWorld): number {
  return query(world, [LocalPlayer])[0] ?? 0
}

const idle = (): void => {}

function moveBird(bird: number, to: number): void {
  ZTwo.a[bird] = ZFour.a[bird] = to
  ZTwo.b[bird] = ZFour.d[bird] = -to
  ZThree.a[bird] = ZThree.c[bird] = to * 1000
  ZNarrow.a[bird] = to / 10
}

function fillBag(ship: number, tick: number): void {
  const notes = Bag.notes[ship]!
  if (tick === 6) notes.push({ who: ship, text: 'first' })
  if (tick === 7) notes.insert(0, { who: 0, text: 'before it' })
  if (tick === 8) notes.set(1, { who: 0, text: 'another' })
  if (tick === 9) notes.removeAt(0)
  if (tick === 6) Bag.blobs[ship]!.set(300, Uint8Array.of(1, 2))
  if (tick === 8) Bag.blobs[ship]!.delete(300)
  if (tick === 7) Bag.friends[ship]!.add(ship)
  if (tick === 9) Bag.friends[ship]!.clear()
}

/** Two entities that refer to each other. */
function beginCircle(world: ServerWorld): void {
  const [one, other] = [launch(world, [Position, Aim]), launch(world, [Position, Aim])]
  Aim.at[one] = other
  Aim.at[other] = one
}

const entities: Play = {
  name: 'entities',
  story:
    'Entities begin, change, gain and lose components, relations, items and owners, are hidden, name each other, and end.',
  ticks: 18,
  begin() {
    let rock = 0
    let flock: number[] = []
    let mine = 0
    let bullet = 0
    return {
      server(world, tick) {
        if (tick === 1) {
          rock = launch(world, [Position, Flag])
          flock = [1, 2, 3, 4, 5].map(() => launch(world, [ZTwo, ZThree, ZFour, ZNarrow]))
        }
        if (tick >= 6 && tick < 9) for (const [i, bird] of flock.entries()) moveBird(bird, tick * 10 + i)
        const ship = playerOf(world)
        if (ship === 0) return
        Position.x[ship] = tick
        if (tick === 6) {
          Health.hp[ship] = 700
          Motion.seed[ship] = 0.5
          Pose.yaw[ship] = 1
          Aim.at[ship] = rock
          Purse.gold[ship] = -3
        }
        if (tick === 7) addComponent(world, ship, Flag)
        if (tick === 8) removeComponent(world, ship, Flag)
        if (tick === 7) addComponent(world, ship, Likes(rock))
        if (tick === 9) removeComponent(world, ship, Likes(rock))
        if (tick >= 6) fillBag(ship, tick)
        if (tick === 10) mine = spawn(world, Mine, { label: 'here', owner: ship }, { key: 'mine 1' })
        if (tick === 11) {
          bullet = launch(world, [Position])
          addComponent(world, bullet, ChildOf(mine))
          setSpawnKey(world, bullet, 'bullet 1')
        }
        if (tick === 12) hideFrom(world, rock, 'all')
        if (tick === 13) showTo(world, rock, 'all')
        if (tick === 14) despawn(world, bullet)
        if (tick === 15) setPlayer(world, guestOf(world), mine, { onLeave: 'keep' })
        if (tick === 16) beginCircle(world)
      },
      client: idle,
    }
  },
}

const calls: Play = {
  name: 'calls',
  story: 'Commands, RPCs and messages on both channels, in both directions, with arguments of every type.',
  ticks: 12,
  begin: () => ({
    server(world, tick) {
      const ship = playerOf(world)
      if (ship === 0) return
      if (tick === 6) sendRpc(world, ship, Boom, { x: 1.5, shooter: ship })
      if (tick === 7) sendRpc(world, ship, Tint, { colour: 200 })
      if (tick === 8) sendRpc(world, ship, ZFlash, { n: 9 })
      if (tick === 8) sendTargetRpc(world, ship, Prize, { gold: 1_000_000 })
      if (tick === 9) sendMessage(world, Chat, { text: 'from the server, with an é' }, { to: 'all' })
      if (tick === 9) sendMessage(world, Blip, { n: 300 }, { to: 'all' })
    },
    client(world, tick) {
      const ship = shipOf(world)
      if (ship === 0) return
      if (tick === 7) sendCommand(world, ship, Move, { dx: -0.5, step: 1 })
      if (tick === 7) sendCommand(world, ship, Dash, { step: 2 })
      if (tick === 8) sendCommand(world, ship, Knock, { door: 3, who: ship, loud: true })
      if (tick === 9) {
        sendCommand(world, ship, Craft, {
          kind: 'bow',
          from: [1, 2, 60_000],
          near: ship,
          at: { x: -1, y: -100_000 },
          facing: 1,
          turned: { x: 0, y: 0.6, z: 0, w: 0.8 },
          mood: 7,
        })
      }
      if (tick === 9) sendCommand(world, ship, ZMix, { a: -1, b: -2, c: -3, d: 0.1, e: true, f: 255, g: 0.25 })
      if (tick === 10) sendMessage(world, Chat, { text: 'from a client' })
      if (tick === 10) sendMessage(world, Blip, { n: 2 ** 32 - 1 })
    },
  }),
}

/** Sends requests that are answered, refused, and aborted. */
const requests: Play = {
  name: 'requests',
  story: 'Requests of both sides: answered, refused, and given up before an answer.',
  ticks: 14,
  begin: () => ({
    server(world, tick) {
      const ship = playerOf(world)
      if (ship === 0) return
      const to = guestOf(world)
      if (tick === 7) void request(world, ship, Query, { text: 'where?' }, { to })
      if (tick === 8) request(world, ship, Query, { text: UNHEARD }, { to, timeout: 60 }).catch(idle)
    },
    client(world, tick) {
      const ship = shipOf(world)
      if (ship === 0) return
      if (tick === 7) void request(world, ship, Trade, { item: 6 })
      if (tick === 8) request(world, ship, Trade, { item: 7 }).catch(idle)
      if (tick === 9) request(world, ship, Trade, { item: UNANSWERED }, { timeout: 60 }).catch(idle)
    },
  }),
}

const scenes: Play = {
  name: 'scenes',
  story: 'One scene takes the place of another, and one is added and taken away.',
  ticks: 18,
  begin: () => ({
    server(world, tick) {
      if (tick === 5) changeScene(world, Match, { seed: 7, name: 'dust' })
      if (tick === 10) loadScene(world, Hud)
      if (tick === 14) unloadScene(world, Hud)
      playerOf(world)
    },
    client: idle,
  }),
}

const parts: Play = {
  name: 'parts',
  story: 'Messages that are too large for one packet, in both directions.',
  ticks: 14,
  begin: () => ({
    server(world, tick) {
      playerOf(world)
      if (tick === 6) sendMessage(world, Blob, { data: new Uint8Array(17_000).fill(5) }, { to: 'all' })
    },
    client(world, tick) {
      if (tick === 8) sendMessage(world, Blob, { data: new Uint8Array(17_000).fill(6) })
      if (tick === 10) sendMessage(world, Huge, { data: new Uint8Array(17_000).fill(7) })
    },
  }),
}

const authority: Play = {
  name: 'authority',
  story: 'A client writes a component of its ship; the server relays, and corrects.',
  ticks: 12,
  begin: () => ({
    server(world, tick) {
      const ship = playerOf(world)
      if (ship === 0 || tick !== 9) return
      Look.far[ship] = 0
      correct(world, ship, Look)
    },
    client(world, tick) {
      const ship = shipOf(world)
      if (ship === 0) return
      Look.yaw[ship] = tick / 10
      Look.at[ship] = ship
      Look.far[ship] = tick
    },
  }),
}

const resumption: Play = {
  name: 'resumption',
  story: 'The line breaks with calls under way on both sides; the session goes on over another.',
  ticks: 20,
  cutAt: 8,
  serving: { sessions: { resumeTime: 5000 } },
  begin: () => ({
    server(world, tick) {
      const ship = playerOf(world)
      if (ship === 0) return
      Position.x[ship] = tick
      if (tick >= 6 && tick < 9) sendTargetRpc(world, ship, Prize, { gold: tick })
    },
    client(world, tick) {
      const ship = shipOf(world)
      if (ship !== 0 && tick >= 6 && tick < 16) sendCommand(world, ship, Move, { dx: 1, step: tick })
    },
  }),
}

const farewell: Play = {
  name: 'farewell',
  story: 'The client takes no part for a while; the server announces its end, and sends the client away.',
  ticks: 15,
  begin: () => ({
    server(world, tick) {
      playerOf(world)
      if (tick === 11) void retire(world, { grace: 60_000, text: 'soon' })
      const [guest] = query(world, [Connection])
      if (tick === 13 && guest !== undefined) kick(world, guest, 'enough')
    },
    client(world, tick) {
      if (tick === 6 || tick === 8) setReady(world, tick === 8)
    },
  }),
}

const login: Play = {
  name: 'login',
  story: 'A client says who it is in a message before it is let in, and leaves in order.',
  ticks: 12,
  serving: { users: { authenticate: 'by-messages' } },
  begin: () => ({
    server: (world) => void playerOf(world),
    client(world, tick) {
      if (tick === 2) sendMessage(world, Login, { text: 'me' })
      if (tick === 9) void close(world, 'good night')
    },
  }),
}

export const plays: readonly Play[] = [entities, calls, requests, scenes, parts, authority, resumption, farewell, login]
