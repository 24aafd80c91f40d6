// Reads a client's answer and writes it as a new description. Only values that were checked one by one reach the
// native library.
//
// A session description (RFC 8866, RFC 8829) is a text of many lines that few programs read carefully. An answer for
// data channels has only eight lines that matter. These are read, checked, and written into our own description.
import { isIP } from 'node:net'
import { normalizeAddress } from '../addresses.js'

/** An address at which the client claims to be reachable. */
export interface RemoteCandidate {
  /** An IPv4 or IPv6 address, or a name that ends in `.local`, in lower case. */
  readonly address: string
  /** 1 to 65,535. */
  readonly port: number
  readonly type: 'host' | 'srflx' | 'prflx' | 'relay'
  /** 0 to 2³² - 1; higher ones are tried earlier. */
  readonly priority: number
}

/** The contents of an answer. */
export interface Answer {
  readonly ufrag: string
  readonly password: string
  /** The certificate's hash: `sha-256 AB:CD:…`. */
  readonly fingerprint: string
  readonly setup: string
  readonly mid: string
  readonly sctpPort: number
  readonly maxMessageSize: number
  readonly candidates: readonly RemoteCandidate[]
}

/** The most characters of a description, lines in it, and lines of candidates. Browsers send a tenth of that. */
const MAX_LENGTH = 32 * 1024
const MAX_LINES = 256
const MAX_CANDIDATES = 64
/** The most bytes of one message to a client, whatever its answer claims. */
const MAX_MESSAGE_SIZE = 262_144

const LINE = /^[a-z]=[\x20-\x7e]{0,1000}$/
const MEDIA = /^m=application \d{1,5} (?:UDP\/)?DTLS\/SCTP webrtc-datachannel$/
const CANDIDATE =
  /^candidate:[\w+/]{1,32} 1 udp (\d{1,10}) ([\w.:-]{1,128}) (\d{1,5}) typ (host|srflx|prflx|relay)(?: |$)/i

/** The attributes that are used; each may occur once. */
const ATTRIBUTES = {
  'ice-ufrag': /^[\w+/]{4,256}$/,
  'ice-pwd': /^[\w+/]{22,256}$/,
  fingerprint: /^sha-(?:256|384|512) [\dA-F]{2}(?::[\dA-F]{2}){31,63}$/i,
  setup: /^(?:active|passive)$/,
  mid: /^[\w-]{1,32}$/,
  'sctp-port': /^\d{1,5}$/,
  'max-message-size': /^\d{1,10}$/,
} as const
type Attribute = keyof typeof ATTRIBUTES

/** Reads an answer from the body of a request; undefined when it is invalid. */
export function readAnswer(body: string): Answer | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('sdp' in parsed) || !('type' in parsed)) return undefined
  return parsed.type === 'answer' && typeof parsed.sdp === 'string' ? readDescription(parsed.sdp) : undefined
}

function readDescription(sdp: string): Answer | undefined {
  if (sdp.length > MAX_LENGTH) return undefined
  const lines = sdp.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  if (lines.length > MAX_LINES || lines[0] !== 'v=0' || !lines.every((line) => LINE.test(line))) return undefined
  const media = lines.filter((line) => line.startsWith('m='))
  if (media.length !== 1 || !MEDIA.test(media[0]!)) return undefined
  const attributes = readAttributes(lines)
  const lists = lines.filter((line) => line.startsWith('a=candidate:'))
  if (attributes === undefined || lists.length > MAX_CANDIDATES) return undefined
  const { 'ice-ufrag': ufrag, 'ice-pwd': password, fingerprint, setup } = attributes
  if (ufrag === undefined || password === undefined || fingerprint === undefined || setup === undefined)
    return undefined
  const sctpPort = Number(attributes['sctp-port'] ?? 5000)
  if (sctpPort < 1 || sctpPort > 65_535) return undefined
  // 0 means any size; 64 KiB is the default (RFC 8841 §6).
  const maxMessageSize = Number(attributes['max-message-size'] ?? 65_536) || MAX_MESSAGE_SIZE
  if (maxMessageSize < 65_536) return undefined
  const candidates = lists.map(readCandidate).filter((candidate) => candidate !== undefined)
  const mid = attributes.mid ?? '0'
  const size = Math.min(maxMessageSize, MAX_MESSAGE_SIZE)
  return { ufrag, password, fingerprint, setup, mid, sctpPort, maxMessageSize: size, candidates }
}

/** Reads and checks the attributes; undefined when one is invalid, or occurs twice with different values. */
function readAttributes(lines: readonly string[]): { [A in Attribute]?: string } | undefined {
  const found: { [A in Attribute]?: string } = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(2, colon)
    if (colon < 0 || !line.startsWith('a=') || !Object.hasOwn(ATTRIBUTES, name)) continue
    const attribute = name as Attribute
    const value = line.slice(colon + 1).trim()
    if (!ATTRIBUTES[attribute].test(value) || (found[attribute] ?? value) !== value) return undefined
    found[attribute] = value
  }
  return found
}

/** Reads a usable candidate: over UDP, for the only component, at an address or a name of the local network. */
function readCandidate(line: string): RemoteCandidate | undefined {
  const match = CANDIDATE.exec(line.slice(2))
  if (match === null) return undefined
  const priority = Number(match[1])
  const port = Number(match[3])
  const name = match[2]!.toLowerCase()
  const address = isIP(name) === 0 && /^[\w-]+\.local$/.test(name) ? name : normalizeAddress(name)
  if (address === '' || port < 1 || port > 65_535 || priority > 0xffffffff) return undefined
  return { address, port, priority, type: match[4]!.toLowerCase() as RemoteCandidate['type'] }
}

/** Writes a description with these candidates, for the native library. */
export function writeDescription(answer: Answer, candidates: readonly RemoteCandidate[]): string {
  const { mid, ufrag, password, fingerprint, setup, sctpPort, maxMessageSize } = answer
  const lines = [
    'v=0',
    'o=- 0 0 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${mid}`,
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    `a=mid:${mid}`,
    `a=setup:${setup}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    'a=ice-options:trickle',
    `a=fingerprint:${fingerprint}`,
    `a=sctp-port:${sctpPort}`,
    `a=max-message-size:${maxMessageSize}`,
    ...candidates.map(
      ({ priority, address, port, type }, i) => `a=candidate:${i + 1} 1 UDP ${priority} ${address} ${port} typ ${type}`,
    ),
  ]
  return `${lines.join('\r\n')}\r\n`
}
