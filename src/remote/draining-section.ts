// Writes and reads the section that announces that the server is about to close.
import type { ByteReader, ByteWriter } from '../protocol/bytes.js'
import { MAX_REASON_BYTES } from '../protocol/limits.js'
import { SectionKind, truncateUtf8 } from '../protocol/packet.js'

/** The maximum size of the section in bytes. */
export const MAX_DRAINING_SECTION_BYTES = 1 + 5 + 2 + MAX_REASON_BYTES

/** `left`: milliseconds until the server closes at the latest. A text that is too long is cut. */
export function writeDraining(writer: ByteWriter, left: number, text: string): void {
  writer.u8(SectionKind.Draining)
  writer.varint(left)
  writer.string(truncateUtf8(text, MAX_REASON_BYTES), MAX_REASON_BYTES)
}

/** Reads a section whose kind byte has been read. */
export function readDraining(reader: ByteReader): { left: number; text: string } {
  return { left: reader.varint(), text: reader.string(MAX_REASON_BYTES) }
}
