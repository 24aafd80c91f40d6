// Explains why an attempt to connect failed, and what to do.
import { ConnectionError } from '../../protocol/errors.js'
import { SignallingRefusal } from './geckos-client-signalling.js'
import type { RefusalText } from './refusal-text.js'

export function withoutWebRtc(): ConnectionError {
  return new ConnectionError(
    'no-webrtc',
    'this browser has no WebRTC: it may be switched off by a setting or an extension',
  )
}

export function aborted(): ConnectionError {
  return new ConnectionError('aborted', 'the try was ended')
}

export function brokenOff(url: string): ConnectionError {
  return new ConnectionError('unreachable', `${url} closed the connection while it was being made`)
}

/** The attempt timed out. `answered`: the signalling answered, so the fault must be with UDP. */
export function timedOut(url: string, timeout: number, answered: boolean): ConnectionError {
  if (!answered) {
    const text = `${url} did not answer within ${timeout} ms: check the address and that the server runs`
    return new ConnectionError('unreachable', text)
  }
  return new ConnectionError(
    'udp-blocked',
    `${url} answered, but no packet got through within ${timeout} ms: ` +
      'check that UDP is open between client and server ' +
      "(firewalls, the server's portRange), that the server's address is " +
      'reachable, and give both sides a STUN server, ' +
      'or a TURN server where UDP is blocked (iceServers)',
  )
}

/** Whether the signalling itself refused this client; another attempt would be refused too. */
export function isRefusal({ cause }: ConnectionError): boolean {
  const status = httpStatus(cause)
  return status === 401 || status === 402 || status === 403
}

/** The reason in a refusal of the signalling, if the server itself wrote it; a proxy's answer has none. */
export function refusalIn(error: ConnectionError): RefusalText | undefined {
  return isRefusal(error) && error.cause instanceof SignallingRefusal ? error.cause.refusal : undefined
}

/** geckos reported `cause`. `answered`: the first of its requests had an answer. */
export function signallingError(url: string, cause: unknown, answered: boolean): ConnectionError {
  const status = httpStatus(cause)
  if (answered && status !== undefined) {
    const text = `the signalling with ${url} broke off: the server refused the answer (HTTP ${status})`
    return new ConnectionError('unreachable', text, { cause })
  }
  const refusal = cause instanceof SignallingRefusal ? cause.refusal : undefined
  if (refusal !== undefined) return new ConnectionError(refusal.code, refusal.text, { cause })
  if (status === 401) {
    const text = `${url} refused the authorization (HTTP 401): check what connect was given as authorization`
    return new ConnectionError('unauthorized', text, { cause })
  }
  if (status === 402 || status === 403) {
    const text = `${url} refused the connection (HTTP ${status}): check the authorization`
    return new ConnectionError('refused', text, { cause })
  }
  const retryAfter = cause instanceof SignallingRefusal ? cause.retryAfter : undefined
  if (status === 503) {
    const text = `${url} takes no more clients now (HTTP 503): try again later`
    return new ConnectionError('server-full', text, { cause, retryAfter })
  }
  if (status === 429) {
    const text = `${url} has had too many connections from this address (HTTP 429): try again later`
    return new ConnectionError('rate-limited', text, { cause, retryAfter })
  }
  if (status === 500) {
    const text = `${url} could not make a connection (HTTP 500): the log of the server says more`
    return new ConnectionError('unreachable', text, { cause })
  }
  if (status !== undefined) {
    const text = `${url} answered with HTTP ${status}: is this the game server's address?`
    return new ConnectionError('unreachable', text, { cause })
  }
  const detail = cause instanceof Error ? cause.message : 'no reason given'
  if (answered) return new ConnectionError('unreachable', `the signalling with ${url} broke off: ${detail}`, { cause })
  const text = `${url} does not answer: check the address and that the server runs (${detail})`
  return new ConnectionError('unreachable', text, { cause })
}

function httpStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined
  return typeof error.status === 'number' ? error.status : undefined
}
