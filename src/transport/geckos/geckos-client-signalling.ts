// Replaces geckos' own client side of the signalling. It reports when a server asks for another try later, and notices
// a refused answer. It requests candidates only while more may follow and they are useful.

import { readText } from './bounded-text.js'
import { readRefusal, type RefusalText } from './refusal-text.js'

/** The part of geckos' connection manager that we use; its `connect` is replaced by {@link negotiate}. */
export interface SignallingManager {
  readonly rtcConfiguration?: RTCConfiguration
  readonly dataChannel: RTCDataChannel | undefined
  localPeerConnection: RTCPeerConnection
  remotePeerConnection?: { readonly id: string }
}

export interface NegotiationOptions {
  /** The address of the server's signalling, without its path. */
  readonly url: string
  readonly authorization: string | undefined
  /** Whether the attempt has ended, in success or failure: no more requests are sent then. */
  readonly isOver: () => boolean
  /** Resolves when the first channel exists. */
  readonly channel: Promise<void>
}

/** What geckos expects from it. */
export type Negotiated =
  | { error: unknown }
  | { userData: object; localPeerConnection: RTCPeerConnection; dataChannel: RTCDataChannel | undefined; id: string }

/** The server refused a request. */
export class SignallingRefusal extends Error {
  constructor(
    readonly status: number,
    /** The server's delay until another try, in milliseconds; undefined when it sent none. */
    readonly retryAfter: number | undefined,
    /** The reason for the player, where the server sent one. */
    readonly refusal?: RefusalText,
  ) {
    super(`HTTP ${status}`)
  }
}

/** The server's answer about a connection that it has begun. */
interface BegunConnection {
  readonly id: string
  readonly localDescription: RTCSessionDescriptionInit
  /** Its addresses, and whether these are all. An unmodified geckos server sends neither. */
  readonly candidates?: unknown
  readonly isComplete?: unknown
}

/** The longest delay that a server may ask for, in seconds. */
const LONGEST_WAIT_SECONDS = 60
/** The pauses between requests for candidates, in milliseconds: the first, and how they grow. */
const FIRST_PAUSE_MS = 40
const GROWTH = 1.8
const REQUESTS = 10
/** The most candidates that are used of one list; a server has no more than a few interfaces. */
const MOST_CANDIDATES = 64
/**
 * The most bytes of an answer, a hundred times what one has, and how long it may take, in milliseconds. A server may
 * be hostile too.
 */
const LARGEST_ANSWER_BYTES = 262_144
const REQUEST_LIMIT_MS = 30_000

/** Begins a connection, answers the server's offer, and waits for a channel. Never rejects. */
export async function negotiate(manager: SignallingManager, options: NegotiationOptions): Promise<Negotiated> {
  const route = `${options.url}/.wrtc/v2/connections`
  try {
    const { id, localDescription, candidates, isComplete } = await begin(route, options.authorization)
    manager.remotePeerConnection = { id }
    const connection = new RTCPeerConnection(manager.rtcConfiguration)
    manager.localPeerConnection = connection
    await connection.setRemoteDescription(localDescription)
    await connection.setLocalDescription(await connection.createAnswer())
    const { type, sdp } = connection.localDescription ?? {}
    await post(`${route}/${id}/remote-description`, {}, JSON.stringify({ type, sdp }))
    // Not earlier: a server without our answer drops our checks, and the next ones follow after half a second.
    await addCandidates(connection, candidates, options)
    if (isComplete !== true) void fetchCandidates(`${route}/${id}/additional-candidates`, connection, options)
    await options.channel
    return { userData: {}, localPeerConnection: connection, dataChannel: manager.dataChannel, id }
  } catch (error) {
    return { error }
  }
}

async function begin(route: string, authorization: string | undefined): Promise<BegunConnection> {
  const response = await post(route, authorization === undefined ? {} : { authorization })
  const offer = await readJson(response)
  if (!isOffer(offer)) throw new Error('the answer is no offer of a connection')
  return offer
}

async function post(url: string, headers: Record<string, string>, body?: string): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  })
  if (response.ok) return response
  throw new SignallingRefusal(response.status, waitWantedBy(response), await readRefusal(response))
}

async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response, LARGEST_ANSWER_BYTES)
  if (text === undefined) throw new Error('the answer is too long')
  return JSON.parse(text)
}

function waitWantedBy(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(seconds) ? Math.min(Number(seconds), LONGEST_WAIT_SECONDS) * 1000 : undefined
}

function isOffer(offer: unknown): offer is BegunConnection {
  if (typeof offer !== 'object' || offer === null || !('id' in offer) || !('localDescription' in offer)) return false
  const { id, localDescription } = offer
  if (typeof id !== 'string' || !/^[\w-]{1,128}$/.test(id)) return false
  return typeof localDescription === 'object' && localDescription !== null && 'sdp' in localDescription
}

/** Adds a list of a server's addresses. */
async function addCandidates(
  connection: RTCPeerConnection,
  candidates: unknown,
  { isOver }: NegotiationOptions,
): Promise<void> {
  if (!Array.isArray(candidates)) return
  for (const candidate of candidates.slice(0, MOST_CANDIDATES)) {
    if (isOver()) return
    try {
      await connection.addIceCandidate(candidate as RTCIceCandidateInit)
    } catch {
      // This client cannot use it; another may work, or the timeout follows.
    }
  }
}

/** Requests the addresses that the server finds after its offer. */
async function fetchCandidates(url: string, connection: RTCPeerConnection, options: NegotiationOptions): Promise<void> {
  let pause = FIRST_PAUSE_MS
  for (let i = 0; i < REQUESTS; i++, pause *= GROWTH) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    if (options.isOver()) return
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) })
      if (!response.ok) continue
      await addCandidates(connection, await readJson(response), options)
    } catch {
      // The next request, or the timeout, follows.
    }
  }
}
