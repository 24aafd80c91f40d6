// Reads the sections of a data packet through one table: what each kind is, where it may travel, how it is checked and applied.
import type { ByteReader } from '../protocol/bytes.js'
import type { Channel } from '../transport/transport.js'

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

/** The sections that one side may be sent, found by their first byte. */
export class SectionTable<P> {
  private readonly byKind: (Section<P> | undefined)[] = []

  constructor(sections: readonly Section<P>[]) {
    for (const section of sections) this.byKind[section.kind] = section
    for (let kind = 0; kind < this.byKind.length; kind++) this.byKind[kind] ??= undefined
  }

  /** The section of a kind on a channel, or undefined when nothing of that kind may come there. */
  find(kind: number, channel: Channel): Section<P> | undefined {
    const section = this.byKind[kind]
    return section === undefined || (section.channel !== undefined && section.channel !== channel) ? undefined : section
  }
}
