// Runs a client against a hostile server: checks rules in every frame, and that it can join an honest server later.
import { query } from 'bitecs'
import { close } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { clientReceive, runSystems } from 'bitecs-net/client'
import { Networked } from 'bitecs-net/components'
import type { TestClient } from 'bitecs-net/testing'
import type { ClientSession } from '../../../src/connection/client/client-session.js'
import { slotOf } from '../../../src/protocol/net-id.js'
import type { Channel, Transport, TransportSink } from '../../../src/transport/transport.js'
import { clientState } from '../../../src/world/state.js'
import { Accounting } from '../engine/accounting.js'
import { type Allowance, type Census, growth, takeCensus } from '../engine/census.js'
import { watchMemory } from '../engine/memory.js'
import type { Live } from '../engine/mutate.js'
import { Escape, type Step } from '../engine/steps.js'
import { FuzzGame } from '../game.js'
import type { TargetRun } from './target.js'
import { Victim } from './victim.js'

const WARM_UP = 10
const QUIET_TICKS = 30
/**
 * The growth that an attacked world may keep: tables for the largest number of entities at one time, and queues and
 * readers within their limits.
 */
const ALLOWANCE: Allowance = { elements: 256, bytes: 4 << 20, named: {} }

/** Receives the real packets for the victim; the target decides what to do with them. */
export type Intercept = (channel: Channel, bytes: Uint8Array) => void

export class ClientRun implements TargetRun, Live {
  readonly game: FuzzGame
  private victim: TestClient
  private readonly accounting: Accounting
  private readonly before: Census
  /** The sink of the running receive, which gets the packets of steps. */
  private readonly waiting: { channel: Channel; bytes: Uint8Array }[] = []
  intercept: Intercept = () => {}
  private isHonest = false
  private sequenceOffset = 0
  private knownNetIds: readonly (readonly [number, number])[] | undefined
  private readonly playing: Victim

  constructor(seed: number) {
    this.game = new FuzzGame(seed, 1)
    const { net } = this.game
    this.victim = net.connect()
    this.isHonest = true
    const { world } = this.victim
    this.playing = new Victim(world)
    this.step(WARM_UP)
    // Queues of an ended session keep their size.
    this.startAnew()
    this.step(WARM_UP)
    this.before = this.rest()
    // After the end of that session, which may count packets that were held for a scene.
    this.accounting = new Accounting(clientState(world).counters)
    this.isHonest = false
    this.begin()
  }

  private step(count: number): void {
    for (let i = 0; i < count; i++) {
      this.playing.act()
      this.game.step()
    }
  }

  /** The state of the client without a session. */
  private rest(): Census {
    void close(this.victim.world)
    this.victim.running = false
    // Its game keeps running: events of the last frame are published in the next, then forgotten.
    for (let i = 0; i < 2; i++) runSystems(this.victim.world, clientReceive)
    return takeCensus(clientState(this.victim.world))
  }

  private startAnew(): void {
    void close(this.victim.world)
    this.victim.running = false
    this.victim = this.game.net.begin({ world: this.victim.world })
  }

  private begin(): void {
    this.victim = this.game.net.begin({ world: this.victim.world })
    const { session } = clientState(this.victim.world)
    this.accounting.watch(session!)
    this.tap(session!, session!.transport)
    const resume = session!.tryResume.bind(session)
    session!.tryResume = (transport) => {
      this.tap(session!, transport)
      resume(transport)
    }
  }

  /** Replaces everything that arrives on this connection by the packets of steps. */
  private tap(session: ClientSession, transport: Transport): void {
    const receive = transport.receive.bind(transport)
    transport.receive = (sink: TransportSink) => {
      // Packets that arrive now are delivered, or not, in the next frame, so that steps are in the order of events.
      const due = this.waiting.splice(0)
      receive({
        opened: (peer) => sink.opened(peer),
        closed: (peer, reason) => sink.closed(peer, reason),
        packet: (peer, channel, bytes, length, time) => {
          if (this.isHonest) sink.packet(peer, channel, bytes, length, time)
          else this.intercept(channel, bytes.slice(0, length))
        },
      })
      if (session.session === undefined) return
      for (const { channel, bytes } of due) sink.packet(1, channel, bytes, bytes.length, this.game.net.now)
    }
  }

  get world(): TestClient['world'] {
    return this.victim.world
  }

  // The state that makes a packet pass as one of this session.
  get tick(): number {
    return Math.floor(this.game.net.now / 50) + 1
  }

  get structureTick(): number {
    return clientState(this.world).session?.session?.structureTick ?? 0
  }

  get sequence(): number {
    const received = clientState(this.world).session?.session?.received
    return (received === undefined || received.empty ? 0 : received.latest) + 1 + (this.sequenceOffset++ % 5)
  }

  get newest(): number {
    return 0
  }

  /** Looked up once a frame. */
  get netIds(): readonly (readonly [number, number])[] {
    this.knownNetIds ??= this.findNetIds()
    return this.knownNetIds
  }

  private findNetIds(): [number, number][] {
    const { entities } = clientState(this.world).replication
    const ids: [number, number][] = []
    for (let index = 1; index < entities.indices && ids.length < 32; index++) {
      const netId = entities.netIds[index]!
      if (netId !== 0) ids.push([slotOf(netId), netId >>> 20])
    }
    return ids
  }

  get requests(): readonly number[] {
    const { waiting } = clientState(this.world).pendingRequests as unknown as { waiting: ReadonlyMap<number, unknown> }
    return [...waiting.keys()].slice(-8)
  }

  apply(step: Step): void {
    if (step.kind === 'packet') this.waiting.push({ channel: step.channel, bytes: step.bytes })
    else if (step.kind === 'tick') this.tickOnce()
    else if (step.kind === 'cut') this.victim.cut()
    else void close(this.world)
  }

  private tickOnce(): void {
    this.knownNetIds = undefined
    watchMemory('a frame', () => this.step(1))
    this.expectSound()
    if (this.victim.reason === undefined) return
    this.victim.running = false
    if (!this.isHonest) this.begin()
  }

  /** The tables of the client agree with each other. */
  private expectSound(): void {
    const { entities } = clientState(this.world).replication
    let alive = 0
    for (let index = 1; index < entities.indices; index++) if (entities.netIds[index] !== 0) alive++
    if (alive !== entities.alive) throw new Escape(`${alive} entities are there, and ${entities.alive} are counted`)
  }

  finish(): void {
    const { game } = this
    const role = clientState(this.world)
    this.waiting.length = 0
    this.playing.leave()
    this.accounting.check('the client', this.packetsKept())
    const grown = growth(this.before, this.rest(), ALLOWANCE)
    if (grown.length > 0) throw new Escape(`left behind: ${grown.join('; ')}`)
    const left = query(this.world, [Networked]).length
    if (left > 0) throw new Escape(`${left} networked entities outlived their session`)
    const { handlerErrors } = stats(this.world).counters
    if (handlerErrors > 0) throw new Escape(`${handlerErrors} handlers or observers threw`)
    this.isHonest = true
    this.victim = game.net.begin({ world: this.world })
    for (let i = 0; i < QUIET_TICKS; i++) this.game.step()
    const difference = game.difference()
    if (difference !== '') throw new Escape(difference)
    for (const { ship } of game.honest) {
      const shown = game.shownDifference(this.world, ship)
      if (shown !== '') throw new Escape(`after a new session: ${shown}`)
    }
    const there = query(this.world, [Networked]).length
    if (there !== role.replication.entities.alive)
      throw new Escape(`${there} entities, ${role.replication.entities.alive} counted`)
  }

  /** Packets that the client has received and not read yet. */
  private packetsKept(): number {
    const { received } = clientState(this.world)
    return received.reduce((sum, { count }) => sum + count, 0)
  }
}
