// A client of somebody else's making: its protocol passes for the server's and is another one.
import { custom, type Protocol, type SchemaType } from 'bitecs-net'

/** `forged`, with the hash of `genuine`: a server cannot tell it from its own. */
export function passOff<P extends Protocol>(forged: P, genuine: Protocol): P {
  const { description, hashHigh, hashLow } = genuine
  return { ...forged, description, hashHigh, hashLow }
}

/** Writes its bytes as they are: in the place of any type, so that the receiver reads what no honest sender writes. */
export const raw: SchemaType<Uint8Array> = custom({
  text: 'raw',
  maxBytes: 1000,
  zero: new Uint8Array(),
  check: () => {},
  write(writer, value) {
    for (const byte of value) writer.u8(byte)
  },
  read: () => new Uint8Array(),
})
