// A connection of somebody who speaks as it pleases: bytes in, and of what comes back only what helps to lie better.
import { ByteReader } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { DataHeader, readWelcome, SectionKind } from '../../../src/protocol/packet.js'
import type { Channel, PeerId, Transport, TransportSink } from '../../../src/transport/transport.js'
import type { Live } from '../engine/mutate.js'
import { layout } from '../engine/recorder.js'
import type { Piece } from '../engine/pieces.js'

/** Net ids that are remembered. */
const MAX_NET_IDS = 64
/** Requests that are remembered. */
const MAX_REQUESTS = 8

export class RawLine implements TransportSink, Live {
  tick = 1
  structureTick = 0
  newest = -1
  /** Of its own packets. */
  private nextSequence = 0
  readonly netIds: (readonly [number, number])[] = []
  /** Requests of the server that were heard of last. */
  readonly requests: number[] = []
  secret: string | undefined
  isWelcome = false
  isClosed = false
  private readonly reader = new ByteReader()
  private readonly header = new DataHeader()

  constructor(readonly transport: Pick<Transport, 'send' | 'receive' | 'close' | 'answer'>) {}

  /** Says nothing any more: not even heart-beats are answered. */
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
    // It says nothing by itself.
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
