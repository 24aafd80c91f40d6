// Finds the address that a request came from, with lists of networks and the headers of trusted proxies.
import { BlockList, isIPv6 } from 'node:net'
import { normalizeAddress } from '../addresses.js'

/** The most proxies that one request may have passed; further ones are ignored. */
const MAX_HOPS = 16

/** Addresses and networks, such as `10.1.2.3`, `10.0.0.0/8`, `2001:db8::/32`. */
export class Networks {
  private readonly list = new BlockList()

  /** @throws RangeError when an entry is neither an address nor a network. */
  constructor(entries: readonly string[] = []) {
    for (const entry of entries) this.add(entry)
  }

  /** Takes the form of {@link normalizeAddress}. */
  has(address: string): boolean {
    return address !== '' && this.list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }

  /** @throws RangeError when it is neither an address nor a network. */
  add(entry: unknown): void {
    const [base = '', bits, ...rest] = typeof entry === 'string' ? entry.split('/') : []
    const address = normalizeAddress(base)
    const width = isIPv6(address) ? 128 : 32
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN
    if (address === '' || rest.length > 0 || !(prefix <= width)) {
      throw new RangeError(`${String(entry)} is no address, and no network such as 10.0.0.0/8`)
    }
    this.list.addSubnet(address, prefix, width === 128 ? 'ipv6' : 'ipv4')
  }
}

/**
 * The client's address: that of the socket, or the one in `X-Forwarded-For` of the proxies in `trusted`. The header is
 * read from its end, as far as trusted proxies wrote it. A client may have written anything before that.
 */
export function clientAddress(socket: string | undefined, forwarded: string | undefined, trusted: Networks): string {
  let address = normalizeAddress(socket)
  let rest = forwarded
  for (let hop = 0; hop < MAX_HOPS && rest !== undefined && trusted.has(address); hop++) {
    const comma = rest.lastIndexOf(',')
    const before = normalizeForwarded(rest.slice(comma + 1))
    if (before === '') break
    address = before
    rest = comma < 0 ? undefined : rest.slice(0, comma)
  }
  return address
}

/** Converts an address as proxies write it: with spaces, with a port, IPv6 in brackets. */
function normalizeForwarded(text: string): string {
  const entry = text.trim()
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)
  if (bracketed !== null) return normalizeAddress(bracketed[1])
  return normalizeAddress(/^[\d.]+:\d+$/.test(entry) ? entry.slice(0, entry.indexOf(':')) : entry)
}

/** Reads a header that a client may send more than once. */
export function textOfHeader(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join(',') : header
}
