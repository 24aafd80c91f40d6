// Capture-the-flag on a network that is not kind: bots play, everyone counts aloud, and in the end every client must
// have exactly what the server shows it.
import { hasComponent, query } from 'bitecs'
import {
  added,
  type ClientWorld,
  connectionOf,
  defineMessage,
  defineProtocol,
  drain,
  netIdOf,
  NetworkErrors,
  removed,
  sendCommand,
  sendMessage,
  type ServerWorld,
  u32,
} from 'bitecs-net'
import { isScene, scenesOf } from 'bitecs-net/scenes'
import { Connected, Connection, Interrupted, Networked, Ready } from 'bitecs-net/components'
import type { System } from 'bitecs-net/systems'
import { createBot } from '../../examples/capture-the-flag/bots.js'
import * as game from '../../examples/capture-the-flag/protocol.js'
import { setup, systems } from '../../examples/capture-the-flag/server.js'

/** Said both ways, reliably, again and again: 0, 1, 2, … */
const Count = defineMessage({ n: u32 })

const { components, prefabs, scenes, remote, messages } = game.protocol
export const protocol = defineProtocol({ components, prefabs, scenes, remote, messages: { ...messages, Count } })

/** More captures than bots manage: the match goes on. */
const ENDLESS = 200
/** Ticks between two numbers. */
const COUNT_EVERY = 3

/** Who counts with one other side, within one session. */
interface Counting {
  said: number
  heard: number
}

/** What one client went through. */
export interface Player {
  readonly world: ClientWorld
  /** Sessions that it has had, and how often its line broke within them. */
  sessions: number
  interruptions: number
  counting: Counting
  steps: number
}

/** A server, its bots, and what went wrong. */
export class RoughGame {
  readonly players: Player[] = []
  /** Numbers that came twice, too early, or not at all. */
  readonly faults: string[] = []
  /** All play and counting has stopped, and the server's state does not change. */
  private isQuiet = false
  private server!: ServerWorld
  private readonly countings = new Map<number, Counting>()
  /** Why sessions of the server have ended. */
  private readonly ends: string[] = []
  private ticks = 0

  /** Begins the game in a server's world; run it with {@link serverSystems}. */
  begin(server: ServerWorld): void {
    this.server = server
    setup(server, { capturesToWin: ENDLESS })
  }

  readonly serverSystems: System<ServerWorld>[] = [
    ...systems.map((system) => (world: ServerWorld) => void (this.isQuiet || system(world))),
    (world: ServerWorld) => this.countOnServer(world),
  ]

  /** The systems of a new player's world. */
  addPlayer(world: ClientWorld): System<ClientWorld>[] {
    const player: Player = { world, sessions: 0, interruptions: 0, counting: { said: 0, heard: 0 }, steps: 0 }
    const index = this.players.push(player) - 1
    const bot = createBot(world, index)
    return [
      ...bot.map((system) => (of: ClientWorld) => void (this.isQuiet || system(of))),
      () => this.countOnClient(player, index),
    ]
  }

  /** From now on nothing changes any more. */
  quieten(): void {
    this.isQuiet = true
  }

  /** Whether a player is on the field, as it sees it itself. */
  isInMatch({ world }: Player): boolean {
    const connection = connectionOf(world)
    const inMatch = scenesOf(world).some((scene) => isScene(scene, game.Match))
    return inMatch && hasComponent(world, connection, Ready) && Connection.player[connection] !== 0
  }

  /** What keeps the game from being settled: numbers under way, state that differs. Empty when all is well. */
  differences(): string[] {
    const wanted = snapshot(this.server)
    const found: string[] = []
    for (const [i, { world, counting }] of this.players.entries()) {
      const connection = connectionIn(this.server, world)
      // One that came back when nobody counted any more has said nothing.
      const other = this.countings.get(connection) ?? { said: 0, heard: 0 }
      if (connection === 0) found.push(`client ${i} is not connected: ${this.stateOf(world)}`)
      else if (other.heard !== counting.said || other.said !== counting.heard) {
        found.push(`client ${i} said ${counting.said}, heard ${counting.heard}; server ${other.said}, ${other.heard}`)
      }
      const got = snapshot(world)
      for (const netId of new Set([...wanted.keys(), ...got.keys()])) {
        if (!isSame(wanted.get(netId), got.get(netId))) {
          found.push(`client ${i}, entity ${netId}: ${toText(got.get(netId))} for ${toText(wanted.get(netId))}`)
        }
      }
    }
    return found
  }

  /** How a client's session stands, in words: as it sees it itself, and how sessions of the server have ended. */
  private stateOf(world: ClientWorld): string {
    const connection = connectionOf(world)
    const shown = [Connected, Interrupted, Ready].map((tag) => hasComponent(world, connection, tag)).join()
    return `${shown} ${Connection.reason[connection]?.text ?? ''}; the server's ends: ${this.ends.join('; ')}`
  }

  /** Whose names the server shows, and who has a player: the numbers of their connections. */
  peopleAndPlayers(): { people: Set<number>; players: Set<number> } {
    const [it] = query(this.server, [game.Game])
    const people = new Set(game.Game.people[it!]!.keys())
    return { people, players: new Set([...query(this.server, [game.Player])].map((eid) => game.Player.id[eid]!)) }
  }

  /** Everything that went wrong on any side, by code. */
  errors(): string[] {
    const worlds = [this.server, ...this.players.map(({ world }) => world)]
    return worlds.flatMap((world) =>
      Array.from(drain(world, NetworkErrors), ({ code, message }) => `${code}: ${message}`),
    )
  }

  private countOnServer(world: ServerWorld): void {
    for (const { entity } of drain(world, removed(Connected))) {
      this.countings.delete(entity)
      this.ends.push(`${Connection.id[entity]}: ${Connection.reason[entity]?.code} ${Connection.reason[entity]?.text}`)
    }
    for (const { sender, args } of drain(world, Count)) {
      let counting = this.countings.get(sender)
      if (counting === undefined) this.countings.set(sender, (counting = { said: 0, heard: 0 }))
      this.hear(`server of ${Connection.id[sender]}`, counting, args.n)
    }
    if (this.isQuiet || ++this.ticks % COUNT_EVERY !== 0) return
    for (const [connection, counting] of this.countings) {
      if (!hasComponent(world, connection, Connected)) continue
      sendMessage(world, Count, { n: counting.said++ }, { to: connection })
    }
  }

  private countOnClient(player: Player, index: number): void {
    const { world } = player
    for (const _ of drain(world, added(Connected))) {
      player.sessions++
      player.counting = { said: 0, heard: 0 }
    }
    for (const _ of drain(world, added(Interrupted))) player.interruptions++
    for (const { args } of drain(world, Count)) this.hear(`client ${index}`, player.counting, args.n)
    if (this.isQuiet || ++player.steps % COUNT_EVERY !== 0) return
    if (this.isInMatch(player)) sendMessage(world, Count, { n: player.counting.said++ })
    // One of them is never content with the lobby; the others follow it.
    else if (index === 0 && scenesOf(world).some((scene) => isScene(scene, game.Lobby))) {
      const me = Connection.player[connectionOf(world)]!
      if (me !== 0 && game.Player.ready[me] === 0) sendCommand(world, me, game.GetReady, { ready: true })
    }
  }

  private hear(who: string, counting: Counting, n: number): void {
    if (n !== counting.heard) this.faults.push(`${who} heard ${n} for ${counting.heard}`)
    counting.heard = n + 1
  }
}

/** The server's connection entity of a client, or 0. */
export function connectionIn(server: ServerWorld, world: ClientWorld): number {
  const id = Connection.id[connectionOf(world)]
  return query(server, [Connected]).find((connection) => Connection.id[connection] === id) ?? 0
}

type Value = number | string | boolean
type Described = Readonly<Record<string, Value>>

/** Every networked entity of a world, by net id, in terms that are the same on every side. */
function snapshot(world: ServerWorld | ClientWorld): Map<number, Described> {
  const described = new Map<number, Described>()
  for (const eid of query(world, [Networked])) described.set(netIdOf(world, eid), describe(world, eid))
  return described
}

function describe(world: ServerWorld | ClientWorld, eid: number): Described {
  const values: Record<string, Value> = {}
  for (const [name, { store, fields }] of Object.entries(protocol.components)) {
    if (!hasComponent(world, eid, store)) continue
    values[name] = true
    for (const { name: field } of fields) {
      const value = (store as Record<string, ArrayLike<unknown>>)[field]![eid]
      values[`${name}.${field}`] = inCommonTerms(world, `${name}.${field}`, value)
    }
  }
  return values
}

function inCommonTerms(world: ServerWorld | ClientWorld, path: string, value: unknown): Value {
  if (path === 'Flag.carrier') return value === 0 ? 0 : netIdOf(world, value as number)
  if (path === 'Game.people')
    return JSON.stringify([...(value as Iterable<[number, object]>)].sort(([a], [b]) => a - b))
  return value as Value
}

/** What is quantized to a hundredth may differ by half of that. */
function isSame(a: Described | undefined, b: Described | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => {
    const [left, right] = [a[key], b[key]]
    if (typeof left === 'number' && typeof right === 'number') return Math.abs(left - right) < 0.0051
    return left === right
  })
}

const toText = (described: Described | undefined): string => (described ? JSON.stringify(described) : 'nothing')
