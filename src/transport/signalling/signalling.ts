// Answers the requests of the signalling, in front of geckos and the native library. Every request was checked,
// counted and paced before it reaches them, and every error behind it ends in an answer.
import type http from 'node:http'
import type { RefusalText } from '../geckos/refusal-text.js'
import type { PeerInfo } from '../transport.js'
import { clientAddress, type Networks, textOfHeader } from './addresses.js'
import { type Admission, Place } from './admission.js'
import type { Authorization } from './authorization.js'
import { isTooLarge, readBody } from './body.js'
import type { CandidateFilter } from './candidates.js'
import type { SignallingCounters } from './counters.js'
import { readAnswer, writeDescription } from './description.js'
import type { Origins } from './origins.js'
import type { Offer } from './offer.js'
import type { Pace } from './pace.js'
import { respond } from './reply.js'
import { METHOD, readRoute, type Route } from './route.js'
import { Status } from './status.js'

/** A connection that is being made, or has been made. */
export interface SignalledPeer {
  /** The secret for all requests about the connection; only its client knows it. */
  readonly signallingId: string
  /** The offer that its client was sent. */
  readonly offer: Offer | undefined
  /** The client's address when it began to connect. */
  readonly address: string
  /** An answer is being read, or was accepted. */
  isAnswered: boolean
  /** Passes the answer on. Returns false when the native library refuses it. */
  takeAnswer(sdp: string): boolean
  /** Removes and returns the server's candidates that were not requested yet. */
  takeCandidates(): readonly object[]
  /** Its client closed the connection. */
  clientLeft(): void
  /** Ends the attempt: the connection cannot be made. */
  giveUp(text: string): void
}

export interface SignallingParts {
  readonly counters: SignallingCounters
  readonly origins: Origins
  readonly proxies: Networks
  readonly admission: Admission
  readonly authorization: Authorization
  /** Why no client may connect from an address, in the form of `boundRefusal`; undefined where clients may. */
  refuse(address: string): RefusalText | undefined
  readonly pace: Pace
  readonly candidates: CandidateFilter
  /** How long a body may take, in milliseconds. */
  readonly bodyTime: number
  /** Makes a connection, which then owns the place. Undefined when that failed. */
  open(place: Place, info: PeerInfo): Promise<SignalledPeer | undefined>
  find(id: string): SignalledPeer | undefined
}

/** One request and where to answer it. */
interface Exchange {
  readonly request: http.IncomingMessage
  readonly response: http.ServerResponse
}

export class Signalling {
  private isClosing = false
  /** One controller per waiting request; aborting it ends the wait. */
  private readonly waiting = new Set<AbortController>()

  constructor(private readonly parts: SignallingParts) {}

  /** Answers any request, at once or later. Never throws. */
  take(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { counters } = this.parts
    const exchange = { request, response }
    counters.signallingRequests++
    void this.answer(exchange).catch(() => {
      counters.signallingErrors++
      respond(request, response, Status.Failed)
    })
  }

  /** Refuses every client, waiting ones included. */
  close(): void {
    this.isClosing = true
    for (const leaving of this.waiting) leaving.abort()
  }

  private async answer(exchange: Exchange): Promise<void> {
    const { request, response } = exchange
    const { counters, origins } = this.parts
    const route = readRoute(request.url ?? '')
    if (route === undefined) return this.malformed(exchange, Status.NotFound, 'no such path')
    if (!origins.admit(request, response)) {
      counters.foreignOrigins++
      return respond(request, response, Status.Forbidden, 'this page may not connect')
    }
    if (request.method === 'OPTIONS') {
      origins.announce(response)
      return respond(request, response, Status.NoContent)
    }
    const method = METHOD[route.action]
    if (request.method !== method) {
      response.setHeader('allow', `${method}, OPTIONS`)
      return this.malformed(exchange, Status.WrongMethod, `use ${method}`)
    }
    if (isTooLarge(request)) return this.tooLarge(exchange)
    if (route.action === 'begin') await this.begin(exchange)
    else await this.serve(exchange, route)
  }

  private async begin(exchange: Exchange): Promise<void> {
    const { request, response } = exchange
    const { admission, counters, proxies } = this.parts
    if (this.isClosing) return this.unavailable(exchange)
    const address = clientAddress(
      request.socket.remoteAddress,
      textOfHeader(request.headers['x-forwarded-for']),
      proxies,
    )
    const refusal = this.parts.refuse(address)
    if (refusal !== undefined) {
      counters.refusedAddresses++
      return respond(request, response, Status.Forbidden, refusal)
    }
    const place = admission.enter(address)
    if (place instanceof Place) return this.beginAt(exchange, place, address)
    response.setHeader('retry-after', place.retryAfter)
    if (place.reason === 'full') return this.unavailable(exchange)
    counters.rateLimitedRequests++
    respond(request, response, Status.TooMany, 'too many connections from this address')
  }

  private async beginAt(exchange: Exchange, place: Place, address: string): Promise<void> {
    const { request, response } = exchange
    const { counters } = this.parts
    const leaving = new AbortController()
    const leave = (): void => leaving.abort()
    response.once('close', leave)
    this.waiting.add(leaving)
    let peer: SignalledPeer | undefined
    try {
      const passed = await this.pass(exchange, address, leaving.signal)
      if (passed === undefined) return
      peer = await this.parts.open(place, { address, ...passed })
    } finally {
      if (peer === undefined) place.free()
      response.off('close', leave)
      this.waiting.delete(leaving)
    }
    if (peer === undefined) {
      counters.signallingErrors++
      return respond(request, response, Status.Failed, 'no connection could be made')
    }
    const { signallingId: id, offer } = peer
    if (leaving.signal.aborted) peer.giveUp('the client left while it connected')
    if (this.isClosing) return this.unavailable(exchange)
    response.once('close', () => {
      if (!response.writableFinished) peer.giveUp('the client left while it connected')
    })
    respond(request, response, Status.Ok, { userData: {}, id, ...offer })
  }

  /** Waits until the client may have a connection; undefined when it may not, and was sent the reason. */
  private async pass(
    exchange: Exchange,
    address: string,
    leaving: AbortSignal,
  ): Promise<{ authorization: unknown } | undefined> {
    const { request, response } = exchange
    const { authorization, counters, pace } = this.parts
    const verdict = await authorization.ask(request, address, leaving)
    if ('status' in verdict) {
      counters.unauthorizedRequests++
      respond(request, response, verdict.status, verdict.refusal ?? 'not authorized')
      return undefined
    }
    const turn = pace.turn(leaving)
    if (turn === undefined) response.setHeader('retry-after', pace.retryAfter)
    if (turn === undefined || !(await turn)) {
      this.unavailable(exchange)
      return undefined
    }
    return verdict
  }

  private async serve(exchange: Exchange, { action, id }: Route): Promise<void> {
    const { request, response } = exchange
    const peer = this.parts.find(id)
    if (peer === undefined) {
      this.parts.counters.unknownConnections++
      return respond(request, response, Status.NotFound, 'no such connection')
    }
    if (action === 'answer') return this.takeAnswer(exchange, peer)
    if (action === 'candidates') return respond(request, response, Status.Ok, peer.takeCandidates())
    peer.clientLeft()
    respond(request, response, Status.Ok)
  }

  /**
   * Reads a client's answer. An honest client answers once, and correctly. Any other loses the connection, so that
   * nothing half-open stays.
   */
  private async takeAnswer(exchange: Exchange, peer: SignalledPeer): Promise<void> {
    const { request, response } = exchange
    const { counters, candidates } = this.parts
    if (peer.isAnswered) {
      counters.repeatedAnswers++
      return respond(request, response, Status.Conflict, 'answered already')
    }
    peer.isAnswered = true
    const body = await readBody(request, this.parts.bodyTime)
    const answer = typeof body === 'string' ? readAnswer(body) : undefined
    if (answer === undefined) {
      peer.giveUp('the client answered with what is no answer')
      if (body === Status.TooLarge) return this.tooLarge(exchange)
      if (body === Status.Slow) return this.tooSlow(exchange)
      return this.malformed(exchange, Status.Malformed, 'no answer to an offer')
    }
    // The connection may have ended meanwhile.
    if (this.parts.find(peer.signallingId) !== peer) return respond(request, response, Status.NotFound)
    const chosen = candidates.choose(answer.candidates, peer.address)
    counters.strippedCandidates += answer.candidates.length - chosen.length
    if (peer.takeAnswer(writeDescription(answer, chosen))) return respond(request, response, Status.Ok)
    counters.signallingErrors++
    peer.giveUp('the answer of the client could not be used')
    respond(request, response, Status.Malformed, 'the answer cannot be used')
  }

  private malformed({ request, response }: Exchange, status: Status, text: string): void {
    this.parts.counters.malformedRequests++
    respond(request, response, status, text)
  }

  private tooLarge({ request, response }: Exchange): void {
    this.parts.counters.oversizedRequests++
    respond(request, response, Status.TooLarge, 'the body is too large')
  }

  private tooSlow({ request, response }: Exchange): void {
    this.parts.counters.slowRequests++
    respond(request, response, Status.Slow, 'the body took too long')
  }

  private unavailable({ request, response }: Exchange): void {
    this.parts.counters.overloadedRequests++
    respond(request, response, Status.Unavailable, 'the server takes no more clients now')
  }
}
