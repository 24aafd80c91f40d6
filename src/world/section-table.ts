// Reads the sections of a data packet through one table, which says how each kind is checked, applied, and on which
// channel.
import type { ByteReader } from '../protocol/bytes.js'
import { Channel } from '../transport/transport.js'

/** One kind of section, as one side reads it. `P` is the state of the packet that is being read. */
export interface Section<P> {
  /** Its first byte, one of `SectionKind`. */
  readonly kind: number
  /** The only channel that may carry it; left out: both. */
  readonly channel?: Channel
  /** Reads to the end of the section without any effect. A malformed section makes the reader fail. */
  check(packet: P, reader: ByteReader): void
  /** Reads the section again and applies it. */
  apply(packet: P, reader: ByteReader): void
}

/** The kind of a section is one byte. */
const KINDS = 256

/** The sections that one side may receive, by their first byte. */
export class SectionTable<P> {
  private readonly reliable: (Section<P> | undefined)[] = Array.from({ length: KINDS }, () => undefined)
  private readonly unreliable: (Section<P> | undefined)[] = Array.from({ length: KINDS }, () => undefined)

  constructor(sections: readonly Section<P>[]) {
    for (const section of sections) {
      if (section.channel !== Channel.Unreliable) this.reliable[section.kind] = section
      if (section.channel !== Channel.Reliable) this.unreliable[section.kind] = section
    }
  }

  /** The section of a kind on a channel, or undefined when this kind is not allowed there. */
  find(kind: number, channel: Channel): Section<P> | undefined {
    return (channel === Channel.Reliable ? this.reliable : this.unreliable)[kind]
  }
}
