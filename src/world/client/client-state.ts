// Describes everything that the client's systems and verbs work on, as plain data.
import { hasComponent, type World } from 'bitecs'
import { Connected } from '../../../components/connection.js'
import type { ClientSession } from '../../connection/client/client-session.js'
import type { PacketQueue } from '../../connection/client/packet-queue.js'
import type { CloseReason } from '../../connection/close-reason.js'
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { PacketBuilder } from '../../connection/session.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { CallEntities } from '../../remote/call-entities.js'
import type { CallFaults } from '../../remote/call-faults.js'
import type { InboundCalls } from '../../remote/inbound-calls.js'
import type { IncomingParts, OutgoingParts } from '../../remote/message-parts.js'
import type { OpenRequests } from '../../remote/open-requests.js'
import type { OutgoingCalls } from '../../remote/outgoing-calls.js'
import type { PendingRequests } from '../../remote/pending-requests.js'
import type { ClientReplication } from '../../replication/client/client-replication.js'
import type { HostEntities } from '../../replication/client/host-entities.js'
import type { Transport } from '../../transport/transport.js'
import type { LinkTag } from '../link-tags.js'
import type { ClientScenes } from './client-scenes.js'
import type { PacketReading } from './packet-reading.js'
import type { Reconnection } from './reconnection.js'

/** Options that hold for the lifetime of the world. */
export interface ClientStateOptions {
  /** Interpolation delay in server ticks. */
  readonly interpolationDelay: number
  /** Frames after which undrained calls are dropped. */
  readonly undrainedTicks: number
  /** Limit for the bytes of reliable packets that wait while a scene is loaded. */
  readonly maxWaitingBytes: number
  /** The clock, in milliseconds. */
  readonly now: () => number
  /**
   * In a host's world: the server's entities. The server keeps the state, the connection entity and its tags there, so
   * this client applies none of them.
   */
  readonly hostEntities?: HostEntities
  /** In a host's world: the server's tick. */
  readonly hostTick?: () => number
}

/** The client's side of a world. Made by `createClientState`. */
export interface ClientState {
  readonly world: World
  readonly protocol: Protocol
  readonly options: ClientStateOptions
  /** Whether this is the own client of a server in the same world. */
  readonly isLocal: boolean
  /** The one connection entity of this world. */
  readonly connection: number
  /** Number of times that the receiving systems ran. */
  frame: number
  /** When they last ran. */
  lastFrameAt: number
  readonly counters: Counters
  readonly errors: ErrorLog

  /** The session, from its start until its end is shown. */
  session: ClientSession | undefined
  transport: Transport | undefined
  /** Tries to resume an interrupted session, if the client wants that. */
  reconnection: Reconnection | undefined
  /** Aborts an attempt to connect that has not finished. */
  pendingConnect: AbortController | undefined
  /** Whether the protocol lists messages that clients send before they are authenticated. */
  readonly hasEarlyMessages: boolean
  /** Milliseconds without a tick of the server before the connection is marked Stalled. */
  stalledAfter: number
  /** Whether `Connected` has been added for this session. */
  wasOpened: boolean
  /** The tag on the connection entity that describes its link, if any. */
  linkTag: LinkTag | undefined
  /** Called when the session continues over another transport. */
  onMoved: () => void
  /** Called when the session has ended. */
  onEnded: (reason: CloseReason | undefined) => void

  /** Whether the client reports itself as ready as soon as the session opens. */
  autoReady: boolean
  /** Readiness that the next packet reports to the server, if any. */
  readyToSend: boolean | undefined
  /** Readiness that was last sent to the server. */
  isReady: boolean

  /** Received data packets that have not been applied, by channel. */
  readonly received: readonly [PacketQueue, PacketQueue]
  readonly reading: PacketReading
  /** Whether received packets are being applied. A session that an observer ends meanwhile ends after them. */
  applying: boolean
  endRequested: boolean

  /** In a host's world it belongs to a separate world without entities. */
  readonly replication: ClientReplication
  /** Maps net ids to entities of this world. */
  readonly entities: CallEntities
  readonly scenes: ClientScenes
  /** Received calls and messages, until the game drains them. */
  readonly inbound: InboundCalls
  /** Parts of large messages that the server sends. */
  readonly incomingParts: IncomingParts
  /** Calls and messages that the game made in this frame. */
  readonly outgoing: OutgoingCalls
  /** Large messages that are sent in parts. */
  readonly outgoingParts: OutgoingParts
  /** Requests of the server that this client has not answered. */
  readonly openRequests: OpenRequests
  /** Requests of this client that the server has not answered. */
  readonly pendingRequests: PendingRequests
  /** Dropped calls, until they are reported. */
  readonly faults: CallFaults
  /** Fill the packets of each frame. */
  readonly reliable: PacketBuilder
  readonly unreliable: PacketBuilder
}

/** Whether the session is open. */
export function isOpen(client: ClientState): boolean {
  return client.session?.state === 'open'
}

/** Whether the world shows an open session: `Connected` is on the connection entity. */
export function isShownOpen({ world, connection, isLocal, wasOpened }: ClientState): boolean {
  return isLocal ? hasComponent(world, connection, Connected) : wasOpened
}

/** Whether the hello was sent, so that early messages can follow it. */
export function hasGreeted(client: ClientState): boolean {
  const session = client.session?.session
  return session !== undefined && session.state !== 'closed'
}

/** The newest server tick that this client knows. */
export function serverTick({ options, session }: ClientState): number {
  return options.hostTick?.() ?? session?.clock.latest ?? 0
}
