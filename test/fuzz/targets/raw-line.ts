// A raw connection of a hostile client: it sends any bytes, and remembers received ids that make attacks plausible.
import { ByteReader } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { DataHeader, readWelcome, SectionKind } from '../../../src/protocol/packet.js'
import type { Channel, PeerId, Transport, TransportSink } from '../../../src/transport/transport.js'
import type { Live } from '../engine/mutate.js'
import { layout } from '../engine/recorder.js'
import type { Piece } from '../engine/pieces.js'

/** The number of net ids to remember. */
const MAX_NET_IDS = 64
/** The number of requests to remember. */
const MAX_REQUESTS = 8

export class RawLine implements TransportSink, Live {
  tick = 1
  structureTick = 0
  newest = -1
  /** The sequence number of its own packets. */
  private nextSequence = 0
  readonly netIds: (readonly [number, number])[] = []
  /** The latest requests of the server. */
  readonly requests: number[] = []
  secret: string | undefined
  isWelcome = false
  isClosed = false
  private readonly reader = new ByteReader()
  private readonly header = new DataHeader()

  constructor(readonly transport: Pick<Transport, 'send' | 'receive' | 'close' | 'answer'>) {}

  /** Sends nothing from now on, not even answers to heartbeats. */
  mute(): void {
    this.transport.answer = () => {}
  }

  get sequence(): number {
    return this.nextSequence++
  }

  send(channel: Channel, bytes: Uint8Array): void {
    this.transport.send(1, channel, bytes, bytes.length)
  }

  /** Reads the packets of the server. */
  listen(): void {
    this.transport.receive(this)
  }

  opened(): void {
    // It sends nothing automatically.
  }

  packet(_: PeerId, _channel: Channel, bytes: Uint8Array, length: number): void {
    const { reader, header } = this
    reader.reset(bytes, 0, length)
    const kind = reader.u8()
    if (kind === PacketKind.Welcome) {
      const { tick, resume } = readWelcome(reader)
      this.isWelcome = true
      this.tick = tick
      if (resume !== undefined && 'token' in resume) this.secret = resume.token
      return
    }
    if (kind !== PacketKind.Data) return
    header.read(reader)
    this.tick = Math.max(this.tick, header.tick)
    if (header.sequenced) this.newest = header.sequence
    if (header.completesStructure) this.structureTick = header.tick
    this.learn(layout.take(bytes.slice(0, length)))
  }

  closed(): void {
    this.isClosed = true
  }

  private learn(pieces: readonly Piece[]): void {
    let section = 0
    for (let i = 0; i + 1 < pieces.length; i++) {
      const { role, bytes } = pieces[i]!
      if (role === 'section') section = bytes[0]!
      if (role === 'request' && section === SectionKind.Request) this.requests.push(this.numberOf(bytes))
      if (role !== 'slot' || pieces[i + 1]!.role !== 'generation') continue
      const slot = this.numberOf(bytes)
      const at = this.netIds.length < MAX_NET_IDS ? this.netIds.length : slot % MAX_NET_IDS
      this.netIds[at] = [slot, this.numberOf(pieces[i + 1]!.bytes)]
    }
    if (this.requests.length > MAX_REQUESTS) this.requests.splice(0, this.requests.length - MAX_REQUESTS)
  }

  private numberOf(bytes: Uint8Array): number {
    this.reader.reset(bytes, 0, bytes.length)
    return this.reader.varint()
  }
}
