// Generates hostile packets: random bytes, random sections after a valid header, and changed real packets.
import { ByteWriter } from '../../src/protocol/bytes.js'
import { PacketKind } from '../../src/protocol/packet-kind.js'

export type Random = () => number

/** A whole number from 0 to `below - 1`. */
export function pick(random: Random, below: number): number {
  return Math.floor(random() * below)
}

export function oneOf<T>(random: Random, list: readonly T[]): T {
  return list[pick(random, list.length)]!
}

/** Random bytes, more often few than many. */
export function randomBytes(random: Random, most: number): Uint8Array {
  const length = Math.floor(random() ** 3 * (most + 1))
  return Uint8Array.from({ length }, () => pick(random, 256))
}

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff]

/** A copy of `source` with one to four mutations. */
export function mutate(random: Random, source: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let bytes = Uint8Array.from(source)
  const changes = 1 + pick(random, 4)
  for (let i = 0; i < changes; i++) {
    const at = pick(random, bytes.length + 1)
    switch (pick(random, 7)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << pick(random, 8)
        break
      case 1:
        if (at < bytes.length) bytes[at] = oneOf(random, EXTREMES)
        break
      case 2:
        if (at < bytes.length) bytes[at] = pick(random, 256)
        break
      case 3:
        bytes = bytes.slice(0, at)
        break
      case 4: {
        // The end of another packet replaces the end of this one.
        const other = oneOf(random, others)
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...other.subarray(pick(random, other.length + 1))])
        break
      }
      case 5: {
        const end = Math.min(bytes.length, at + 1 + pick(random, 4))
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)])
        break
      }
      default: {
        const extra = Array.from({ length: 1 + pick(random, 5) }, () => oneOf(random, [...EXTREMES, pick(random, 256)]))
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...extra, ...bytes.subarray(at)])
      }
    }
  }
  return bytes.slice(0, 16_384)
}

/** A data packet with a valid header and random sections. */
export function guessedSections(random: Random, tick: number): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(PacketKind.Data)
  writer.u8(0)
  writer.varint(tick)
  writer.varint(0)
  const sections = 1 + pick(random, 4)
  for (let s = 0; s < sections; s++) {
    writer.u8(pick(random, 24))
    const fields = pick(random, 8)
    for (let f = 0; f < fields; f++) {
      if (random() < 0.5) writer.varint(pick(random, 2 ** oneOf(random, [3, 7, 14, 21, 32])))
      else writer.u8(pick(random, 256))
    }
  }
  return writer.bytes.slice(0, writer.length)
}

/** One packet of any of these kinds. `recorded` are real packets in the same direction. */
export function hostilePacket(random: Random, recorded: readonly Uint8Array[], tick: number): Uint8Array {
  const sort = random()
  if (sort < 0.25) return randomBytes(random, 1200)
  if (sort < 0.5) return guessedSections(random, tick)
  return mutate(random, oneOf(random, recorded), recorded)
}
