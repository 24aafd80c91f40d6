// What lets a session outlive its connection: a secret that names it, and what may have been lost with the line.
import { ReliableLog } from './reliable-log.js'

/** Bytes of reliable packets kept for the case that the line breaks, for each side of a session. */
export const RESUME_BYTES = 262_144

export class Resumable {
  /** Names the session; whoever knows it may take the session over. 32 hexadecimal digits, '' until it is known. */
  token = ''
  /** How long the server keeps the session after the line broke, in milliseconds. */
  keptMs = 0
  /** Reliable data packets that arrived. */
  received = 0
  readonly sent = new ReliableLog(RESUME_BYTES)
  /** When the line broke, or -1 while it holds; and the first packet that was not sent since. */
  brokenAt = -1
  unsentFrom = 0
  /** On a server: the session has moved to a line over which its client has not been heard yet. */
  isUnconfirmed = false
}

/** A new secret, from the platform's cryptographic source. */
export function createToken(): string {
  let token = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(16))) token += byte.toString(16).padStart(2, '0')
  return token
}
