// Answers operators on a port that players never see: /healthz, /readyz and /metrics.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { Networks } from '../../transport/signalling/addresses.js'
import { guarded } from '../../transport/signalling/server-route.js'
import { isSharedBy, limitSockets, REQUEST_LIMITS } from '../../transport/signalling/sockets.js'
import type { Health, HealthAnswer } from './health.js'

/** The content of `/metrics`. */
export interface Exposition {
  readonly contentType: string
  text(): Promise<string>
}

const TEXT = 'text/plain; charset=utf-8'

/**
 * Makes the server, which does not listen yet. Requests must have this machine as their host: `host`, which the
 * operator set, `localhost`, an address, or a name without a dot, as containers have. Otherwise a page on the internet
 * could point its own name at this machine, and read the answers.
 */
export function createOperationsServer(health: Health, metrics: Exposition, host?: string): Server {
  const server = createServer(REQUEST_LIMITS)
  limitSockets(server, isSharedBy(new Networks()), () => {})
  const exposition = shareText(metrics)
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (isOwnName(request.headers.host, host)) void answerRequest(request, response, health, exposition)
    else answer(response, 421, 'This server does not answer under this name')
  }
  return server.on('request', guarded(server, handle))
}

/** How long a text of the metrics is reused, in milliseconds: making one takes as long as some ticks. */
const TEXT_AGE_MS = 100

function shareText(metrics: Exposition): Exposition {
  let made: { readonly at: number; readonly text: Promise<string> } | undefined
  return {
    contentType: metrics.contentType,
    text() {
      const at = performance.now()
      if (made === undefined || at - made.at > TEXT_AGE_MS) made = { at, text: metrics.text() }
      return made.text
    },
  }
}

/** Whether a `Host` header names this machine. Requests without one are not from browsers. */
function isOwnName(header: string | undefined, own: string | undefined): boolean {
  if (header === undefined) return true
  const name = header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  return name === own?.toLowerCase() || !name.includes('.') || isIP(name.replace(/^\[|\]$/g, '')) !== 0
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  health: Health,
  metrics: Exposition,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return answer(response, 405, 'Method not allowed')
  }
  switch ((request.url ?? '/').split('?', 1)[0]) {
    case '/healthz':
      return answerHealth(response, health.live())
    case '/readyz':
      return answerHealth(response, health.ready())
    case '/metrics':
      return answerMetrics(response, metrics)
    default:
      return answer(response, 404, 'There is /healthz, /readyz and /metrics')
  }
}

function answerHealth(response: ServerResponse, { ok, text }: HealthAnswer): void {
  answer(response, ok ? 200 : 503, text)
}

async function answerMetrics(response: ServerResponse, metrics: Exposition): Promise<void> {
  try {
    const text = await metrics.text()
    response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
    response.end(text)
  } catch {
    answer(response, 500, 'The metrics cannot be read')
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': TEXT, 'cache-control': 'no-store' })
  response.end(`${text}\n`)
}
