// Writes the answers of the signalling, and makes sure that no request stays open after its answer.
import type http from 'node:http'
import { BODY_TIME_MS, isTooLarge } from './body.js'
import type { Status } from './status.js'

/** Answers with a text or, as JSON, an object. The rest of the request is discarded, for a short time. */
export function respond(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  status: Status,
  content: string | object = '',
): void {
  if (response.headersSent || response.destroyed) return
  const isText = typeof content === 'string'
  response.statusCode = status
  response.setHeader('content-type', isText ? 'text/plain' : 'application/json')
  response.setHeader('cache-control', 'no-store')
  if (!request.complete) throwAwayRest(request, response)
  response.end(isText ? content : JSON.stringify(content))
}

/** Reads the rest of a small body, so that the client can read our answer; for any other it closes the socket. */
function throwAwayRest(request: http.IncomingMessage, response: http.ServerResponse): void {
  request.on('error', () => {})
  const isSmall = request.headers['content-length'] !== undefined && !isTooLarge(request)
  if (!isSmall || response.statusCode >= 400) response.setHeader('connection', 'close')
  if (!isSmall) return
  const timer = setTimeout(() => request.destroy(), BODY_TIME_MS)
  request.once('close', () => clearTimeout(timer))
  request.resume()
}
