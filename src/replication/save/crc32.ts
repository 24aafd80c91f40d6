// Computes a CRC-32, as in Ethernet, zip and PNG (ISO 3309; the reflected polynomial 0xEDB88320).
//
// It finds bytes that a disk or a transfer has changed. It does not protect against deliberate changes.

let table: Uint32Array | undefined

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte
    for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ 0xedb88320
    return rest
  })
}

/** The checksum of `bytes[0 .. end)`. */
export function crc32(bytes: Uint8Array, end: number): number {
  const remainders = (table ??= makeTable())
  let crc = 0xffffffff
  for (let i = 0; i < end; i++) crc = remainders[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
