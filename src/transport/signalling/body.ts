// Reads the body of a request, within a limit of bytes and of time.
import type http from 'node:http'
import { Status } from './status.js'

/** The most bytes of a body. An answer has less than a hundredth of that. */
export const BODY_LIMIT_BYTES = 64 * 1024
/** How long a body may take, in milliseconds. */
export const BODY_TIME_MS = 5000

export type BodyFault = typeof Status.TooLarge | typeof Status.Slow | typeof Status.Malformed

/** Whether a request declares a body that is too large. */
export function isTooLarge(request: http.IncomingMessage): boolean {
  const length = Number(request.headers['content-length'] ?? 0)
  return !(length <= BODY_LIMIT_BYTES)
}

/**
 * Resolves to the text of the body, or the status to refuse it with. Settles in any case, whatever the client does.
 */
export function readBody(request: http.IncomingMessage, timeLimit: number): Promise<string | BodyFault> {
  if (isTooLarge(request)) return Promise.resolve(Status.TooLarge)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const settle = (result: string | BodyFault): void => {
      clearTimeout(timer)
      request.off('data', take).off('end', finish).off('error', fail).off('close', fail)
      // Destroying the request later emits an error, which needs a listener.
      request.on('error', () => {})
      resolve(result)
    }
    const take = (chunk: Buffer): void => {
      size += chunk.length
      if (size <= BODY_LIMIT_BYTES) chunks.push(chunk)
      else {
        request.pause()
        settle(Status.TooLarge)
      }
    }
    const finish = (): void => settle(Buffer.concat(chunks).toString())
    const fail = (): void => settle(Status.Malformed)
    const timer = setTimeout(() => settle(Status.Slow), timeLimit)
    request.on('data', take).on('end', finish).on('error', fail).on('close', fail)
  })
}
