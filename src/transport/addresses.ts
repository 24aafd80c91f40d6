// Converts internet addresses to one form, so that all spellings of an address are equal. Works without Node, since
// the world of a browser's host uses addresses too.
import type { PeerId, Transport } from './transport.js'

const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`)
const EMBEDDED_IPV4 = /^(.*:)([\d.]+)$/
const IPV6_GROUP = /^[0-9a-f]{1,4}$/
/** The longest address, with an IPv4 address at its end, and a zone. */
const MAX_LENGTH = 128

/**
 * Converts an address to one form. IPv6 is written as RFC 5952 §4 recommends: in lower case, the longest zeros as
 * `::`. IPv4 inside IPv6 becomes IPv4, and a zone is removed. Anything that is not an address becomes ''.
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

/** A peer's address in the form of {@link normalizeAddress}; undefined where the transport does not know it. */
export function addressOf(transport: Transport, peer: PeerId): string | undefined {
  return normalizeAddress(transport.infoOf?.(peer)?.address) || undefined
}

/**
 * The part of an address that identifies one client for limits: a whole IPv4 address, a loopback address, or the first
 * 64 bits of an IPv6 address, such as `2001:db8:0:1::`. A client with one address of such a network has all of them.
 * Takes and returns the form of {@link normalizeAddress}.
 */
export function networkOfAddress(address: string): string {
  if (!address.includes(':') || isLoopback(address)) return address
  const groups = groupsOf(address)
  return groups === undefined ? '' : writeGroups(groups.fill(0, 4))
}

/** Whether an address is this machine's: loopback, or a socket without an address. */
export function isLoopback(address: string): boolean {
  return address === '' || address.startsWith('127.') || address === '::1'
}

/** Writes the eight groups of an IPv6 address. The first of the longest runs of zeros is shortened (RFC 5952 §4.2). */
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

/** The eight groups of an IPv6 address (RFC 4291 §2.2); undefined when the text is not one. */
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
