// Runs capture-the-flag in one of three modes, a host, a server with clients, or over WebRTC, and records the calls
// that clients receive.
import { hasComponent, query } from 'bitecs'
import {
  type ClientRpc,
  drain,
  entityOf,
  NetworkErrors,
  netIdOf,
  sendCommand,
  sendMessage,
  serverTick,
} from 'bitecs-net'
import { isScene, scenesOf } from 'bitecs-net/scenes'
import { Connection } from 'bitecs-net/components'
import type { ClientWorld } from 'bitecs-net/client'
import type { ServerWorld } from 'bitecs-net/server'
import { decide } from '../../../examples/capture-the-flag/bots/decide.js'
import { createMind, type Mind } from '../../../examples/capture-the-flag/bots/mind.js'
import * as game from '../../../examples/capture-the-flag/protocol.js'
import { setup, systems, tickRate } from '../../../examples/capture-the-flag/server.js'
import { type MakePeers, onSide, type Peers } from '../../support/peers.js'

const HEARD = {
  Burst: game.Burst,
  Tagged: game.Tagged,
  YouWereFrozen: game.YouWereFrozen,
  YouWereTagged: game.YouWereTagged,
  Chat: game.Chat,
  FlagTaken: game.FlagTaken,
  FlagDropped: game.FlagDropped,
  FlagReturned: game.FlagReturned,
  FlagCaptured: game.FlagCaptured,
  MatchOver: game.MatchOver,
}
type HeardName = keyof typeof HEARD

/** The calls that one client received, by definition, in words that are the same on every side. */
export type Told = Record<HeardName, string[]>

export interface Match {
  readonly peers: Peers
  readonly told: readonly Told[]
  /** Everyone's player in the server's world. */
  readonly bodies: readonly number[]
}

/** A match of so many joined players. */
export async function beginMatch(make: MakePeers, count: number, capturesToWin = 3): Promise<Match> {
  const logs = new Map<ClientWorld, Told>()
  const peers = await make(game.protocol, count, {
    tickRate,
    serverSystems: systems,
    clientSystems: [(world) => listen(world, logs)],
  })
  // The game exists before a player joins, as on a server that has just started.
  onSide(peers.server, 'server', () => setup(peers.server, { capturesToWin }))
  const bodies: number[] = []
  for (const [i, { world, connection }] of peers.clients.entries()) {
    sendMessage(world, game.Join, { name: `Player ${i}` })
    await peers.until(`player ${i} is there`, () => Connection.player[connection] !== 0)
    bodies.push(Connection.player[connection]!)
  }
  const seesAll = ({ world }: { world: ClientWorld }): boolean =>
    bodies.every((body) => copyOf(world, peers.server, body) !== 0)
  await peers.until('everyone sees everyone', () => peers.clients.every(seesAll))
  peers.clients.forEach(({ world }, i) =>
    sendCommand(world, copyOf(world, peers.server, bodies[i]!), game.GetReady, { ready: true }),
  )
  const isOnField = (peer: { world: ClientWorld }): boolean =>
    scenesOf(peer.world).some((one) => isScene(one, game.Match)) && query(peer.world, [game.Flag]).length === 2
  await peers.until('everyone is on the field', () => peers.clients.every((peer) => isOnField(peer) && seesAll(peer)))
  await peers.settle(3)
  return { peers, told: peers.clients.map(({ world }) => logs.get(world)!), bodies }
}

/** Plays every client as a bot, seeded by its number. Returns the states of the server's world. */
export async function playBots({ peers, bodies }: Match, ticks: number): Promise<string[]> {
  const { server, clients } = peers
  const minds: Mind[] = bodies.map((_, i) => createMind(i, 'fighters'))
  const trace: string[] = []
  for (let tick = 0; tick < ticks; tick++) {
    clients.forEach(({ world }, i) => command(server, world, bodies[i]!, minds[i]!))
    await peers.settle(1)
    trace.push(bodies.map((body) => `${game.Position.x[body]},${game.Position.y[body]}`).join(' '))
  }
  return trace
}

/**
 * One player takes the flag, is stopped by a snowball, and brings the flag home, until the match is won. Each step
 * waits for its effect, so that delays do not matter.
 */
export async function playScript({ peers, bodies, told }: Match): Promise<void> {
  const { server, clients } = peers
  const [ada, bob] = bodies as [number, number]
  for (let captures = 1; captures <= 3; captures++) {
    await run(peers, 0, ada, [24, 8.5], [36, 12], [43, 13.5])
    await peers.until('the flag is taken', () => flags(server).includes(ada))
    await run(peers, 1, bob, [38, 13.5])
    await run(peers, 0, ada, [36, 12])
    const { world } = clients[1]!
    const aim = { x: game.Position.x[ada]! - game.Position.x[bob]!, y: game.Position.y[ada]! - game.Position.y[bob]! }
    const length = Math.hypot(aim.x, aim.y)
    sendCommand(world, copyOf(world, server, bob), game.Throw, { x: aim.x / length, y: aim.y / length })
    await peers.until('she is frozen', () => hasComponent(server, ada, game.Frozen))
    await peers.until('she thaws', () => !hasComponent(server, ada, game.Frozen))
    await run(peers, 0, ada, [24, 8.5], [5, 13.5])
    await peers.until('it is captured', () => game.Player.captures[ada] === captures)
  }
  // Values and calls arrive in different packets.
  const wanted = JSON.stringify(scoreOf(server))
  await peers.until('everyone has seen and heard that the match is over', () =>
    clients.every(({ world }, i) => JSON.stringify(scoreOf(world)) === wanted && told[i]!.MatchOver.length === 1),
  )
}

/** The score of the match and the captures of each player, as a client sees them. */
export function scoreOf(world: ClientWorld | ServerWorld): unknown {
  const [it] = query(world, [game.Game])
  if (it === undefined) return undefined
  const players = [...query(world, [game.Player])].map((eid) => [
    game.Player.id[eid],
    game.Player.team[eid],
    game.Player.captures[eid],
    game.Player.coins[eid],
  ])
  return {
    score: [game.Game.blue[it], game.Game.orange[it]],
    people: [...game.Game.people[it]!],
    players: players.toSorted((a, b) => a[0]! - b[0]!),
  }
}

/** The errors of all sides. */
export function errorsOf({ peers }: Match): string[] {
  const worlds = new Set([peers.server, ...peers.clients.map(({ world }) => world)])
  return [...worlds].flatMap((world) =>
    Array.from(drain(world, NetworkErrors), ({ code, message }) => `${code}: ${message}`),
  )
}

function command(server: ServerWorld, world: ClientWorld, body: number, mind: Mind): void {
  if (hasComponent(server, body, game.Frozen)) return
  // Decided by the server's state, so that it does not depend on the client's delay.
  const { move, throwAt, tag } = decide(server as unknown as ClientWorld, body, mind)
  const self = copyOf(world, server, body)
  sendCommand(world, self, game.Move, move)
  if (throwAt !== undefined) sendCommand(world, self, game.Throw, throwAt)
  if (tag !== 0) sendCommand(world, self, game.Tag, { victim: copyOf(world, server, tag) })
}

async function run(peers: Peers, client: number, body: number, ...way: [number, number][]): Promise<void> {
  const { server, clients } = peers
  const { world } = clients[client]!
  const move = (x: number, y: number): void => sendCommand(world, copyOf(world, server, body), game.Move, { x, y })
  for (const [x, y] of way) {
    // Not in every tick: ticks run faster than in a game, and the rate limit of Move uses real time.
    let sentAt = -Infinity
    await peers.until(`player ${client} is at ${x}, ${y}`, () => {
      const dx = x - game.Position.x[body]!
      const dy = y - game.Position.y[body]!
      const distance = Math.hypot(dx, dy)
      if (distance < 1.2) return true
      if (serverTick(server) - sentAt >= 6) {
        sentAt = serverTick(server)
        move(dx / distance, dy / distance)
      }
      return false
    })
  }
  for (let i = 0; i < 3; i++) {
    move(0, 0)
    await peers.settle(2)
  }
}

/** Who carries the flags. */
function flags(server: ServerWorld): number[] {
  return [...query(server, [game.Flag])].map((flag) => game.Flag.carrier[flag]!)
}

function copyOf(world: ClientWorld, server: ServerWorld, eid: number): number {
  return entityOf(world, netIdOf(server, eid))
}

function listen(world: ClientWorld, logs: Map<ClientWorld, Told>): void {
  if (!logs.has(world)) {
    logs.set(world, Object.fromEntries(Object.keys(HEARD).map((name) => [name, [] as string[]])) as unknown as Told)
  }
  const told = logs.get(world)!
  for (const [name, definition] of Object.entries(HEARD)) {
    for (const { entity, args } of drain(world, definition as unknown as ClientRpc) as Iterable<Drained>) {
      told[name as HeardName].push(`${nameOf(world, entity)} ${describe(world, args)}`.trim())
    }
  }
}

interface Drained {
  readonly entity: number
  readonly args: Readonly<Record<string, unknown>>
}

/** An entity in words: the player of a client, or a client's ball. */
function nameOf(world: ClientWorld, entity: number | undefined): string {
  if (entity === undefined || entity === 0) return ''
  if (hasComponent(world, entity, game.Player)) return `player ${game.Player.id[entity]}`
  return `ball of team ${game.Ball.team[entity]}`
}

function describe(world: ClientWorld, args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([key, value]) => `${key}=${key === 'by' ? nameOf(world, value as number) : String(value)}`)
    .join(' ')
}
