// A game of capture-the-flag in memory: players that join, run by command, or are put somewhere.
import { query } from 'bitecs'
import { type ClientRpc, drain, entityOf, netIdOf, sendCommand, sendMessage } from 'bitecs-net'
import type { ClientWorld } from 'bitecs-net/client'
import { Connection } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import {
  Burst,
  Chat,
  Flag,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  Join,
  Match,
  MatchOver,
  MatchStarted,
  Move,
  PlayerInfo,
  PlayerJoined,
  PlayerLeft,
  Position,
  protocol,
  Tagged,
  YouWereFrozen,
  YouWereTagged,
} from '../../../examples/capture-the-flag/protocol.js'
import { direction } from '../../../examples/capture-the-flag/rules.js'
import { setup, systems, tickRate } from '../../../examples/capture-the-flag/server.js'

/** Everything that the server tells. */
const HEARD = [
  Burst,
  Chat,
  FlagCaptured,
  FlagDropped,
  FlagReturned,
  FlagTaken,
  MatchOver,
  MatchStarted,
  PlayerInfo,
  PlayerJoined,
  PlayerLeft,
  Tagged,
  YouWereFrozen,
  YouWereTagged,
] as const

export class Arena {
  readonly network: TestNetwork
  private readonly ears: Ears = new Map()

  constructor() {
    // As a game does, every client drains in every frame: what is left lying is dropped after a while.
    const listen = (world: ClientWorld): void => {
      for (const definition of HEARD) listenTo(world, definition, this.ears)
    }
    this.network = createTestNetwork(protocol, {
      clients: 0,
      tickRate,
      serverSystems: systems,
      clientSystems: [listen],
    })
    setup(this.network.server)
  }

  /** Someone connects and asks to play. */
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

  /** A team's flag in the server's world. */
  flag(team: 0 | 1): number {
    return query(this.network.server, [Flag]).find((flag) => Flag.team[flag] === team)!
  }

  get match(): number {
    return query(this.network.server, [Match])[0]!
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

  put(x: number, y: number): void {
    Position.x[this.body] = x
    Position.y[this.body] = y
  }

  /** Runs by command, as a person would, until it is there. */
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

  /** What this client was told since it was last asked: arguments, and for an RPC the entity it was called on. */
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
