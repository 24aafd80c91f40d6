// Where a request comes from: addresses in one form, lists of networks, and what a trusted proxy says of its client.
import { BlockList, isIP, isIPv6 } from 'node:net'

/** The proxies that one request may have passed; further ones are not looked at. */
const MAX_HOPS = 16

/** An address in its one form: IPv4 inside of IPv6 is IPv4, no zone, lower case. What is no address becomes ''. */
export function normalizeAddress(address: string | undefined): string {
  if (address === undefined) return ''
  const bare = address.replace(/%.*$/, '').toLowerCase()
  const kind = isIP(bare)
  if (kind !== 6) return kind === 4 ? bare : ''
  const groups = groupsOf(bare)
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.')
  }
  return groups.map((group) => group.toString(16)).join(':')
}

/**
 * Who counts as one when requests are counted: an IPv4 address, or the first 64 bits of an IPv6 address, since whoever has
 * one has them all. Takes the form of {@link normalizeAddress}.
 */
export function networkOfAddress(address: string): string {
  return isIPv6(address) ? address.split(':').slice(0, 4).join(':') : address
}

/** Whether a request comes from this machine itself: over loopback, or a socket that has no address. */
export function isLoopback(address: string): boolean {
  return address === '' || address.startsWith('127.') || address === '0:0:0:0:0:0:0:1'
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = readEmbedded(address).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) => parseInt(group, 16))
}

/** Writes the IPv4 address at the end of an IPv6 address, if there is one, as two groups. */
function readEmbedded(address: string): string {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  if (dotted === null) return address
  const [a, b, c, d] = dotted.slice(1).map(Number) as [number, number, number, number]
  return `${address.slice(0, dotted.index)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}

/** Addresses and networks, as `10.1.2.3`, `10.0.0.0/8`, `2001:db8::/32`. */
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
 * The client's address: that of the socket, or what the proxies in `trusted` say in `X-Forwarded-For`, read from its end as
 * far as they vouch for it. What stands before that, anybody may have written.
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

/** An address as proxies write it: with spaces, with a port, IPv6 in brackets. */
function normalizeForwarded(text: string): string {
  const entry = text.trim()
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)
  if (bracketed !== null) return normalizeAddress(bracketed[1])
  return normalizeAddress(/^[\d.]+:\d+$/.test(entry) ? entry.slice(0, entry.indexOf(':')) : entry)
}
