// Sends hostile requests to the signalling through a raw socket, because no HTTP client would send them.
import net from 'node:net'
import { oneOf, pick, type Random, randomBytes } from '../generate.js'
import { hostileAnswer, mutateText, PATHS } from '../targets/signalling.js'

/** The bytes that are written to one socket. */
export interface HostileRequest {
  /** The number of requests in it. */
  readonly count: number
  readonly bytes: Uint8Array
  /** Where it pauses, and for how many milliseconds; -1 for no pause. */
  readonly pauseAt: number
  readonly pauseFor: number
  /** Whether the socket is closed in the middle, without waiting for a response. */
  readonly isAborted: boolean
}

const METHODS = [
  'POST',
  'POST',
  'POST',
  'GET',
  'GET',
  'OPTIONS',
  'HEAD',
  'PUT',
  'DELETE',
  'PATCH',
  'TRACE',
  'CONNECT',
  'BREW',
  '',
]
const HEADERS = [
  'host: localhost',
  'origin: https://evil.example',
  'origin: null',
  'authorization: Bearer x',
  'x-forwarded-for: 1.2.3.4, ::1, junk',
  'content-type: application/json',
  'transfer-encoding: chunked',
  'transfer-encoding: identity, chunked',
  'content-length: 0',
  'content-length: 99999999999',
  'content-length: -1',
  'expect: 100-continue',
  'upgrade: websocket',
  'connection: upgrade',
  'connection: close',
  'access-control-request-method: POST',
  `cookie: ${'c'.repeat(5000)}`,
  `x: ${'y'.repeat(20_000)}`,
  ': empty',
  'no colon',
  'bad\u0000name: 1',
]
/** The timeout of a socket, in milliseconds. */
const LIMIT = 1500

function oneRequest(random: Random): string {
  const path = random() < 0.3 ? mutateText(random, oneOf(random, PATHS)) : oneOf(random, PATHS)
  const body = random() < 0.6 ? hostileAnswer(random) : ''
  const size = random() < 0.8 ? Buffer.byteLength(body) : oneOf(random, [0, 1, Buffer.byteLength(body) + 7, 70_000])
  const headers = Array.from({ length: pick(random, 4) }, () => oneOf(random, HEADERS))
  if (body !== '') headers.push(`content-length: ${size}`)
  headers.unshift('host: 127.0.0.1')
  const version = random() < 0.95 ? 'HTTP/1.1' : oneOf(random, ['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''])
  return `${oneOf(random, METHODS)} ${path} ${version}\r\n${headers.join('\r\n')}\r\n\r\n${body}`
}

/** One request, or several pipelined ones, partly delayed or truncated. */
export function hostileRequest(random: Random): HostileRequest {
  const count = random() < 0.1 ? 2 + pick(random, 10) : 1
  let text = Array.from({ length: count }, () => oneRequest(random)).join('')
  if (random() < 0.1) text = mutateText(random, text)
  const bytes = random() < 0.03 ? randomBytes(random, 5000) : new TextEncoder().encode(text)
  const isAborted = random() < 0.15
  const pauseAt = random() < 0.2 || isAborted ? pick(random, bytes.length + 1) : -1
  return { count, bytes, pauseAt, pauseFor: pick(random, 300), isAborted }
}

/** Sends it; resolves to the statuses of the responses, or [0] without one. */
export function sendRequest(port: number, request: HostileRequest): Promise<number[]> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = net.connect(port, '127.0.0.1')
    const timer = setTimeout(() => socket.destroy(), LIMIT)
    const { bytes, pauseAt, pauseFor, isAborted } = request
    socket.on('connect', () => {
      socket.write(bytes.subarray(0, pauseAt < 0 ? bytes.length : pauseAt))
      if (pauseAt < 0) socket.end()
      else setTimeout(() => (isAborted ? socket.destroy() : socket.end(bytes.subarray(pauseAt))), pauseFor)
    })
    socket.on('data', (data) => (heard += data.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      const statuses = [...heard.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map((match) => Number(match[1]))
      resolve(statuses.length > 0 ? statuses : [0])
    })
  })
}
