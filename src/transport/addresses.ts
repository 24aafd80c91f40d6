// Addresses of the internet in one form, so that the same one is told in every way to write it. Without Node's help, since
// the world of a browser's host knows addresses too.
import type { PeerId, Transport } from './transport.js'

const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`)
const EMBEDDED_IPV4 = /^(.*:)([\d.]+)$/
const IPV6_GROUP = /^[0-9a-f]{1,4}$/
/** The longest address, with an IPv4 address at its end, and a zone. */
const MAX_LENGTH = 128

/**
 * An address in its one form: IPv6 as RFC 5952 §4 recommends, in lower case and with its longest zeros as `::`, but IPv4
 * inside of IPv6 is IPv4; no zone. What is no address becomes ''.
 */
export function normalizeAddress(address: string | undefined): string {
  if (address === undefined || address.length > MAX_LENGTH) return ''
  const bare = address.replace(/%.*$/, '').toLowerCase()
  if (IPV4.test(bare)) return bare
  const groups = groupsOf(bare)
  if (groups === undefined) return ''
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return [groups[6]! >> 8, groups[6]! & 255, groups[7]! >> 8, groups[7]! & 255].join('.')
  }
  return writeGroups(groups)
}

/** Where a peer is, in the form of {@link normalizeAddress}; undefined where the transport does not know. */
export function addressOf(transport: Transport, peer: PeerId): string | undefined {
  return normalizeAddress(transport.infoOf?.(peer)?.address) || undefined
}

/**
 * Who counts as one: an IPv4 address, this machine itself, or the first 64 bits of an IPv6 address, since whoever has one has
 * them all: `2001:db8:0:1::`. Takes and gives the form of {@link normalizeAddress}.
 */
export function networkOfAddress(address: string): string {
  if (!address.includes(':') || isLoopback(address)) return address
  const groups = groupsOf(address)
  return groups === undefined ? '' : writeGroups(groups.fill(0, 4))
}

/** Whether an address is this machine itself: over loopback, or a socket that has no address. */
export function isLoopback(address: string): boolean {
  return address === '' || address.startsWith('127.') || address === '::1'
}

/** Writes the eight groups of an IPv6 address, of its longest runs of zeros the first one short (RFC 5952 §4.2). */
function writeGroups(groups: readonly number[]): string {
  let start = 0
  let length = 1
  for (let from = 0; from < groups.length; from++) {
    let to = from
    while (groups[to] === 0) to++
    if (to - from > length) [start, length] = [from, to - from]
  }
  const write = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  return length === 1 ? write(groups) : `${write(groups.slice(0, start))}::${write(groups.slice(start + length))}`
}

/** The eight groups of an IPv6 address (RFC 4291 §2.2); undefined when it is none. */
function groupsOf(address: string): number[] | undefined {
  const halves = withoutIpv4(address)?.split('::')
  if (halves === undefined || halves.length > 2) return undefined
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const zeros = 8 - left.length - right.length
  if (halves.length === 2 ? zeros < 1 : zeros !== 0) return undefined
  if (![...left, ...right].every((group) => IPV6_GROUP.test(group))) return undefined
  return [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) => parseInt(group, 16))
}

/** Writes the IPv4 address at the end of an IPv6 address, if there is one, as two groups. */
function withoutIpv4(address: string): string | undefined {
  const [, front, ipv4] = address.includes('.') ? (EMBEDDED_IPV4.exec(address) ?? []) : []
  if (front === undefined || ipv4 === undefined) return address.includes('.') ? undefined : address
  if (!IPV4.test(ipv4)) return undefined
  const [a, b, c, d] = ipv4.split('.').map(Number) as [number, number, number, number]
  return `${front}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}
