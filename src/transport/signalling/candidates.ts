// Chooses the addresses of a client to which the server sends packets.
//
// A server tries every candidate that it is given. An answer with foreign addresses makes it send packets to victims
// of the client, or to machines behind the server's own firewall. Honest clients do not need candidates: the server
// learns the address of a client that reaches it from its first packet (a peer-reflexive candidate, RFC 8445
// §7.3.1.3).
import { isIP } from 'node:net'
import { isThenable } from '../../protocol/thenable.js'
import { Networks } from './addresses.js'
import type { RemoteCandidate } from './description.js'

/**
 * The candidates of a client to which the server may send packets.
 *
 * - `'own'`: those at the address that its request came from.
 * - A list: these addresses and networks too, such as `10.0.0.0/8`.
 * - A function: those for which it returns true.
 * - `'all'`: any, including names of the local network, each of which costs a thread until it is resolved.
 */
export type CandidatePolicy =
  | 'own'
  | 'all'
  | readonly string[]
  | ((candidate: RemoteCandidate, client: { readonly address: string }) => boolean)

/** The most that are used; a client has no more than a few interfaces. */
const MAX_USED = 8

export class CandidateFilter {
  private readonly networks: Networks

  /** @throws RangeError when the list has an entry that is neither an address nor a network. */
  constructor(
    private readonly policy: CandidatePolicy,
    private readonly onError: () => void,
  ) {
    this.networks = new Networks(Array.isArray(policy) ? (policy as readonly string[]) : [])
  }

  /** The usable candidates of a client at `address` (in the form of `normalizeAddress`). */
  choose(candidates: readonly RemoteCandidate[], address: string): RemoteCandidate[] {
    return candidates.filter((candidate) => this.allows(candidate, address)).slice(0, MAX_USED)
  }

  private allows(candidate: RemoteCandidate, address: string): boolean {
    const { policy } = this
    if (policy === 'all') return true
    if (typeof policy === 'function') {
      try {
        // A promise does not count as true.
        const result: unknown = policy(candidate, { address })
        if (isThenable(result)) result.then(undefined, this.onError)
        return result === true
      } catch {
        this.onError()
        return false
      }
    }
    if (isIP(candidate.address) === 0) return false
    return candidate.address === address || this.networks.has(candidate.address)
  }
}
