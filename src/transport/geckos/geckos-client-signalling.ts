// The client's half of the signalling, in place of geckos' own: it says when a server wants to be asked again, notices
// an answer that is refused, and asks for candidates only as long as there may be more, and they are of use.

import { readText } from './bounded-text.js'
import { readRefusal, type RefusalText } from './refusal-text.js'

/** What we use of geckos' manager of connections; its `connect` is replaced by {@link negotiate}. */
export interface SignallingManager {
  readonly rtcConfiguration?: RTCConfiguration
  readonly dataChannel: RTCDataChannel | undefined
  localPeerConnection: RTCPeerConnection
  remotePeerConnection?: { readonly id: string }
}

export interface NegotiationOptions {
  /** Where the server's signalling is, without its path. */
  readonly url: string
  readonly authorization: string | undefined
  /** The try has ended, well or not: nothing more is asked for. */
  readonly isOver: () => boolean
  /** Resolves when the first channel is there. */
  readonly channel: Promise<void>
}

/** What geckos expects of it. */
export type Negotiated =
  | { error: unknown }
  | { userData: object; localPeerConnection: RTCPeerConnection; dataChannel: RTCDataChannel | undefined; id: string }

/** The server refused a request. */
export class SignallingRefusal extends Error {
  constructor(
    readonly status: number,
    /** When it wants to be asked again, in milliseconds; undefined when it did not say. */
    readonly retryAfter: number | undefined,
    /** Why, in words for the player, where it said so. */
    readonly refusal?: RefusalText,
  ) {
    super(`HTTP ${status}`)
  }
}

/** What a server says of a connection that it has begun. */
interface BegunConnection {
  readonly id: string
  readonly localDescription: RTCSessionDescriptionInit
  /** Its addresses, and whether these are all. A server that is geckos as it comes says neither. */
  readonly candidates?: unknown
  readonly isComplete?: unknown
}

/** How long a server may make a client wait, in seconds. */
const LONGEST_WAIT = 60
/** The pauses between requests for candidates, in milliseconds: the first, and how they grow. */
const FIRST_PAUSE = 40
const GROWTH = 1.8
const REQUESTS = 10
/** The most that are taken of one list; a server has no more than a few interfaces. */
const MOST_CANDIDATES = 64
/** The most bytes of an answer, which has a hundredth of that; and how long it may take, in milliseconds. A server may be hostile too. */
const MOST_BYTES = 262_144
const REQUEST_LIMIT = 30_000

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
    // Not before: a server without our answer drops our checks, and the next ones come after half a second.
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
    signal: AbortSignal.timeout(REQUEST_LIMIT),
  })
  if (response.ok) return response
  throw new SignallingRefusal(response.status, waitWantedBy(response), await readRefusal(response))
}

async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response, MOST_BYTES)
  if (text === undefined) throw new Error('the answer is too long')
  return JSON.parse(text)
}

function waitWantedBy(response: Response): number | undefined {
  const seconds = response.headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(seconds) ? Math.min(Number(seconds), LONGEST_WAIT) * 1000 : undefined
}

function isOffer(offer: unknown): offer is BegunConnection {
  if (typeof offer !== 'object' || offer === null || !('id' in offer) || !('localDescription' in offer)) return false
  const { id, localDescription } = offer
  if (typeof id !== 'string' || !/^[\w-]{1,128}$/.test(id)) return false
  return typeof localDescription === 'object' && localDescription !== null && 'sdp' in localDescription
}

/** Takes a list of a server's addresses. */
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
      // One that this client has no use for; another one may do, or the time-out follows.
    }
  }
}

/** The server goes on to find addresses of its own behind its offer. */
async function fetchCandidates(url: string, connection: RTCPeerConnection, options: NegotiationOptions): Promise<void> {
  let pause = FIRST_PAUSE
  for (let i = 0; i < REQUESTS; i++, pause *= GROWTH) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    if (options.isOver()) return
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_LIMIT) })
      if (!response.ok) continue
      await addCandidates(connection, await readJson(response), options)
    } catch {
      // The next request, or the time-out, follows.
    }
  }
}
