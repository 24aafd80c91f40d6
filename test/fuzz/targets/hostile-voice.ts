// Generates the packets of one hostile client. Some are plausible, or the server would soon close it.
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { freshen, mutate, varintOf } from '../engine/mutate.js'
import { readTapes } from '../engine/corpus.js'
import { layout, type Recorded, record, type Recording } from '../engine/recorder.js'
import type { Side } from '../golden/tape.js'
import { Blip, Login, protocol } from '../game-protocol.js'
import { guessedSections, oneOf, pick, type Random, randomBytes } from '../generate.js'
import type { RawLine } from './raw-line.js'

/** The id of the message that authenticates a client. */
const LOGIN = protocol.ids.get(Login)!
/** The id of a small message. */
const BLIP = protocol.ids.get(Blip)!

let recording: Recording | undefined
/**
 * The packets to mutate: the recordings of the corpus, and a long game, recorded once before all runs, because all
 * games in this process share their arrays.
 */
export function recorded(): Recording {
  if (recording === undefined) {
    const { client, server } = record(1)
    recording = { client: [...client, ...packetsTo('server')], server: [...server, ...packetsTo('client')] }
  }
  return recording
}

/** The packets to a side in the recordings of the corpus. */
function packetsTo(side: Side): Recorded[] {
  const arrivals = readTapes().flatMap((tape) => tape.arrivals.filter((arrival) => arrival.side === side))
  return arrivals.flatMap(({ step }) => {
    if (step.kind !== 'packet') return []
    return [{ channel: step.channel, bytes: step.bytes, pieces: layout.take(step.bytes) }]
  })
}

/** A packet to be sent. */
export interface Utterance {
  readonly channel: Channel
  readonly bytes: Uint8Array
}

export class HostileVoice {
  private last: Utterance | undefined
  private saidHello: boolean
  private saidReady: boolean

  constructor(
    private readonly line: RawLine,
    private readonly random: Random,
    /**
     * A stranger never sends a valid hello. A guest sends one, but is never ready. A successor resumes a session that
     * was ready. A polite one sends only packets of an honest client.
     */
    private readonly manners: 'stranger' | 'guest' | 'member' | 'successor' | 'polite',
  ) {
    this.saidHello = manners === 'stranger' || manners === 'successor'
    this.saidReady = manners !== 'member' && manners !== 'polite'
  }

  /** Its next packet; mostly none while it waits for its welcome. */
  next(): Utterance | undefined {
    const { line, random } = this
    if (!this.saidHello) {
      this.saidHello = true
      const isHello = ({ bytes }: Recorded): boolean => bytes[0] === PacketKind.Hello && bytes.at(-1)! < 2
      return { channel: Channel.Reliable, bytes: oneOf(random, recorded().client.filter(isHello)).bytes }
    }
    // A guest sends nothing until it is admitted.
    if ((this.manners === 'polite' || this.manners === 'guest') && !line.isWelcome) return undefined
    if (this.manners !== 'stranger' && !line.isWelcome) return this.sayEarly()
    if (line.requests.length > 0 && random() < 0.05) return this.answer()
    if (!this.saidReady) {
      this.saidReady = true
      const ready = [PacketKind.Data, 0, ...varintOf(line.tick), 0, SectionKind.Ready, 1]
      return { channel: Channel.Reliable, bytes: Uint8Array.from(ready) }
    }
    if (this.manners === 'polite') return this.sayHonestly()
    if (this.last !== undefined && random() < 0.05) return this.last
    const { client, server } = recorded()
    const packet = oneOf(random, random() < 0.9 ? client : server)
    const channel = random() < 0.9 ? packet.channel : oneOf(random, [Channel.Reliable, Channel.Unreliable])
    this.last = { channel, bytes: this.makeBytes(packet) }
    return this.last
  }

  /** One message or several, and the applied structure tick. */
  sayHonestly(messages = 1): Utterance {
    const { tick, structureTick } = this.line
    const head = [PacketKind.Data, 0, ...varintOf(tick), ...varintOf(structureTick)]
    const calls = Array.from({ length: messages }, () => [SectionKind.Message, BLIP, 1, 7]).flat()
    return { channel: Channel.Unreliable, bytes: Uint8Array.from([...head, ...calls]) }
  }

  /** A reply to a request of the server, with a random status and content. */
  private answer(): Utterance {
    const { line, random } = this
    const { tick, structureTick } = line
    const head = [PacketKind.Data, 0, ...varintOf(tick), ...varintOf(structureTick)]
    const payload = randomBytes(random, 8)
    const request = varintOf(oneOf(random, line.requests))
    const section = [SectionKind.Reply, ...request, pick(random, 12), ...varintOf(payload.length), ...payload]
    return { channel: Channel.Reliable, bytes: Uint8Array.from([...head, ...section]) }
  }

  /** A packet before the welcome: mostly a permitted one, such as its authentication. */
  private sayEarly(): Utterance | undefined {
    const { line, random } = this
    const sort = random()
    if (sort < 0.6) return undefined
    const isLogin = ({ pieces }: Recorded): boolean =>
      pieces.some(
        ({ role, bytes }, i) =>
          role === 'definition' && bytes[0] === LOGIN && pieces[i - 1]!.bytes[0] === SectionKind.Message,
      )
    const logins = recorded().client.filter(isLogin)
    const packet = sort < 0.8 ? oneOf(random, logins) : oneOf(random, recorded().client)
    const pieces = freshen(random, packet.pieces, line)
    return { channel: Channel.Reliable, bytes: mutate(random, pieces, oneOf(random, logins).pieces, 0.7) }
  }

  private makeBytes(packet: Recorded): Uint8Array {
    const { line, random } = this
    const sort = random()
    if (sort < 0.05) return randomBytes(random, 1200)
    if (sort < 0.1) return guessedSections(random, line.tick)
    // As an old session sent it.
    if (sort < 0.15) return packet.bytes
    const pieces = freshen(random, packet.pieces, line)
    // Half of a member's packets are plausible, or it would soon be closed.
    const unchanged = line.netIds.length > 0 ? 0.5 : 0.1
    return mutate(random, pieces, oneOf(random, recorded().client).pieces, unchanged)
  }
}
