// Which request of the signalling this is: exact paths, exact methods, ids of the exact form, and nothing else.
import { randomBytes } from 'node:crypto'

/** Everything below it is the signalling's. */
const PREFIX = '/.wrtc/v2/'

/** The number of an id: whoever knows it may answer for the connection, and close it. */
const ID_BYTES = 16
const ROUTE =
  /^\/\.wrtc\/v2\/connections(?:\/([0-9a-f]{32})\/(?:(remote-description)|(additional-candidates)|(close)))?$/

/** What a client may ask: begin a connection, answer its offer, hear the server's candidates, close it. */
export type Action = 'begin' | 'answer' | 'candidates' | 'close'

/** The one method of each. */
export const METHOD = { begin: 'POST', answer: 'POST', candidates: 'GET', close: 'POST' } as const

export interface Route {
  readonly action: Action
  /** The connection's id; '' at the beginning. */
  readonly id: string
}

/** Whether a path is the signalling's, a wrong one included. */
export function isSignalling(url: string | undefined): boolean {
  return url !== undefined && url.startsWith(PREFIX)
}

/** Reads a path; undefined when it leads nowhere. */
export function readRoute(url: string): Route | undefined {
  const match = ROUTE.exec(url)
  if (match === null) return undefined
  const [, id, answer, candidates] = match
  if (id === undefined) return { action: 'begin', id: '' }
  return { action: answer !== undefined ? 'answer' : candidates !== undefined ? 'candidates' : 'close', id }
}

/** An id that nobody can guess: 128 bits of the system's own randomness. */
export function createConnectionId(): string {
  return randomBytes(ID_BYTES).toString('hex')
}
