// Keeps what lets a session outlive its connection: its secret, and the packets that may have been lost with the link.
import { ReliableLog } from './reliable-log.js'

/** Bytes of reliable packets that each side of a session keeps for the case that the link breaks. */
export const RESUME_BYTES = 262_144

export class Resumable {
  /**
   * Identifies the session; a client that knows it may resume the session. 32 hexadecimal digits, '' until it is
   * known.
   */
  token = ''
  /** How long the server keeps the session after its link broke, in milliseconds. */
  keptMs = 0
  /** Reliable data packets received. */
  received = 0
  readonly sent = new ReliableLog(RESUME_BYTES)
  /** When the link broke, or -1 while it works; and the first packet that was not sent since. */
  brokenAt = -1
  unsentFrom = 0
  /** On a server: no packet of the client has arrived yet over the link to which the session moved. */
  isUnconfirmed = false
}

/** Makes a secret from the platform's cryptographic source. */
export function createToken(): string {
  let token = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) token += byte.toString(16).padStart(2, '0')
  return token
}
