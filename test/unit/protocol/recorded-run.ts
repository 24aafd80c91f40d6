// Golden runs of one feature each: what the worlds of a test network send, as it is kept in a file, with what a reader
// written from docs/protocol.md alone finds in it.
import { readFileSync } from 'node:fs'
import type { TestNetwork } from 'bitecs-net/testing'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import type { ClientWorld, ServerWorld } from '../../../src/world/state.js'
import { Channel } from '../../../src/transport/transport.js'
import { capture, type Captured, transportOf } from '../world/tap.js'
import { type DescribedProtocol, readPacket } from './independent-reader.js'
import { type RunVector, toHex } from './vectors.js'

/** One packet of a run, and what stands in it. */
export interface ReadVector extends RunVector {
  readonly says: string
}

/** Records a test network, tick by tick. */
export class RecordedRun {
  readonly packets: ReadVector[] = []
  private readonly captured: Captured[] = []

  constructor(
    private readonly net: TestNetwork,
    private readonly described: DescribedProtocol,
    /** Which packets of data belong to the run. */
    private readonly channels: readonly RunVector['channel'][] = ['reliable'],
  ) {}

  /** From now on, what this world sends is recorded. */
  record(world: ClientWorld | ServerWorld, side: Captured['from']): void {
    capture(transportOf(world, side), side, this.captured)
  }

  tick(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.net.tick()
      for (const { from, channel: number, bytes } of this.captured.splice(0)) {
        const channel = number === Channel.Reliable ? 'reliable' : 'unreliable'
        if (bytes[0] !== PacketKind.Data || !this.channels.includes(channel)) continue
        const says = readPacket(bytes, this.described).join('; ')
        this.packets.push({ from, channel, tick: this.net.now / 50, hex: toHex(bytes), says })
      }
    }
  }

  /** The run as its file holds it. */
  text(): string {
    return `${JSON.stringify(this.packets, null, 2)}\n`
  }
}

/** The packets of a file. */
export function goldenRun(name: string): ReadVector[] {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as ReadVector[]
}
