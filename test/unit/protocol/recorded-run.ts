// Records golden runs of one feature each: the packets of a test network, with their content as read by a reader
// written from docs/protocol.md alone.
import { readFileSync } from 'node:fs'
import type { TestNetwork } from 'bitecs-net/testing'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import type { ClientWorld, ServerWorld } from '../../../src/world/state.js'
import { Channel } from '../../../src/transport/transport.js'
import { capture, type Captured, transportOf } from '../world/tap.js'
import { type DescribedProtocol, readPacket } from './independent-reader.js'
import { type RunVector, toHex } from './vectors.js'

/** One packet of a run, and its content in words. */
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
    /** The channels whose data packets belong to the run. */
    private readonly channels: readonly RunVector['channel'][] = ['reliable'],
  ) {}

  /** Records the packets of this world from now on. */
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

  /** The run as the text of its file. */
  text(): string {
    return `${JSON.stringify(this.packets, null, 2)}\n`
  }
}

/** The packets of a file. */
export function goldenRun(name: string): ReadVector[] {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as ReadVector[]
}
