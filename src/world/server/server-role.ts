// The server's role of a world: everything the server's systems and verbs work on, and how sessions become entities.
import { addComponent, addEntity, hasComponent, observe, onRemove, removeComponent, type World } from 'bitecs'
import {
  Authenticating,
  Connected,
  Connection,
  Interrupted,
  Listening,
  Loading,
  Ready,
  Stalled,
} from '../../../components/connection.js'
import { BanList } from '../../connection/server/ban-list.js'
import { type Counters, createCounters } from '../../connection/counters.js'
import { ErrorLog } from '../../connection/error-log.js'
import { ServerSessions } from '../../connection/server/server-sessions.js'
import { PacketBuilder, type Session } from '../../connection/session.js'
import { isEarly } from '../../protocol/definitions.js'
import { UsageError } from '../../protocol/errors.js'
import type { Protocol } from '../../protocol/protocol.js'
import { BufferedCalls } from '../../remote/buffered-calls.js'
import { CallFaults } from '../../remote/call-faults.js'
import { InboundCalls } from '../../remote/inbound-calls.js'
import { OpenRequests } from '../../remote/open-requests.js'
import { OutgoingCalls } from '../../remote/outgoing-calls.js'
import { PendingRequests } from '../../remote/pending-requests.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import { ServerReplication } from '../../replication/server/server-replication.js'
import { Channel, type Transport } from '../../transport/transport.js'
import { Authentication, checkAuthentication } from './authentication.js'
import { endEntity, moveOwner, removeWholly } from './entity-steps.js'
import { resetConnection } from '../connection-entity.js'
import { useBudgets } from './budget-options.js'
import { followBuffered } from './buffered-names.js'
import { LeftBehind } from './left-behind.js'
import { checkOneOf } from '../check-options.js'
import { Groups } from './connection-groups.js'
import { followSession } from './follow-session.js'
import { GuardedChanges } from './guarded-changes.js'
import { DEFAULT_STALLED_MS } from '../link-tags.js'
import type { LocalClient } from '../host/local-client.js'
import { ServerInbound } from './server-inbound.js'
import { endRetirement, type Retirement } from './retirement.js'
import { checkUsers, DEFAULT_MAX_CONNECTIONS, type ServeOptions, sessionLimits } from './serve-options.js'
import { receiveFrom } from './receive-from.js'
import { ServerPeer } from './server-peer.js'
import { DEFAULT_SCENE_TIMEOUT, ServerScenes } from './server-scenes.js'

export interface ServerRoleOptions {
  /** Ticks per second. */
  tickRate: number
  /** Ticks after which calls that nobody drained are dropped. */
  undrainedTicks: number
  /** Milliseconds; default `performance.now`. */
  now: () => number
}

export class ServerRole {
  readonly counters: Counters = createCounters()
  readonly errors = new ErrorLog()
  private readonly changes = new GuardedChanges(this.counters, this.errors)
  readonly bans: BanList
  readonly replication: ServerReplication
  readonly faults: CallFaults
  readonly inbound: InboundCalls
  readonly outgoing: OutgoingCalls
  /** Requests of clients that wait for the server's answer. */
  readonly openRequests: OpenRequests
  readonly reliable = new PacketBuilder(Channel.Reliable)
  readonly unreliable = new PacketBuilder(Channel.Unreliable)
  readonly peers: ServerPeer[] = []
  private readonly peerOfSession = new Map<Session, ServerPeer>()
  readonly peerOfConnection = new Map<number, ServerPeer>()
  /** Clients that are being authenticated and have an entity, by that: only where the protocol lists messages for them. */
  readonly authenticating = new Map<number, ServerPeer>()
  private readonly hasEarlyMessages: boolean
  private authentication: Authentication | undefined
  /** Over the network, while the world listens. */
  sessions: ServerSessions | undefined
  transport: Transport | undefined
  /** In a host's world: the client that it has itself. */
  local: LocalClient | undefined
  tick = 0
  closesUnknown = false
  /** Milliseconds without a tick after which a client's game stands still. */
  stalledAfter = DEFAULT_STALLED_MS
  /** It has served before. */
  hasServed = false
  /** By connections closed in this tick: how many of the tick's calls had been made by then. Those after cannot reach them. */
  readonly callsBeforeEnd = new Map<number, number>()
  private nextConnectionId = 1
  /** Sends the calls of this tick over a session that is about to end. Set where the world is made. */
  sendLastCalls: (session: Session) => void = () => {}
  losesScenes: (peer: ServerPeer) => void = () => {}
  /** Ends a `listen` that is under way; resolves when nothing of it is left. */
  cancelListen: (() => Promise<void>) | undefined
  /** The entity that stands for the network: it carries `Listening`. */
  readonly networkEntity: number
  /** Set while it is about to close; see `retire`. */
  retirement: Retirement | undefined
  readonly leftBehind: LeftBehind
  readonly groups = new Groups()
  readonly buffered = new BufferedCalls()
  readonly scenes: ServerScenes
  private readonly handler: ServerInbound
  /** Sessions that said hello, opened or ended since `updateConnections` last ran. */
  private readonly greeting: Session[] = []
  private readonly joining: Session[] = []
  private readonly ending: Session[] = []
  /** Connection entities that are gone but for what their last tick needs. */
  private readonly retiring: Session[] = []

  constructor(
    readonly world: World,
    readonly protocol: Protocol,
    readonly options: ServerRoleOptions,
  ) {
    this.replication = new ServerReplication(world, protocol, this.counters, this.errors)
    this.replication.tickSeconds = 1 / options.tickRate
    const { entities } = this.replication
    this.outgoing = new OutgoingCalls(entities, true)
    this.openRequests = new OpenRequests('server', protocol, this.outgoing)
    this.faults = new CallFaults(protocol, this.counters, this.errors, options.now)
    const { counters, errors, faults } = this
    this.inbound = new InboundCalls(protocol, entities, this.openRequests, counters, errors, faults, 'server')
    this.handler = new ServerInbound(this)
    this.bans = new BanList(options.now)
    this.replication.onEnded = (slot) => this.buffered.free(slot)
    followBuffered(protocol, this.buffered, this.replication.references)
    this.hasEarlyMessages = protocol.definitions.some(isEarly)
    this.leftBehind = new LeftBehind(world, this.replication.entities, options.now, {
      release: (eid) => this.setOwner(eid, 0),
      despawn: (eid) => this.despawn(eid),
      isOfScenes: (eid) => this.replication.origins.sceneKeyOf(eid) !== '',
    })
    this.networkEntity = addEntity(world)
    this.scenes = new ServerScenes(this)
    observe(world, onRemove(Connection), (eid: number) => this.connectionRemoved(eid))
    heldIdsOf(world)
  }

  get tickMs(): number {
    return 1000 / this.options.tickRate
  }

  peerOf(session: Session): ServerPeer | undefined {
    return this.peerOfSession.get(session)
  }

  /** The session of a connection, one that has just ended included. */
  sessionOf(connection: number): Session | undefined {
    const peer = this.peerOfConnection.get(connection) ?? this.authenticating.get(connection)
    return peer?.session ?? this.retiring.find(({ entity }) => entity === connection)
  }

  /** Whether it listens, or its own client plays. */
  get isServing(): boolean {
    return this.sessions !== undefined || this.local?.sessions !== undefined
  }

  /** The sessions that one belongs to: those over the network, or the one of the own client. */
  sessionsOf(session: Session): ServerSessions | undefined {
    const local = this.local?.sessions
    return local !== undefined && session.transport === local.transport ? local : this.sessions
  }

  /** Whether a connection has just ended: its entity, and what it leaves behind, go at the end of this tick. */
  isLeaving(connection: number): boolean {
    if (!hasComponent(this.world, connection, Connection) || !Connection.id[connection]) return false
    return !this.peerOfConnection.has(connection) && !this.authenticating.has(connection)
  }

  /** Whether this peer is the host's own client. */
  isLocal({ session }: ServerPeer): boolean {
    return this.local !== undefined && session.entity === this.local.connection
  }

  /** Begins to serve over a transport. */
  start(transport: Transport, options: ServeOptions): void {
    this.scenes.timeout = options.sceneTimeout ?? DEFAULT_SCENE_TIMEOUT
    const { authenticate, authenticationTimeout, maxConnections = DEFAULT_MAX_CONNECTIONS } = options
    checkAuthentication(authenticate, authenticationTimeout, this.protocol)
    checkUsers(options)
    useBudgets(this.replication, options)
    checkOneOf('unknownCalls', options.unknownCalls, ['count', 'close'])
    this.closesUnknown = options.unknownCalls === 'close'
    this.stalledAfter = options.stalledAfter ?? DEFAULT_STALLED_MS
    this.authentication =
      typeof authenticate === 'function' ? new Authentication(this, authenticate, maxConnections) : undefined
    this.transport = transport
    this.sessions = this.open(transport, options)
  }

  /** @throws UsageError when the last session of the host's own client has not ended, or its entity is gone. */
  requireLocalEnded({ connection }: LocalClient): void {
    if (this.peerOfConnection.has(connection) || this.retiring.some(({ entity }) => entity === connection)) {
      const text = 'the last session of this client has not ended: begin once the tick is over that removed Connected'
      throw new UsageError('busy', text)
    }
    if (hasComponent(this.world, connection, Connection)) return
    throw new UsageError('connection-removed', "the game removed the host's own connection entity; make another world")
  }

  /**
   * Begins to serve the host's own client. Nothing can be lost between the two, and a page that sleeps stops both, so the
   * session never times out.
   */
  startLocal(local: LocalClient, transport: Transport): void {
    local.sessions?.closeAll('client-closed', 'a new session took its place')
    void local.sessions?.transport.close()
    local.sessions = this.open(transport, { timeout: Infinity, handshakeTimeout: Infinity, maxConnections: 1 })
  }

  private open(transport: Transport, options: ServeOptions): ServerSessions {
    const { authenticate } = options
    this.hasServed = true
    const sessions = new ServerSessions(
      transport,
      {
        protocol: this.protocol,
        now: this.options.now,
        ...sessionLimits(options),
        bans: this.bans,
        ticksPerSecond: this.options.tickRate,
        takeConnectionId: () => this.nextConnectionId++,
      },
      {
        greeted: authenticate === undefined ? undefined : (session, token) => this.greeted(session, token),
        opened: (session) => this.opened(session),
        closing: (session) => this.sendLastCalls(session),
        closed: (session) => this.closed(session),
        data: (session, channel, header, reader) => this.handler.read(session, channel, header, reader),
      },
      this.counters,
      this.errors,
    )
    addComponent(this.world, this.networkEntity, Listening)
    return sessions
  }

  /** Takes in what arrived, from the network and from the host's own client. */
  receive(): void {
    this.tick++
    if (this.transport?.hasEnded) void this.stopListening('server-stopped', 'the HTTP server was closed')
    receiveFrom(this.local?.sessions, this.tick)
    receiveFrom(this.sessions, this.tick, this.authentication)
  }

  /** Ends every connection with a reason, and frees the transports; or ends a `listen` that is under way. */
  async stop(code: string, text: string): Promise<void> {
    const { local } = this
    const own = local?.sessions
    if (local !== undefined) local.sessions = undefined
    own?.closeAll(code, text)
    await Promise.all([this.stopListening(code, text), own?.transport.close()])
  }

  /** Ends the connections over the network; the host's own client plays on. */
  private async stopListening(code: string, text: string): Promise<void> {
    const { sessions, transport } = this
    const cancelled = this.cancelListen?.()
    this.sessions = undefined
    this.transport = undefined
    endRetirement(this)
    sessions?.closeAll(code, text)
    this.authentication = undefined
    if (!this.isServing) this.endService()
    await Promise.all([transport?.close(), cancelled])
  }

  /** Shows the end of every connection, and that there will be no other. */
  private endService(): void {
    if (!hasComponent(this.world, this.networkEntity, Listening)) return
    // Before their senders end, since dropping them is no fault of these.
    this.inbound.clear()
    this.updateConnections()
    this.changes.endEntities(() => {
      this.retireConnections()
      this.leftBehind.endAll()
    })
    this.outgoing.clear()
    removeComponent(this.world, this.networkEntity, Listening)
  }

  /** Settles the server's own requests: with the answers that arrived, or for want of one. */
  settleRequests(): void {
    const now = this.options.now()
    for (let i = 0; i < this.peers.length; i++) this.peers[i]!.requests.settle(now)
  }

  /** Turns what happened to sessions into entities and components. */
  updateConnections(): void {
    // An observer may close a connection while these lists are walked; what it adds is dealt with in the same walk.
    // Who makes place for another is gone before that one is there.
    while (this.ending.length > 0) this.endConnection(this.ending.shift()!)
    while (this.greeting.length > 0) this.showAuthenticating(this.greeting.shift()!)
    while (this.joining.length > 0) this.addConnection(this.joining.shift()!)
    while (this.ending.length > 0) this.endConnection(this.ending.shift()!)
    for (const peer of this.peers) followSession(this, peer)
  }

  /**
   * Ends what a leaving client leaves behind: a tick after `Connected` was removed, so that the systems of that tick
   * still find its entities and its connection. And ends what was kept for a while, when that is over.
   */
  retireConnections(): void {
    while (this.retiring.length > 0) {
      const connection = this.retiring.shift()!.entity
      this.forgetConnection(connection)
      // The host's own connection entity waits for the next session.
      if (connection === this.local?.connection) Connection.player[connection] = 0
      else removeWholly(this, connection)
    }
    this.leftBehind.expire()
  }

  private greeted(session: Session, token: string): void {
    this.authentication?.greeted(session, token)
    if (!this.hasEarlyMessages) return
    this.makePeer(session)
    this.greeting.push(session)
  }

  private opened(session: Session): void {
    // A message may have come along with the hello; it must find whose it is.
    if (this.hasEarlyMessages && this.peerOf(session) === undefined) this.makePeer(session)
    this.joining.push(session)
  }

  private closed(session: Session): void {
    this.authentication?.ended(session)
    this.ending.push(session)
  }

  /** Makes the entity that will stand for a client, and shows nothing of it yet. */
  private makePeer(session: Session): ServerPeer {
    const { local } = this
    const isOwn = local !== undefined && session.transport === local.sessions?.transport
    const eid = isOwn ? local.connection : heldIdsOf(this.world).add()
    session.entity = eid
    if (isOwn) session.user = local.user
    resetConnection(eid, session.connectionId)
    const requests = new PendingRequests(eid, this.replication.entities, this.outgoing, this.counters)
    const peer = new ServerPeer(session, this.replication.addObserver(session), requests, this.protocol)
    this.peerOfSession.set(session, peer)
    return peer
  }

  private showAuthenticating(session: Session): void {
    const peer = this.peerOfSession.get(session)
    if (session.state !== 'authenticating' || peer === undefined) return
    const eid = session.entity
    this.authenticating.set(eid, peer)
    this.guard(() => addComponent(this.world, eid, Connection))
    // An observer may have closed everything.
    if (this.authenticating.get(eid) === peer) this.guard(() => addComponent(this.world, eid, Authenticating))
  }

  private addConnection(session: Session): void {
    if (session.state !== 'open') return
    const peer = this.peerOfSession.get(session) ?? this.makePeer(session)
    const eid = session.entity
    this.peers.push(peer)
    this.peerOfConnection.set(eid, peer)
    Connection.user[eid] = session.user
    this.authenticating.delete(eid)
    this.guard(() => removeComponent(this.world, eid, Authenticating))
    for (const component of [Connection, Connected]) {
      // An observer may have closed everything.
      if (this.peerOfConnection.get(eid) === peer) this.guard(() => addComponent(this.world, eid, component))
    }
    if (this.peerOfConnection.get(eid) === peer) this.scenes.join(peer)
  }

  /** The game removed a connection entity, whose id may be another's at once: the client goes with it. */
  private connectionRemoved(eid: number): void {
    const peer = this.peerOfConnection.get(eid) ?? this.authenticating.get(eid)
    if (peer === undefined) return
    this.errors.push('connection-removed', 'a connection entity was removed by the game; use kick', { connection: eid })
    this.forgetPeer(peer, eid)
    this.forgetConnection(eid)
    this.sessionsOf(peer.session)?.close(peer.session, 'kicked', 'the game removed the connection')
  }

  private forgetPeer(peer: ServerPeer, eid: number): void {
    const index = this.peers.indexOf(peer)
    if (index >= 0) this.peers.splice(index, 1)
    this.authenticating.delete(eid)
    this.peerOfSession.delete(peer.session)
    this.peerOfConnection.delete(eid)
    this.replication.removeObserver(peer.observer)
    peer.requests.end(peer.session.reason?.text ?? 'the game removed the connection')
    this.openRequests.forget(eid)
    this.counters.unsentCalls += peer.outgoingParts.count
    peer.outgoingParts.clear()
  }

  private endConnection(session: Session): void {
    const peer = this.peerOfSession.get(session)
    if (peer === undefined) return
    const eid = session.entity
    this.forgetPeer(peer, eid)
    Connection.reason[eid] = session.reason
    if (eid === this.local?.connection) {
      this.showLocalPlayer(0, 'disconnected')
      this.local.endView()
    }
    for (const tag of [Ready, Loading, Interrupted, Stalled, Connected, Authenticating]) {
      this.guard(() => removeComponent(this.world, eid, tag))
    }
    this.retiring.push(session)
  }

  /** The id of a connection entity may be another's at once, which must not inherit what the client owned and sent. */
  private forgetConnection(eid: number): void {
    this.leftBehind.leaveAll(eid)
    this.groups.leaveAll(eid)
    this.inbound.dropFrom(eid)
    this.faults.forget(Connection.id[eid]!)
    Connection.id[eid] = 0
    Connection.user[eid] = undefined
  }

  /** Takes `LocalPlayer` from a client's player before `Owned` goes; from a remote client's in this tick's packets. */
  hideLocalPlayer(connection: number): void {
    const peer = this.peerOfConnection.get(connection)
    if (connection === this.local?.connection) this.showLocalPlayer(0)
    else if (peer !== undefined) peer.observer.losesPlayer = true
  }

  /** Moves `LocalPlayer` of the host's own client to an entity, or to none. */
  showLocalPlayer(player: number, reason = ''): void {
    this.guard(() => this.local?.showPlayer(player, reason))
  }

  /** Observers are the game's; one that throws must not cost another client its connection. */
  guard(change: () => void): void {
    this.changes.make(change)
  }

  setOwner(eid: number, connection: number): void {
    moveOwner(this, eid, connection)
  }

  /** Removes an entity in the reverse order of its spawn. */
  despawn(eid: number): void {
    endEntity(this, eid)
  }
}
