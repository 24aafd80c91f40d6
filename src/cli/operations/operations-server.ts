// The operator's own HTTP server: /healthz, /readyz and /metrics, on a port of their own that players never see.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { REQUEST_LIMITS } from '../../transport/signalling/sockets.js'
import type { Health, HealthAnswer } from './health.js'

/** What `/metrics` answers. */
export interface Exposition {
  readonly contentType: string
  text(): Promise<string>
}

const TEXT = 'text/plain; charset=utf-8'

/** Makes the server, which does not listen yet. */
export function createOperationsServer(health: Health, metrics: Exposition): Server {
  // A request that dawdles holds a socket no longer here than on the port of the players.
  return createServer(REQUEST_LIMITS, (request, response) => void answerRequest(request, response, health, metrics))
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
