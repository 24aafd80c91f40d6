// The client's role of a world: everything the client's systems and verbs work on.
import { addComponent, addEntity, createWorld, hasComponent, removeComponent, type World } from 'bitecs'
import {
  Connected,
  Connection,
  Draining,
  Interrupted,
  Loading,
  Ready,
  Stalled,
} from '../../../components/connection.js'
import { ClientSession } from '../../connection/client/client-session.js'
import type { CloseReason } from '../../connection/close-reason.js'
import { type Counters, createCounters } from '../../connection/counters.js'
import { ErrorLog } from '../../connection/error-log.js'
import { PacketQueue } from '../../connection/client/packet-queue.js'
import { PacketBuilder } from '../../connection/session.js'
import { UsageError } from '../../protocol/errors.js'
import { utf8Length } from '../../protocol/bytes.js'
import { isEarly } from '../../protocol/definitions.js'
import { MAX_TOKEN_BYTES, SectionKind } from '../../protocol/packet.js'
import type { Protocol } from '../../protocol/protocol.js'
import { CallFaults } from '../../remote/call-faults.js'
import type { CallEntities } from '../../remote/call-entities.js'
import { InboundCalls } from '../../remote/inbound-calls.js'
import { OpenRequests } from '../../remote/open-requests.js'
import { IncomingParts, mustWait, OutgoingParts } from '../../remote/message-parts.js'
import { OutgoingCalls } from '../../remote/outgoing-calls.js'
import { PendingRequests } from '../../remote/pending-requests.js'
import { ClientReplication } from '../../replication/client/client-replication.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import type { HostEntities } from '../../replication/client/host-entities.js'
import { Channel, type Transport } from '../../transport/transport.js'
import { ClientInbound } from './client-inbound.js'
import { resetConnection } from '../connection-entity.js'
import { ClientScenes } from './client-scenes.js'
import { DEFAULT_TIMEOUT_MS, type JoinOptions } from './join-options.js'
import { DEFAULT_STALLED_MS, LineTags } from '../link-tags.js'
import { Reconnection } from './reconnection.js'

/** Milliseconds without a frame for which calls still wait to be drained before their entities end. */
const FRAME_PATIENCE_MS = 2000

export interface ClientRoleOptions {
  /** How far behind the server interpolated components are shown, in server ticks. */
  interpolationDelay: number
  /** Frames after which calls that nobody drained are dropped. */
  undrainedTicks: number
  /** Bytes of reliable packets that may wait while a scene is loaded. */
  maxWaitingBytes: number
  /** Milliseconds; default `performance.now`. */
  now: () => number
  /**
   * In a host's world: the server's table of entities. State is there already then, so none is applied, and the connection
   * entity and its tags are kept by the server's role.
   */
  hostEntities?: HostEntities
  /** For the same: the server's tick. */
  hostTick?: () => number
}

export class ClientRole {
  readonly counters: Counters = createCounters()
  readonly errors = new ErrorLog()
  /** That of a host's own client is of a world of its own, in which nothing ever is. */
  readonly replication: ClientReplication
  readonly faults: CallFaults
  /** Which entity of this world a net id names. */
  readonly entities: CallEntities
  readonly inbound: InboundCalls
  readonly outgoing: OutgoingCalls
  /** Requests of the server that wait for this side's answer. */
  readonly openRequests: OpenRequests
  /** Requests of this client that wait for the server's. */
  readonly pendingRequests: PendingRequests
  readonly outgoingParts = new OutgoingParts()
  readonly incomingParts = new IncomingParts()
  readonly scenes: ClientScenes
  readonly reliable = new PacketBuilder(Channel.Reliable)
  readonly unreliable = new PacketBuilder(Channel.Unreliable)
  /** The one connection entity of this world. */
  readonly connection: number
  session: ClientSession | undefined
  transport: Transport | undefined
  /** Counts the runs of the receiving pipeline. */
  frame = 0
  /** When the receiving pipeline last ran. */
  lastFrameAt = 0
  /** An attempt to connect that is under way; `stop` ends it. */
  pendingConnect: AbortController | undefined
  private readonly handler: ClientInbound
  private readonly arrived: readonly [PacketQueue, PacketQueue] = [new PacketQueue(), new PacketQueue()]
  private autoReady = true
  /** Whether it takes part, as it last said. */
  private takesPart = false
  /** What the server should be told of readiness, if anything. */
  private readyToSend: boolean | undefined
  /** The session was found open. */
  private wasOpened = false
  private readonly hasEarlyMessages: boolean
  private resumeAt = -1
  /** What arrived is being applied: whoever ends the session meanwhile, from an observer, must wait for the end of it. */
  private applying = false
  private endRequested = false
  private reconnection: Reconnection | undefined
  /** The session goes on over another transport. */
  onMoved: () => void = () => {}
  /** The session has ended; `reason` says why. */
  onEnded: (reason: CloseReason | undefined) => void = () => {}
  /** What is shown of the line. */
  line = new LineTags()
  private stalledAfter = DEFAULT_STALLED_MS

  constructor(
    readonly world: World,
    readonly protocol: Protocol,
    readonly options: ClientRoleOptions,
  ) {
    this.connection = addEntity(world)
    const eid = this.connection
    resetConnection(eid)
    addComponent(world, eid, Connection)
    const host = options.hostEntities && { world, entities: options.hostEntities }
    const replicated = host === undefined ? world : createWorld()
    this.replication = new ClientReplication(replicated, protocol, eid, this.counters, this.errors, host)
    this.entities = options.hostEntities ?? this.replication.entities
    const { entities } = this
    const references = options.hostEntities ?? this.replication.entities.references
    this.outgoing = new OutgoingCalls(references)
    this.openRequests = new OpenRequests('client', protocol, this.outgoing)
    this.faults = new CallFaults(protocol, this.counters, this.errors, options.now)
    const { counters, errors, faults } = this
    this.inbound = new InboundCalls(protocol, references, this.openRequests, counters, errors, faults, 'client')
    this.pendingRequests = new PendingRequests(eid, entities, this.outgoing, this.counters)
    this.scenes = new ClientScenes(this)
    this.handler = new ClientInbound(this)
    this.hasEarlyMessages = protocol.definitions.some(isEarly)
    heldIdsOf(world)
  }

  /** The hello has left, so that messages that may come before the welcome can follow. */
  get hasGreeted(): boolean {
    const session = this.session?.session
    return session !== undefined && session.state !== 'closed'
  }

  /** The newest tick of the server that this client has heard of. */
  get serverTick(): number {
    return this.options.hostTick?.() ?? this.session?.clock.latest ?? 0
  }

  /** Whether this is the own client of a server in the same world. */
  get isLocal(): boolean {
    return this.options.hostEntities !== undefined
  }

  /** Whether the world shows an open session: `Connected` is there. */
  get isShownOpen(): boolean {
    return this.isLocal ? hasComponent(this.world, this.connection, Connected) : this.wasOpened
  }

  /** Begins a session over a transport that is open or about to open. */
  start(transport: Transport, options: JoinOptions): void {
    if (this.applying)
      throw new UsageError('busy', 'connect from a system, not from an observer of what is being applied')
    if (this.session !== undefined) void this.stop('client-closed', 'a new connection took its place')
    const { token = '', timeout = DEFAULT_TIMEOUT_MS, stalledAfter, autoReady = true, reopen } = options
    if (utf8Length(token) > MAX_TOKEN_BYTES) {
      throw new UsageError('bad-option', `the token is ${utf8Length(token)} bytes long, at most ${MAX_TOKEN_BYTES} fit`)
    }
    // What the last session left undrained names entities and connections of its own.
    this.inbound.clear()
    this.faults.forget(Connection.id[this.connection]!)
    this.autoReady = autoReady
    this.stalledAfter = stalledAfter ?? DEFAULT_STALLED_MS
    this.transport = transport
    this.reconnection = reopen && new Reconnection(reopen, this.options.now)
    Connection.reason[this.connection] = undefined
    this.session = new ClientSession(
      transport,
      {
        protocol: this.protocol,
        now: this.options.now,
        timeout,
        token,
        mayResume: reopen !== undefined,
        hasEarlyMessages: this.hasEarlyMessages,
      },
      {
        moved: () => this.followTransport(),
        packet: (channel, bytes, length, time) => this.keep(channel, bytes, length, time),
        data: (session, channel, header, reader) =>
          this.handler.read(session, channel, header, reader, channel === Channel.Reliable ? this.resumeAt : -1),
      },
      this.counters,
      this.errors,
    )
  }

  get isOpen(): boolean {
    return this.session?.state === 'open'
  }

  malformed(): void {
    this.session?.malformed()
  }

  /** Takes part, or no longer. */
  setReady(ready: boolean): void {
    this.readyToSend = ready
  }

  /** Shows that the session has opened, keeps it alive, and finds it dead. `gameTicks`: the game's own loop runs it. */
  updateConnection(gameTicks = true): void {
    const { session } = this
    if (session === undefined) return
    if (!this.wasOpened && session.session?.connectionId) this.showOpen(session)
    session.maintain(gameTicks)
    this.reconnection?.advance(session)
    if (!this.wasOpened || this.isLocal) return
    this.line.follow(this, session.session!, Math.max(this.stalledAfter, 2 * session.clock.tickMs))
    if (session.state === 'open') Connection.roundTrip[this.connection] = session.session!.roundTrip.smoothed
  }

  /**
   * Keeps the session alive while the game's loop stands still: applies what arrives and acknowledges it. Calls wait in
   * their queues.
   */
  pump(): void {
    this.session?.receive()
    this.updateConnection(false)
    // A slow game still gets its chance to drain calls before their entities end; one that is not running does not.
    if (this.options.now() - this.lastFrameAt >= FRAME_PATIENCE_MS) this.handler.startFrame()
    this.apply()
    this.scenes.advance()
    this.send()
  }

  /** Applies what arrived. When the session has ended, its end is shown once everything before it was applied. */
  applyArrived(): void {
    this.frame++
    this.lastFrameAt = this.options.now()
    this.handler.startFrame()
    const { locals } = this.replication
    locals.beginFrame()
    this.replication.refreshStores()
    this.apply()
    locals.tell(this.serverTick)
  }

  private apply(): void {
    const { session } = this
    if (session === undefined) return
    // What waited for a scene is applied all the same: it was said before the end.
    if (session.state === 'closed' && this.scenes.isLoading) this.scenes.end()
    this.applying = true
    try {
      this.applyQueues(session)
    } finally {
      this.applying = false
    }
    const isRead = session.state === 'closed' && this.arrived[Channel.Reliable].count === 0
    // The end waits a frame, as a despawn does, so that calls that came before it are drained while their entities are there.
    if (this.endRequested || (isRead && !this.handler.hasNews)) this.finish()
  }

  private applyQueues(session: ClientSession): void {
    const [reliable, unreliable] = this.arrived
    while (reliable.count > 0 && !this.endRequested && !this.scenes.isLoading) {
      this.resumeAt = reliable.progress > 0 ? reliable.start + reliable.progress : -1
      session.readData(Channel.Reliable, reliable.bytes, reliable.start, reliable.end, reliable.time)
      this.resumeAt = -1
      const pause = this.handler.takePause()
      if (pause >= 0) {
        reliable.progress = pause - reliable.start
        break
      }
      reliable.shift()
    }
    if (this.scenes.isLoading) this.scenes.search(reliable, this.handler.noteAnswers)
    while (unreliable.count > 0 && !this.endRequested) {
      session.readData(Channel.Unreliable, unreliable.bytes, unreliable.start, unreliable.end, unreliable.time)
      unreliable.shift()
    }
  }

  /** Sends what the game called in this frame, and acknowledgements. */
  send(): void {
    const session = this.session?.session
    const mayTalk = session?.state === 'open' || (session?.state === 'handshake' && this.hasEarlyMessages)
    if (session === undefined || !mayTalk) {
      this.counters.unsentCalls += this.outgoing.count
      this.outgoing.clear()
      return
    }
    const { reliable, unreliable } = this
    const now = this.options.now()
    const { latest: tick, tickMs } = this.session!.clock
    reliable.start(session, tick, now, tickMs)
    if (session.state === 'open') {
      this.writeReady(reliable)
      this.scenes.write(reliable, now)
    }
    this.writeCalls(Channel.Reliable, reliable)
    if (this.outgoingParts.busy) this.outgoingParts.write(reliable)
    if (this.incomingParts.untold > 0) this.incomingParts.write(reliable)
    reliable.finish()
    unreliable.start(session, tick, now, tickMs)
    this.writeCalls(Channel.Unreliable, unreliable)
    if (session.state === 'open') this.replication.authority.write(session, unreliable, now)
    unreliable.finish()
    this.outgoing.clear()
  }

  /** Ends the session from this side, shows its end at once, and frees the transport. */
  async stop(code: string, text: string): Promise<void> {
    this.pendingConnect?.abort()
    // Nothing is to follow this end.
    this.onEnded = () => {}
    const { session, transport, reconnection } = this
    if (session === undefined || transport === undefined) return
    // What the game called before it left comes before its end.
    if (this.outgoing.count > 0) this.send()
    session.close(code, text)
    this.finish()
    await Promise.all([transport.close(), reconnection?.end(), session.abandoned])
  }

  // Of a host's own client the server shows these, and its progress as it is told of it.
  showLoading(replaces: boolean): void {
    if (this.isLocal) return
    Connection.progress[this.connection] = 0
    if (replaces) removeComponent(this.world, this.connection, Ready)
    addComponent(this.world, this.connection, Loading)
  }

  showProgress(fraction: number): void {
    if (!this.isLocal) Connection.progress[this.connection] = fraction
  }

  showLoaded(): void {
    if (this.isLocal) return
    removeComponent(this.world, this.connection, Loading)
    if (this.takesPart) addComponent(this.world, this.connection, Ready)
  }

  /** Keeps a data packet until it is applied. */
  private keep(channel: Channel, bytes: Uint8Array, length: number, time: number): void {
    const { arrived, scenes, options } = this
    if (scenes.isLoading && arrived[Channel.Reliable].size + length > options.maxWaitingBytes) {
      const text = `more than ${options.maxWaitingBytes} bytes wait for a scene to be loaded`
      this.errors.push('overflow', `connection closed: ${text}`, { connection: this.connection })
      this.session?.close('overflow', text)
    }
    arrived[channel].push(bytes, length, time)
  }

  private followTransport(): void {
    this.transport = this.session?.transport
    this.onMoved()
  }

  /** Runs what may call observers of the game; one that throws is reported. */
  guard(change: () => void): void {
    this.replication.copies.guard(change)
  }

  private showOpen(session: ClientSession): void {
    this.wasOpened = true
    session.session!.entity = this.connection
    if (!this.isLocal) {
      Connection.id[this.connection] = session.session!.connectionId
      addComponent(this.world, this.connection, Connected)
    }
    if (this.autoReady && this.readyToSend === undefined) this.readyToSend = true
  }

  /** Shows the end of the session, in the reverse order of its beginning. */
  private finish(): void {
    if (this.applying) {
      this.endRequested = true
      return
    }
    this.endRequested = false
    const { session, transport } = this
    void this.reconnection?.end()
    this.session = undefined
    this.transport = undefined
    this.pendingRequests.end(session?.reason?.text ?? '')
    this.openRequests.forget(this.connection)
    if (!this.isLocal) this.showEnd(session)
    this.replication.locals.giveUpAll()
    this.wasOpened = false
    this.line = new LineTags()
    this.readyToSend = undefined
    this.takesPart = false
    this.scenes.end()
    for (const queue of this.arrived) this.counters.packetsAfterEnd += queue.clear()
    this.handler.reset()
    this.counters.unsentCalls += this.outgoing.count + this.outgoingParts.count
    this.outgoing.clear()
    this.outgoingParts.clear()
    this.incomingParts.clear()
    void transport?.close()
    this.onEnded(session?.reason)
  }

  private showEnd(session: ClientSession | undefined): void {
    Connection.reason[this.connection] = session?.reason
    this.replication.despawnAll()
    if (!this.wasOpened) return
    for (const tag of [Ready, Loading, Interrupted, Stalled, Draining, Connected]) {
      removeComponent(this.world, this.connection, tag)
    }
  }

  private writeReady(packet: PacketBuilder): void {
    const ready = this.readyToSend
    if (ready === undefined || this.session?.session === undefined) return
    this.readyToSend = undefined
    this.session.session.ready = ready
    packet.fit(2)
    packet.writer.u8(SectionKind.Ready)
    packet.writer.u8(ready ? 1 : 0)
    this.takesPart = ready
    if (this.isLocal || (ready && this.scenes.isReplacing)) return
    if (ready) addComponent(this.world, this.connection, Ready)
    else removeComponent(this.world, this.connection, Ready)
  }

  private writeCalls(channel: Channel, packet: PacketBuilder): void {
    const { outgoing, counters, outgoingParts } = this
    for (let i = 0; i < outgoing.count; i++) {
      if (outgoing.channelOf(i) !== channel) continue
      const start = outgoing.startOf(i)
      const end = outgoing.endOf(i)
      if (channel === Channel.Reliable && mustWait(outgoing, i, outgoingParts)) {
        outgoingParts.add(outgoing, i)
        continue
      }
      if (packet.fit(end - start)) packet.writer.copyFrom(outgoing.writer, start, end)
      else counters.windowDroppedCalls++
    }
  }
}
