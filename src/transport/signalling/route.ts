// Matches requests of the signalling: exact paths, exact methods, ids of the exact form, and nothing else.
import { randomBytes } from 'node:crypto'

/** The prefix of every path of the signalling. */
const PREFIX = '/.wrtc/v2/'

/** The size of an id. A client that knows the id may answer for the connection, and close it. */
const ID_BYTES = 16
const ROUTE =
  /^\/\.wrtc\/v2\/connections(?:\/([0-9a-f]{32})\/(?:(remote-description)|(additional-candidates)|(close)))?$/

/** The requests of a client: begin a connection, answer its offer, get the server's candidates, close it. */
export type Action = 'begin' | 'answer' | 'candidates' | 'close'

/** The method of each request. */
export const METHOD = { begin: 'POST', answer: 'POST', candidates: 'GET', close: 'POST' } as const

export interface Route {
  readonly action: Action
  /** The connection's id; '' when a connection begins. */
  readonly id: string
}

/** Whether a path belongs to the signalling, even if it is wrong. */
export function isSignalling(url: string | undefined): boolean {
  return url !== undefined && url.startsWith(PREFIX)
}

/** Reads a path; undefined when it matches no route. */
export function readRoute(url: string): Route | undefined {
  const match = ROUTE.exec(url)
  if (match === null) return undefined
  const [, id, answer, candidates] = match
  if (id === undefined) return { action: 'begin', id: '' }
  return { action: answer !== undefined ? 'answer' : candidates !== undefined ? 'candidates' : 'close', id }
}

/** Makes an id that cannot be guessed: 128 bits of the system's randomness. */
export function createConnectionId(): string {
  return randomBytes(ID_BYTES).toString('hex')
}
