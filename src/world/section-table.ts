// Reads the sections of a data packet through one table: what each kind is, where it may travel, how it is checked and applied.
import type { ByteReader } from '../protocol/bytes.js'
import { Channel } from '../transport/transport.js'

/** One kind of section, as one side reads it. `P` is what is known of the packet that is being read. */
export interface Section<P> {
  /** The byte that it begins with, of `SectionKind`. */
  readonly kind: number
  /** The only channel that it may travel on; left out: both. */
  readonly channel?: Channel
  /** Reads to its end without any effect. One that is malformed makes the reader fail. */
  check(packet: P, reader: ByteReader): void
  /** Reads it again, and does what it says. */
  apply(packet: P, reader: ByteReader): void
}

/** A section begins with one byte. */
const KINDS = 256

/** The sections that one side may be sent, found by their first byte. */
export class SectionTable<P> {
  private readonly reliable: (Section<P> | undefined)[] = Array.from({ length: KINDS }, () => undefined)
  private readonly unreliable: (Section<P> | undefined)[] = Array.from({ length: KINDS }, () => undefined)

  constructor(sections: readonly Section<P>[]) {
    for (const section of sections) {
      if (section.channel !== Channel.Unreliable) this.reliable[section.kind] = section
      if (section.channel !== Channel.Reliable) this.unreliable[section.kind] = section
    }
  }

  /** The section of a kind on a channel, or undefined when nothing of that kind may come there. */
  find(kind: number, channel: Channel): Section<P> | undefined {
    return (channel === Channel.Reliable ? this.reliable : this.unreliable)[kind]
  }
}
