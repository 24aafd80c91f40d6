// Checks that a client's hello has the version and protocol of this server.
import { utf8Length } from '../../protocol/bytes.js'
import { MAX_REASON_BYTES } from '../../protocol/limits.js'
import type { Hello } from '../../protocol/packet.js'
import { type Protocol, protocolDifferences, WIRE_VERSION } from '../../protocol/protocol.js'

/** Why a client is refused. */
export interface HelloRefusal {
  readonly code: string
  /** For the player. */
  readonly text: string
  /** The longer text for the server's own log. */
  readonly detail?: string
}

/** The most bytes of a detail, which a client can make long. A log that is not drained keeps thousands of entries. */
const MAX_DETAIL_BYTES = 4096

/** Why a client is incompatible; undefined when it is not. */
export function checkHello(hello: Hello, protocol: Protocol): HelloRefusal | undefined {
  if (hello.wireVersion !== WIRE_VERSION) {
    const text = `the server speaks version ${WIRE_VERSION} of the wire format, the client ${hello.wireVersion}`
    return { code: 'wire-version', text }
  }
  if (hello.hashHigh === protocol.hashHigh && hello.hashLow === protocol.hashLow) return undefined
  const differences = protocolDifferences(protocol.description, hello.description)
  const text = listDifferences(differences, MAX_REASON_BYTES)
  return { code: 'protocol-mismatch', text, detail: listDifferences(differences, MAX_DETAIL_BYTES) }
}

/** Lists the whole differences that fit `limit` bytes, and how many more there are. */
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
