// Runs a play: with both sides, to record it, or with one side, which receives the recorded packets.
import { close } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import {
  type Channel,
  createTransportCounters,
  type Transport,
  type TransportSink,
} from '../../../src/transport/transport.js'
import { startSession } from '../../../src/world/client/start-session.js'
import { createClientWorld, createServerWorld } from '../../../src/verbs/create.js'
import { startServing } from '../../../src/world/server/start-serving.js'
import { clientState, type ClientWorld, serverState, type ServerWorld } from '../../../src/world/state.js'
import { clientReceive, clientSend, runSystems, serverReceive, serverSend } from '../../../systems/index.js'
import { transportOf } from '../../unit/world/tap.js'
import { FATES } from '../engine/accounting.js'
import { Escape } from '../engine/steps.js'
import { protocol, resetStores } from '../game-protocol.js'
import { type Say, takeAtClient, takeAtServer, tellWorld } from './meanings.js'
import type { Play } from './plays.js'
import { type Arrival, hashOf, type LineStep, type Meaning, type Side, type Tape, THIS_WIRE } from './tape.js'

const TICK_MS = 50

/** Makes secrets and random numbers the same in every play while `act` runs: a session resumes by its secret. */
function withoutChance<T>(act: () => T): T {
  const { random } = Math
  let drawn = 0
  Math.random = () => 0.5
  const getRandomValues = (into: Uint8Array): Uint8Array => into.fill(0xa0 + drawn++)
  Object.defineProperty(crypto, 'getRandomValues', { value: getRandomValues, configurable: true })
  resetStores()
  try {
    return act()
  } finally {
    Math.random = random
    Reflect.deleteProperty(crypto, 'getRandomValues')
  }
}

/** Passes everything that a transport delivers to `note`, too. */
function overhear(transport: Transport, note: (peer: number, step: (line: number) => LineStep) => void): void {
  const receive = transport.receive.bind(transport)
  transport.receive = (sink) =>
    receive({
      opened(peer) {
        note(peer, (line) => ({ kind: 'open', line }))
        sink.opened(peer)
      },
      packet(peer, channel, bytes, length, time) {
        const copy = bytes.slice(0, length)
        note(peer, (line) => ({ kind: 'packet', line, channel, bytes: copy }))
        sink.packet(peer, channel, bytes, length, time)
      },
      closed(peer, reason) {
        const kind = reason.code === 'lost' ? 'cut' : 'close'
        note(peer, (line) => ({ kind, line }))
        sink.closed(peer, reason)
      },
    })
}

/** Records a play from start to end. */
export function recordPlay(play: Play): Tape {
  return withoutChance(() => {
    const arrivals: Arrival[] = []
    const meanings: Meaning[] = []
    const { server, client } = play.begin()
    let tick = 0
    const sayFor =
      (side: Side): Say =>
      (text) =>
        void meanings.push({ tick, side, text })
    const note = { server: sayFor('server'), client: sayFor('client') }
    const net = createTestNetwork(protocol, {
      ...play.serving,
      clients: 0,
      serverSystems: [(world) => (takeAtServer(world, note.server), server(world, tick))],
      clientSystems: [(world) => (takeAtClient(world, note.client), client(world, tick))],
    })
    overhear(transportOf(net.server, 'server'), (peer, step) =>
      arrivals.push({ tick, side: 'server', step: step(peer - 1) }),
    )
    const guest = net.begin()
    let lines = 0
    const overhearClient = (transport: Transport): void => {
      const line = lines++
      overhear(transport, (_, step) => arrivals.push({ tick, side: 'client', step: step(line) }))
    }
    overhearClient(transportOf(guest.world, 'client'))
    const session = clientState(guest.world).session!
    const resume = session.tryResume.bind(session)
    session.tryResume = (transport) => {
      overhearClient(transport)
      resume(transport)
    }
    for (tick = 1; tick <= play.ticks; tick++) {
      if (tick === play.cutAt) guest.cut()
      net.tick()
    }
    tellWorld(net.server, note.server)
    tellWorld(guest.world, note.client)
    void close(guest.world)
    void close(net.server)
    const { name, story } = play
    return { name, story, wire: THIS_WIRE, hash: hashOf(protocol), arrivals, meanings }
  })
}

/** The transport of one side, which delivers recorded packets. */
class ScriptedTransport implements Transport {
  readonly counters = createTransportCounters()
  onArrival: (() => void) | undefined
  answer: Transport['answer']
  private readonly due: LineStep[] = []

  /** `now`: the arrival time of delivered packets, in milliseconds. */
  constructor(private readonly now: () => number) {}

  put(step: LineStep): void {
    this.due.push(step)
  }

  receive(sink: TransportSink): void {
    for (const step of this.due.splice(0)) {
      // A client has one peer, number 1; a server has one peer per recorded link.
      const peer = step.line + 1
      if (step.kind === 'open') sink.opened(peer)
      else if (step.kind === 'packet') this.deliver(sink, peer, step.channel, step.bytes)
      else sink.closed(peer, { code: step.kind === 'cut' ? 'lost' : 'closed', text: 'as recorded' })
    }
  }

  private deliver(sink: TransportSink, peer: number, channel: Channel, bytes: Uint8Array): void {
    sink.packet(peer, channel, bytes, bytes.length, this.now())
  }

  send(): boolean {
    return true
  }

  buffered(): number {
    return 0
  }

  disconnect(): void {
    // The recording contains its end.
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

interface Rerun {
  readonly world: ServerWorld | ClientWorld
  /** Where the arrivals of a line are put. */
  readonly transport: (line: number) => ScriptedTransport
  readonly step: (tick: number) => void
}

function serverAlone(play: Play, now: () => number, say: Say): Rerun {
  const { server } = play.begin()
  const world = createServerWorld(protocol, { now })
  const transport = new ScriptedTransport(now)
  startServing(serverState(world), transport, play.serving ?? {})
  const step = (tick: number): void => {
    const act = (): void => (takeAtServer(world, say), server(world, tick))
    runSystems(world, [...serverReceive, act, ...serverSend])
  }
  return { world, transport: () => transport, step }
}

function clientAlone(play: Play, now: () => number, say: Say): Rerun {
  const { client } = play.begin()
  const world = createClientWorld(protocol, { now })
  const lines: ScriptedTransport[] = []
  // Packets of the server's last tick have arrived, and are read in this frame.
  const sentAt = (): number => now() - TICK_MS
  const transport = (line: number): ScriptedTransport => (lines[line] ??= new ScriptedTransport(sentAt))
  let opened = 0
  const open = (): Transport => transport(opened++)
  startSession(clientState(world), open(), { reopen: open })
  const step = (tick: number): void => {
    const act = (): void => (takeAtClient(world, say), client(world, tick))
    runSystems(world, [...clientReceive, act, ...clientSend])
  }
  return { world, transport, step }
}

/** Answers to a resuming client are read before there is a session that could count them. */
function isCounted(side: Side, { step }: Arrival): boolean {
  if (step.kind !== 'packet') return false
  return side === 'server' || step.line === 0 || step.bytes[0] !== PacketKind.Welcome
}

/** Counters of packets and calls that were not accepted; each must stay at 0. */
const TROUBLES = [
  ...FATES.filter((fate) => fate !== 'acceptedPackets'),
  'malformedCalls',
  'staleCalls',
  'unauthorizedCalls',
  'notReadyCalls',
  'unknownDefinitions',
  'unknownEntities',
  'refusedConnections',
  'handlerErrors',
] as const

/**
 * One side alone is given what arrived at it. @returns what it made of that. @throws Escape when it did not take all of
 * it.
 */
export function replaySide(play: Play, tape: Tape, side: Side): Meaning[] {
  return withoutChance(() => {
    const meanings: Meaning[] = []
    let tick = 0
    const now = (): number => tick * TICK_MS
    const say: Say = (text) => void meanings.push({ tick, side, text })
    const { world, transport, step } = (side === 'server' ? serverAlone : clientAlone)(play, now, say)
    const arrivals = tape.arrivals.filter((arrival) => arrival.side === side)
    for (tick = 1; tick <= play.ticks; tick++) {
      for (const { step: arrived } of arrivals.filter((arrival) => arrival.tick === tick)) {
        // For a client every line has the one peer that it is to.
        transport(arrived.line).put(side === 'client' ? { ...arrived, line: 0 } : arrived)
      }
      step(tick)
      expectUntroubled(world, `${tape.name}, tick ${tick}`)
    }
    tellWorld(world, say)
    const { acceptedPackets } = stats(world).counters
    const expected = arrivals.filter((arrival) => isCounted(side, arrival)).length
    if (acceptedPackets !== expected) throw new Escape(`${tape.name}: ${acceptedPackets} of ${expected} were accepted`)
    void close(world as ServerWorld)
    return meanings
  })
}

function expectUntroubled(world: ServerWorld | ClientWorld, where: string): void {
  const { counters } = stats(world)
  const trouble = TROUBLES.find((name) => counters[name] > 0)
  if (trouble !== undefined) throw new Escape(`${where}: ${counters[trouble]} ${trouble}`)
}
