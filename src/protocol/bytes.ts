// Writes and reads bytes: little-endian, bounds checked on read, growing on write.
//
// Both sides of every format are next to each other. Writers assert, readers check. A reader that runs out of bytes,
// or reads a value out of range, sets `failed` and returns zeros from then on. Decoders check `failed` once, before
// anything that they read takes effect. Nothing is thrown, so hostile input costs no exception.
import type { EntityMapper } from './entity-mapper.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Copies up to this size, in bytes, go byte by byte. */
const MAX_LOOPED_COPY_BYTES = 2048

/** The longest varint: 32 bits in groups of seven. */
export const MAX_VARINT_BYTES = 5

/** Bytes that {@link ByteWriter.varint} takes for a value. */
export function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
}

/** Writes a varint at `at`, where there is room for {@link MAX_VARINT_BYTES}. Returns where it ends. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let end = at
  let rest = value >>> 0
  while (rest >= 0x80) {
    bytes[end++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[end++] = rest
  return end
}

/** A growing byte buffer. It keeps its memory over `clear`, so steady use allocates nothing. */
export class ByteWriter {
  bytes: Uint8Array
  view: DataView
  /** The same memory as whole words, in the machine's own byte order. */
  words: Uint32Array
  /** Bytes written so far. */
  length = 0
  /** Converts entity ids of this world to net ids. */
  entities: EntityMapper | undefined

  constructor(capacity = 256) {
    this.bytes = new Uint8Array((capacity + 3) & ~3)
    this.view = new DataView(this.bytes.buffer)
    this.words = new Uint32Array(this.bytes.buffer)
  }

  clear(): void {
    this.length = 0
  }

  /** Clears the buffer and frees its memory. */
  free(): void {
    this.length = 0
    this.bytes = new Uint8Array(0)
    this.view = new DataView(this.bytes.buffer)
    this.words = new Uint32Array(this.bytes.buffer)
  }

  /** Makes room for `extra` more bytes. */
  reserve(extra: number): void {
    const need = this.length + extra
    if (need <= this.bytes.length) return
    let size = Math.max(64, this.bytes.length * 2)
    while (size < need) size *= 2
    const grown = new Uint8Array(size)
    grown.set(this.bytes)
    this.bytes = grown
    this.view = new DataView(grown.buffer)
    this.words = new Uint32Array(grown.buffer)
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = value
  }

  u16(value: number): void {
    this.reserve(2)
    this.view.setUint16(this.length, value, true)
    this.length += 2
  }

  u32(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.length, value, true)
    this.length += 4
  }

  f32(value: number): void {
    this.reserve(4)
    this.view.setFloat32(this.length, value, true)
    this.length += 4
  }

  f64(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.length, value, true)
    this.length += 8
  }

  /**
   * Writes an unsigned 32-bit integer in groups of seven bits, lowest first (LEB128, as in WebAssembly and Protocol
   * Buffers).
   */
  varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES)
    this.length = putVarint(this.bytes, this.length, value)
  }

  /** Writes the lowest `bytes` bytes of an unsigned 32-bit integer. */
  uint(value: number, bytes: number): void {
    this.reserve(4)
    for (let i = 0; i < bytes; i++) this.bytes[this.length++] = (value >>> (8 * i)) & 0xff
  }

  /** Copies `source[start .. end)`. */
  copy(source: Uint8Array, start: number, end: number): void {
    const size = end - start
    this.reserve(size)
    // `set(subarray)` allocates a view for each copy, which pays only where copies are rare and large.
    if (size <= MAX_LOOPED_COPY_BYTES) {
      for (let i = start, to = this.length; i < end; i++, to++) this.bytes[to] = source[i]!
    } else this.bytes.set(source.subarray(start, end), this.length)
    this.length += size
  }

  /** Copies `source` from `start` to `end`, four bytes at a time and without allocating. */
  copyView(source: DataView, start: number, end: number): void {
    this.reserve(end - start)
    const { view } = this
    let at = this.length
    let i = start
    for (; i + 4 <= end; i += 4, at += 4) view.setUint32(at, source.getUint32(i, true), true)
    for (; i < end; i++, at++) view.setUint8(at, source.getUint8(i))
    this.length = at
  }

  /** Copies another writer's bytes from `start` to `end`. */
  copyFrom(source: ByteWriter, start: number, end: number): void {
    this.copyView(source.view, start, end)
  }

  /**
   * Writes text as its length in bytes (varint) and UTF-8. `limit` is in bytes; the caller has checked the text
   * against it.
   */
  string(value: string, limit: number): void {
    this.reserve(MAX_VARINT_BYTES + value.length * 3)
    // Text and length are written in one pass: the limit decides how much room the length needs at most.
    const room = varintBytes(limit)
    const start = this.length + room
    const { written } = encoder.encodeInto(value, this.bytes.subarray(start))
    this.fixedVarint(written, room)
    this.length = start + written
  }

  /** Writes a varint padded to `size` bytes. */
  private fixedVarint(value: number, size: number): void {
    let rest = value
    for (let i = 0; i < size; i++) {
      this.bytes[this.length + i] = (rest & 0x7f) | (i < size - 1 ? 0x80 : 0)
      rest >>>= 7
    }
  }
}

/** Reads the bytes of a {@link ByteWriter} from untrusted memory. */
export class ByteReader {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  offset = 0
  /** One past the last byte that may be read. */
  end = 0
  /** Set by the first read that failed; every later read returns zero, an empty text or nothing. */
  failed = false
  /** Converts net ids to entity ids of this world. */
  entities: EntityMapper | undefined

  /** Starts again at `bytes[start .. end)`. Reading the same array again allocates nothing. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.offset = start
    this.end = end
    this.failed = false
  }

  /** Bytes left. */
  get left(): number {
    return this.end - this.offset
  }

  fail(): 0 {
    this.failed = true
    this.offset = this.end
    return 0
  }

  u8(): number {
    if (this.offset + 1 > this.end) return this.fail()
    return this.bytes[this.offset++]!
  }

  u16(): number {
    if (this.offset + 2 > this.end) return this.fail()
    const value = this.view.getUint16(this.offset, true)
    this.offset += 2
    return value
  }

  u32(): number {
    if (this.offset + 4 > this.end) return this.fail()
    const value = this.view.getUint32(this.offset, true)
    this.offset += 4
    return value
  }

  f32(): number {
    if (this.offset + 4 > this.end) return this.fail()
    const value = this.view.getFloat32(this.offset, true)
    this.offset += 4
    return value
  }

  f64(): number {
    if (this.offset + 8 > this.end) return this.fail()
    const value = this.view.getFloat64(this.offset, true)
    this.offset += 8
    return value
  }

  varint(): number {
    // Most numbers are small.
    if (this.offset < this.end) {
      const first = this.bytes[this.offset]!
      if (first < 0x80) {
        this.offset++
        return first
      }
    }
    return this.longVarint()
  }

  private longVarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.offset >= this.end) return this.fail()
      const byte = this.bytes[this.offset++]!
      // The fifth byte holds four bits; more would be lost silently.
      if (shift === 28 && byte > 0x0f) return this.fail()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    return this.fail()
  }

  uint(bytes: number): number {
    if (this.offset + bytes > this.end) return this.fail()
    let value = 0
    for (let i = 0; i < bytes; i++) value |= this.bytes[this.offset++]! << (8 * i)
    return value >>> 0
  }

  /** Reads text of at most `limit` bytes. A greater length, or bytes that are not UTF-8, fail. */
  string(limit: number): string {
    const length = this.varint()
    if (this.failed || length > limit || this.offset + length > this.end) {
      this.fail()
      return ''
    }
    const start = this.offset
    this.offset += length
    try {
      return decoder.decode(this.bytes.subarray(start, this.offset))
    } catch {
      this.fail()
      return ''
    }
  }

  skip(count: number): void {
    if (this.offset + count > this.end) this.fail()
    else this.offset += count
  }
}

/** The size of a text in bytes of UTF-8, without encoding it. A lone surrogate counts as U+FFFD, as it is encoded. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}
