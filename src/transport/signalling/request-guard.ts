// Bounds the work that HTTP requests cause in one turn of the event loop, so that ticks stay on time.
//
// Each socket has one request in progress and one that waits. Node's parser emits every request of a chunk at once,
// some 2,400 of 64 KiB. So a third request closes the socket and stops the parser within the chunk.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isLoopback, networkOfAddress } from '../addresses.js'
import { AddressRates } from './address-rates.js'
import { clientAddress, Networks, textOfHeader } from './addresses.js'
import { createSignallingCounters, type SignallingCounters } from './counters.js'
import { respond } from './reply.js'
import { Status } from './status.js'

/** Milliseconds of work in one turn. Further requests wait for the next turn, in which due ticks run first. */
const TURN_TIME_MS = 5
/** The time in which a client may read any answer, and the bytes per second at which it must read a longer one. */
export const ANSWER_LIMITS: AnswerLimits = { time: 30_000, bytesPerSecond: 2048 }

export interface AnswerLimits {
  /** Milliseconds. */
  readonly time: number
  readonly bytesPerSecond: number
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

interface Job {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly handle: Handler
}

/** The requests of one socket. */
interface Line {
  current: Job | undefined
  next: Job | undefined
  /** The last answer was sent with `connection: close`: no later request is handled. */
  isOver: boolean
}

/**
 * The part of Node's parser that the guard uses. It is undocumented. Without it a flood costs more, but is still
 * bounded.
 */
interface Parser {
  onIncoming?: ((request: IncomingMessage, keepAlive: boolean) => number) | null
}

/** Makes the parser treat the rest of the chunk as something other than HTTP. */
const STOP_PARSING = 2

const guards = new WeakMap<Server, RequestGuard>()

export class RequestGuard {
  /** The proxies whose `X-Forwarded-For` is trusted. */
  proxies = new Networks()
  counters: SignallingCounters = createSignallingCounters()
  private readonly lines = new WeakMap<Socket, Line>()
  /** Jobs for a later turn. */
  private readonly waiting = new Set<Job>()
  private spent = 0
  private isTurnScheduled = false

  constructor(
    private readonly rates = new AddressRates(() => performance.now()),
    private readonly answerLimits = ANSWER_LIMITS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The guard of a server, shared by its page and its signalling. */
  static of(server: Server): RequestGuard {
    const known = guards.get(server)
    if (known !== undefined) return known
    const guard = new RequestGuard()
    guards.set(server, guard)
    return guard
  }

  /** Handles a request when it is its turn, or closes its socket. */
  take(request: IncomingMessage, response: ServerResponse, handle: Handler): void {
    const { socket } = request
    const line = this.lineOf(socket)
    if (line.isOver || socket.destroyed) return
    if (this.isCrowded(line)) return this.closeCrowded(socket)
    const job = { request, response, handle: this.isWithinRate(request) ? handle : refuse }
    response.once('close', () => this.finish(line, job))
    if (line.current === undefined) this.start(line, job)
    else line.next = job
  }

  private lineOf(socket: Socket): Line {
    const known = this.lines.get(socket)
    if (known !== undefined) return known
    const line: Line = { current: undefined, next: undefined, isOver: false }
    this.lines.set(socket, line)
    this.watchParser(socket, line)
    return line
  }

  private isCrowded(line: Line): boolean {
    return line.next !== undefined
  }

  private closeCrowded(socket: Socket): void {
    this.counters.pipelinedRequests++
    socket.destroy()
  }

  private watchParser(socket: Socket, line: Line): void {
    const { parser } = socket as { parser?: Parser | null }
    const take = parser?.onIncoming
    if (parser === null || parser === undefined || typeof take !== 'function') return
    parser.onIncoming = (request, keepAlive) => {
      if (!line.isOver && !socket.destroyed && !this.isCrowded(line)) return take(request, keepAlive)
      if (!line.isOver && !socket.destroyed) this.closeCrowded(socket)
      // Node would otherwise pass the socket to a listener for upgrades.
      Object.assign(request, { upgrade: false })
      return STOP_PARSING
    }
  }

  private isWithinRate(request: IncomingMessage): boolean {
    const { proxies } = this
    const forwarded = textOfHeader(request.headers['x-forwarded-for'])
    const address = clientAddress(request.socket.remoteAddress, forwarded, proxies)
    if (isLoopback(address) || proxies.has(address)) return true
    const isWithin = this.rates.take(networkOfAddress(address))
    if (!isWithin) this.counters.rateLimitedRequests++
    return isWithin
  }

  private start(line: Line, job: Job): void {
    line.current = job
    if (this.spent >= TURN_TIME_MS || this.waiting.size > 0) this.waiting.add(job)
    else this.run(job)
    this.scheduleTurn()
  }

  private run({ request, response, handle }: Job): void {
    const start = this.now()
    this.watchAnswer(response, request.socket, start)
    handle(request, response)
    this.spent += this.now() - start
  }

  private scheduleTurn(): void {
    if (this.isTurnScheduled) return
    this.isTurnScheduled = true
    setImmediate(() => this.beginTurn())
  }

  private beginTurn(): void {
    this.isTurnScheduled = false
    this.spent = 0
    for (const job of this.waiting) {
      if (this.spent >= TURN_TIME_MS) return this.scheduleTurn()
      this.waiting.delete(job)
      if (!job.request.socket.destroyed) this.run(job)
    }
  }

  /** Starts the request that waits on the socket, once an answer was sent or the socket closed. */
  private finish(line: Line, job: Job): void {
    if (line.current !== job) return
    const { next } = line
    line.current = line.next = undefined
    line.isOver = job.request.socket.destroyed || isLast(job.response)
    if (next !== undefined && !line.isOver) this.start(line, next)
  }

  /** Closes the socket of a client that reads its answer too slowly. */
  private watchAnswer(response: ServerResponse, socket: Socket, start: number): void {
    const { time, bytesPerSecond } = this.answerLimits
    const bytesBefore = takenBy(socket)
    const look = (): void => {
      const taken = takenBy(socket) - bytesBefore
      const left = time + (taken / bytesPerSecond) * 1000 - (this.now() - start)
      if (response.headersSent && left <= 0) {
        this.counters.slowAnswers++
        socket.destroy()
      } else timer = setTimeout(look, Math.max(left, time / 4)).unref()
    }
    let timer = setTimeout(look, time).unref()
    response.once('close', () => clearTimeout(timer))
  }
}

/** Bytes of a socket that the operating system has taken. */
const takenBy = (socket: Socket): number => socket.bytesWritten - socket.writableLength

function isLast(response: ServerResponse): boolean {
  return !response.shouldKeepAlive || response.getHeader('connection') === 'close'
}

/** Answers a client whose address sends too many requests. */
function refuse(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('connection', 'close')
  response.setHeader('retry-after', 1)
  respond(request, response, Status.TooMany, 'too many requests from this address')
}
