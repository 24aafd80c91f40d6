// Describes everything that the server's systems and verbs work on, as plain data.
import type { World } from 'bitecs'
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { BanList } from '../../connection/server/ban-list.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { PacketBuilder, Session } from '../../connection/session.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { BufferedCalls } from '../../remote/buffered-calls.js'
import type { CallFaults } from '../../remote/call-faults.js'
import type { InboundCalls } from '../../remote/inbound-calls.js'
import type { OpenRequests } from '../../remote/open-requests.js'
import type { OutgoingCalls } from '../../remote/outgoing-calls.js'
import type { ServerReplication } from '../../replication/server/server-replication.js'
import type { Transport } from '../../transport/transport.js'
import type { LocalClient } from '../host/local-client.js'
import type { Authentication } from './authenticator.js'
import type { Groups } from './connection-groups.js'
import type { GuardedChanges } from './guarded-changes.js'
import type { Retirement } from './retirement.js'
import type { ServerPeer } from './server-peer.js'
import type { ServerScenes } from './server-scenes.js'

/** Options that hold for the lifetime of the world. */
export interface ServerStateOptions {
  /** Ticks per second. */
  readonly tickRate: number
  /** Ticks after which undrained calls are dropped. */
  readonly undrainedTicks: number
  /** The clock, in milliseconds. */
  readonly now: () => number
}

/** Entities without an owner that end unless the game decides about them in time. */
export interface Graces {
  /** By entity: milliseconds that it outlives its owner's connection, 0 and Infinity included. */
  milliseconds: Float64Array
  /** By entity: when its grace ends. */
  readonly endsAt: Map<number, number>
  /** Tags entities in grace. bitECS removes the tag with the entity, so a reused id is not in grace. */
  readonly InGrace: object
}

/** The server's side of a world. Made by `createServerState`. */
export interface ServerState {
  readonly world: World
  readonly protocol: Protocol
  readonly options: ServerStateOptions
  /** Milliseconds per tick. */
  readonly tickMs: number
  /** Number of the tick that is running, or of the last one. */
  tick: number
  readonly counters: Counters
  readonly errors: ErrorLog
  /** Makes changes that run the game's observers. */
  readonly guarded: GuardedChanges
  /** Carries `Listening`, `Draining` and `Loading` of the server itself. */
  readonly networkEntity: number

  /** Sessions over the network, while the world listens. */
  sessions: ServerSessions | undefined
  /** The transport of these sessions. */
  transport: Transport | undefined
  /** In a host's world: its own client. */
  local: LocalClient | undefined
  /** Whether it has ever had sessions. */
  hasServed: boolean
  /** Cancels a `listen` that has not finished; resolves when it has been undone. */
  cancelListen: (() => Promise<void>) | undefined
  /** Closes every session, and shows that in the world. Resolves when the transports are closed. */
  close: (text: string) => Promise<void>
  /** Set while the server is about to close; see `retire`. */
  retirement: Retirement | undefined
  readonly bans: BanList
  /** Calls to the game's authenticator, if it has one. */
  authentication: Authentication | undefined
  /** Whether the protocol lists messages that clients send before they are authenticated. */
  readonly hasEarlyMessages: boolean
  /** Whether the first call or message that no client may send closes the connection. */
  closesUnknown: boolean
  /** Milliseconds without a tick of the client's game before its connection is marked Stalled. */
  stalledAfter: number
  /** The number that the next connection gets. */
  nextConnectionId: number

  /** Clients with Connected, in the order in which they connected. */
  readonly peers: ServerPeer[]
  readonly peerOfSession: Map<Session, ServerPeer>
  /** Clients with Connected, by connection entity. */
  readonly peerOfConnection: Map<number, ServerPeer>
  /** Clients with Authenticating, by connection entity. */
  readonly authenticating: Map<number, ServerPeer>
  /** Sessions whose hello was accepted since `updateConnections` last ran. */
  readonly greeting: Session[]
  /** Sessions that opened since `updateConnections` last ran. */
  readonly joining: Session[]
  /** Sessions that ended since `updateConnections` last ran. */
  readonly ending: Session[]
  /** Sessions that lost Connected since `endConnections` last ran. */
  readonly endedSessions: Session[]
  readonly groups: Groups
  readonly graces: Graces

  readonly replication: ServerReplication
  readonly scenes: ServerScenes
  /** Received calls and messages, until the game drains them. */
  readonly inbound: InboundCalls
  /** Calls and messages that the game made in this tick. */
  readonly outgoing: OutgoingCalls
  /**
   * By connections closed in this tick: how many of the tick's calls had been made by then. Later ones do not reach
   * it.
   */
  readonly callsBeforeEnd: Map<number, number>
  /** Client RPCs that later observers get too. */
  readonly buffered: BufferedCalls
  /** Requests of clients that the server has not answered. */
  readonly openRequests: OpenRequests
  /** Dropped calls, until they are reported. */
  readonly faults: CallFaults
  /** Fills the packets of one client after another. */
  readonly reliable: PacketBuilder
  readonly unreliable: PacketBuilder
}
