// Runs capture-the-flag in memory for tests: players join, get ready, run by command, or are placed somewhere.
import { hasComponent, query } from 'bitecs'
import { type ClientRpc, connectionOf, drain, entityOf, netIdOf, sendCommand, sendMessage } from 'bitecs-net'
import { isScene, type LoadedScene, type Scene, scenesOf } from 'bitecs-net/scenes'
import type { ClientWorld } from 'bitecs-net/client'
import { Connection, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import {
  Burst,
  Chat,
  Flag,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  Game,
  GetReady,
  Join,
  Match,
  MatchOver,
  Move,
  Position,
  protocol,
  Tagged,
  YouWereFrozen,
  YouWereTagged,
} from '../../../examples/capture-the-flag/protocol.js'
import { direction } from '../../../examples/capture-the-flag/rules.js'
import { setup, systems, tickRate } from '../../../examples/capture-the-flag/server.js'

/** Every message and RPC of the server. */
const HEARD = [
  Burst,
  Chat,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  MatchOver,
  Tagged,
  YouWereFrozen,
  YouWereTagged,
] as const

export class Arena {
  readonly network: TestNetwork
  private readonly ears: Ears = new Map()

  /** `capturesToWin`: default as in the game. */
  constructor(options: { capturesToWin?: number } = {}) {
    // Every client drains in every frame, as a game does; undrained calls would be dropped.
    const listen = (world: ClientWorld): void => {
      for (const definition of HEARD) listenTo(world, definition, this.ears)
    }
    this.network = createTestNetwork(protocol, {
      clients: 0,
      tickRate,
      serverSystems: systems,
      clientSystems: [listen],
    })
    setup(this.network.server, options)
  }

  /** Connects a player who joins the game. */
  join(name: string): Contestant {
    const client = this.network.connect()
    sendMessage(client.world, Join, { name })
    this.network.until(() => Connection.player[client.connection] !== 0)
    this.network.tick(2)
    return new Contestant(this.network, client, this.ears)
  }

  joinAll(...names: string[]): Contestant[] {
    return names.map((name) => this.join(name))
  }

  /** Connects players, and begins a match with all of them. */
  play(...names: string[]): Contestant[] {
    const players = this.joinAll(...names)
    this.begin(players)
    return players
  }

  /** Makes players ready, so that the match begins. */
  begin(players: readonly Contestant[]): void {
    for (const player of players) sendCommand(player.world, player.self, GetReady, { ready: true })
    this.network.until(() => players.every((player) => player.isIn(Match) && player.self !== 0))
    this.network.tick(2)
  }

  /** A team's flag in the server's world. */
  flag(team: 0 | 1): number {
    return query(this.network.server, [Flag]).find((flag) => Flag.team[flag] === team)!
  }

  /** The outcome of a request after about a second: its reply, or its error. */
  async answer<T>(requested: Promise<T>): Promise<T | Error> {
    const settled = requested.catch((error: Error) => error)
    this.network.tick(4)
    return await settled
  }

  get game(): number {
    return query(this.network.server, [Game])[0]!
  }

  seconds(count: number): void {
    this.network.tick(Math.round(count * tickRate))
  }
}

export class Contestant {
  constructor(
    private readonly network: TestNetwork,
    readonly client: TestClient,
    private readonly ears: Ears,
  ) {}

  get world(): ClientWorld {
    return this.client.world
  }

  /** The own player in the server's world, and in the client's. */
  get body(): number {
    return Connection.player[this.client.connection]!
  }

  get self(): number {
    return this.seen(this.body)
  }

  get number(): number {
    return Connection.id[this.client.connection]!
  }

  /** This client's copy of an entity of the server, or 0. */
  seen(entity: number): number {
    return entityOf(this.world, netIdOf(this.network.server, entity))
  }

  /** The one scene of this client. */
  get scene(): LoadedScene | undefined {
    return scenesOf(this.world)[0]
  }

  /** Whether this client has loaded a scene, and is ready. */
  isIn(scene: Scene): boolean {
    const isReady = hasComponent(this.world, connectionOf(this.world), Ready)
    return isReady && this.scene !== undefined && isScene(this.scene, scene)
  }

  put(x: number, y: number): void {
    Position.x[this.body] = x
    Position.y[this.body] = y
  }

  /** Runs by command, as a person would, until the player arrives. */
  runTo(x: number, y: number): void {
    const distance = (): number => Math.hypot(x - Position.x[this.body]!, y - Position.y[this.body]!)
    this.network.until(() => {
      if (distance() < 0.4) return true
      sendCommand(this.world, this.self, Move, direction(x - Position.x[this.body]!, y - Position.y[this.body]!))
      return false
    }, 400)
    sendCommand(this.world, this.self, Move, { x: 0, y: 0 })
    this.network.tick(2)
  }

  /** The calls that this client received since the last reading: arguments, and for an RPC its entity. */
  heard(definition: Heard): Told[] {
    return this.ears.get(this.world)?.get(definition)?.splice(0) ?? []
  }
}

type Heard = (typeof HEARD)[number]
export type Told = Readonly<Record<string, unknown>>
type Ears = Map<ClientWorld, Map<Heard, Told[]>>

function listenTo(world: ClientWorld, definition: Heard, ears: Ears): void {
  if (!ears.has(world)) ears.set(world, new Map())
  const own = ears.get(world)!
  if (!own.has(definition)) own.set(definition, [])
  const told = own.get(definition)!
  for (const { entity, args } of drainAny(world, definition)) {
    told.push(definition.kind === 'message' ? { ...args } : { entity, ...args })
  }
}

/** `drain` of a definition that is one of many. */
function drainAny(world: ClientWorld, definition: Heard): Iterable<{ readonly entity: number; readonly args: Told }> {
  return drain(world, definition as ClientRpc) as Iterable<{ readonly entity: number; readonly args: Told }>
}
