// The whole server as a target: strangers, members, those who were cut and come back, several at once.
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { guessedSections, oneOf, pick, type Random, randomBytes } from '../generate.js'
import { freshen, mutate, varintOf } from '../engine/mutate.js'
import { type Recorded, record, type Recording } from '../engine/recorder.js'
import type { Step } from '../engine/steps.js'
import type { RawLine } from './raw-line.js'
import { ServerRun } from './server-run.js'
import type { Target, TargetRun } from './target.js'

/** Lines that are open at once, at most. */
const LINES = 4
/** A line is closed after so many packets if the server has not done so. */
const PACKETS_PER_LINE = 400

let recording: Recording | undefined
/** Recorded once for all runs, and before they begin: the arrays of the game are those of every game in this process. */
export function recorded(): Recording {
  recording ??= record(1)
  return recording
}

interface OpenLine {
  readonly number: number
  readonly line: RawLine
  /** How much of what it says is plausible: a stranger has not even said hello. */
  readonly manners: 'stranger' | 'member'
  sent: number
  saidReady: boolean
  last: Step | undefined
}

class HostileClients {
  private readonly open: OpenLine[] = []
  private lines = 0
  private thrown = 0

  constructor(
    private readonly run: ServerRun,
    private readonly random: Random,
    private readonly note: (step: Step) => void,
  ) {}

  private apply(step: Step): void {
    this.note(step)
    this.run.apply(step)
  }

  throwPackets(inputs: number): void {
    const { random } = this
    while (this.thrown < inputs) {
      if (this.open.length < LINES && random() < 0.5) this.connect()
      // Nearly always a few packets a tick; now and then a flood.
      const count = random() < 0.03 ? 300 : 5 + pick(random, 40)
      for (let i = 0; i < count && this.open.length > 0; i++) this.throwOne(oneOf(random, this.open))
      this.apply({ kind: 'tick' })
      this.leave()
    }
  }

  private connect(): void {
    const { random } = this
    const number = this.lines++
    this.apply({ kind: 'open', line: number })
    const manners = random() < 0.25 ? 'stranger' : 'member'
    const line = this.run.lines.get(number)!
    this.open.push({ number, line, manners, sent: 0, saidReady: false, last: undefined })
    if (manners === 'stranger') return
    const hello = oneOf(
      random,
      recorded().client.filter(({ bytes }) => bytes[0] === PacketKind.Hello && bytes.at(-1)! < 2),
    )
    this.throwBytes(this.open.at(-1)!, Channel.Reliable, hello.bytes)
  }

  /** Those that the server closed, and those that have said enough. */
  private leave(): void {
    for (let i = this.open.length - 1; i >= 0; i--) {
      const { line, number, sent } = this.open[i]!
      if (line.isClosed) this.open.splice(i, 1)
      else if (sent > PACKETS_PER_LINE || this.random() < 0.01) {
        this.open.splice(i, 1)
        this.endLine(number, line)
      }
    }
  }

  private endLine(number: number, line: RawLine): void {
    const { random } = this
    if (random() < 0.5) return this.apply({ kind: 'close', line: number })
    this.apply({ kind: 'cut', line: number })
    for (let i = pick(random, 8); i > 0; i--) this.apply({ kind: 'tick' })
    if (random() < 0.3) return
    const next = this.lines++
    this.apply({ kind: 'resume', line: next, from: number })
    const successor = this.run.lines.get(next)!
    successor.netIds.push(...line.netIds)
    this.open.push({ number: next, line: successor, manners: 'member', sent: 0, saidReady: true, last: undefined })
  }

  private throwBytes(to: OpenLine, channel: Channel, bytes: Uint8Array): void {
    const step: Step = { kind: 'packet', line: to.number, channel, bytes }
    to.last = step
    to.sent++
    this.thrown++
    this.apply(step)
  }

  private throwOne(to: OpenLine): void {
    const { random } = this
    if (to.manners === 'member' && !to.line.isWelcome) return
    if (to.manners === 'member' && !to.saidReady) {
      to.saidReady = true
      const ready = [PacketKind.Data, 0, ...varintOf(to.line.tick), 0, SectionKind.Ready, 1]
      return this.throwBytes(to, Channel.Reliable, Uint8Array.from(ready))
    }
    if (to.last?.kind === 'packet' && random() < 0.05) return this.throwBytes(to, to.last.channel, to.last.bytes)
    const { client, server } = recorded()
    const packet = oneOf(random, random() < 0.9 ? client : server)
    const channel = random() < 0.9 ? packet.channel : oneOf(random, [Channel.Reliable, Channel.Unreliable])
    this.throwBytes(to, channel, this.makeBytes(to.line, packet))
  }

  private makeBytes(line: RawLine, packet: Recorded): Uint8Array {
    const { random } = this
    const sort = random()
    if (sort < 0.05) return randomBytes(random, 1200)
    if (sort < 0.1) return guessedSections(random, line.tick)
    // As an old session said it.
    if (sort < 0.15) return packet.bytes
    const pieces = freshen(random, packet.pieces, line)
    // Half of what a member says passes for honest: else it would not be heard for long.
    const unchanged = line.netIds.length > 0 ? 0.5 : 0.1
    return mutate(random, pieces, oneOf(random, recorded().client).pieces, unchanged)
  }
}

export const serverTarget: Target = {
  name: 'server',
  inputs: 2500,
  begin(seed) {
    recorded()
    return new ServerRun(seed)
  },
  throwAt: (run: TargetRun, random, inputs, note) =>
    new HostileClients(run as ServerRun, random, note).throwPackets(inputs),
}
