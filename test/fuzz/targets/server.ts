// Attacks the whole server with several connections at once: strangers, members, and clients that resume.
import { oneOf, pick, type Random } from '../generate.js'
import type { Step } from '../engine/steps.js'
import { HostileVoice, recorded, type Utterance } from './hostile-voice.js'
import type { RawLine } from './raw-line.js'
import { ServerRun } from './server-run.js'
import type { Target } from './target.js'

/** The most connections at once. */
const LINES = 4
/** Repetitions in a flood, and its most bytes: more than a client may send at once. */
const FLOOD = 5000
const FLOOD_BYTES = 6 << 20
const CALLS_PER_PACKET = 100
/** A connection is closed after so many packets if the server has not closed it. */
const PACKETS_PER_LINE = 400

const MANNERS = ['stranger', 'stranger', 'guest', 'member', 'member', 'member', 'member', 'member'] as const

interface OpenLine {
  readonly number: number
  readonly line: RawLine
  readonly voice: HostileVoice
  sent: number
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
      // Mostly a few packets per tick; sometimes a flood.
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
    const line = this.run.lines.get(number)!
    const voice = new HostileVoice(line, random, oneOf(random, MANNERS))
    this.open.push({ number, line, voice, sent: 0 })
  }

  /** Removes connections that the server closed or that have sent enough. */
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
    const end = random()
    if (end < 0.4) return this.apply({ kind: 'close', line: number })
    if (end < 0.6) return this.apply({ kind: 'mute', line: number })
    this.apply({ kind: 'cut', line: number })
    for (let i = pick(random, 8); i > 0; i--) this.apply({ kind: 'tick' })
    if (random() < 0.3) return
    const next = this.lines++
    this.apply({ kind: 'resume', line: next, from: number })
    const successor = this.run.lines.get(next)!
    successor.netIds.push(...line.netIds)
    this.open.push({ number: next, line: successor, voice: new HostileVoice(successor, random, 'successor'), sent: 0 })
  }

  private throwOne(to: OpenLine): void {
    const said = to.voice.next()
    if (said === undefined) return
    to.sent++
    this.thrown++
    if (this.random() < 0.001) return this.flood(to, said)
    this.apply({ kind: 'packet', line: to.number, ...said })
  }

  /** Sends more packets, bytes or calls than a client may send at once. */
  private flood(to: OpenLine, said: Utterance): void {
    const isOfCalls = this.random() < 0.5
    const { channel, bytes } = isOfCalls ? to.voice.sayHonestly(CALLS_PER_PACKET) : said
    const times = isOfCalls ? FLOOD / CALLS_PER_PACKET : Math.min(FLOOD, Math.ceil(FLOOD_BYTES / bytes.length))
    this.apply({ kind: 'packet', line: to.number, channel, bytes, times })
  }
}

export const serverTarget: Target = {
  name: 'server',
  inputs: 2500,
  begin(seed) {
    recorded()
    return new ServerRun(seed)
  },
  throwAt: (run, random, inputs, note) => new HostileClients(run as ServerRun, random, note).throwPackets(inputs),
}
