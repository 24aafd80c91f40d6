// Whether a client that says hello speaks as this server does.
import { utf8Length } from '../../protocol/bytes.js'
import { MAX_REASON_BYTES } from '../../protocol/limits.js'
import type { Hello } from '../../protocol/packet.js'
import { type Protocol, protocolDifferences, WIRE_VERSION } from '../../protocol/protocol.js'

/** Why a client is turned away. */
export interface Refusal {
  readonly code: string
  /** For the player. */
  readonly text: string
  /** What the server's own log tells, where the client's room is short. */
  readonly detail?: string
}

/** Bytes of all that the log is told, which a client may make long: entries wait by the thousand where nobody drains them. */
const MAX_DETAIL_BYTES = 4096

/** Why a client cannot be understood; undefined when it can. */
export function checkHello(hello: Hello, protocol: Protocol): Refusal | undefined {
  if (hello.wireVersion !== WIRE_VERSION) {
    const text = `the server speaks version ${WIRE_VERSION} of the wire format, the client ${hello.wireVersion}`
    return { code: 'wire-version', text }
  }
  if (hello.hashHigh === protocol.hashHigh && hello.hashLow === protocol.hashLow) return undefined
  const differences = protocolDifferences(protocol.description, hello.description)
  const text = listDifferences(differences, MAX_REASON_BYTES)
  return { code: 'protocol-mismatch', text, detail: listDifferences(differences, MAX_DETAIL_BYTES) }
}

/** The differences that fit `limit` bytes, whole, and how many more there are. */
function listDifferences(differences: readonly string[], limit: number): string {
  const room = limit - 40
  let text = 'the protocols differ'
  let listed = 0
  for (const difference of differences) {
    const longer = `${text}${listed === 0 ? ': ' : '; '}${difference}`
    if (utf8Length(longer) > room) break
    text = longer
    listed++
  }
  const more = differences.length - listed
  return more > 0 ? `${text}; and ${more} more` : text
}
