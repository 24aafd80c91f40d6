// Starts an operator's view of a running server besides its log: health, and metrics if configured.
import type { Log } from '../log.js'
import { startListening, stopListening } from '../page-server.js'
import type { Settings } from '../settings/settings.js'
import { Health } from './health.js'
import { Metrics } from './metrics.js'
import { createOperationsServer } from './operations-server.js'

export interface Operations {
  readonly health: Health
  /** Undefined when no port is set: then nothing is measured either. */
  readonly metrics?: Metrics
  close(): Promise<void>
}

const NAMES = { port: '--metrics-port', host: '--metrics-host' }

/**
 * Starts to answer on the operator's port, if one is set. It does so at once, so that a starting server is visible as
 * such. Other machines cannot connect to it unless its host is set.
 *
 * @throws UserError when it cannot listen.
 */
export async function startOperations(settings: Settings, version: string, log: Log): Promise<Operations> {
  const { metricsPort, metricsHost = '127.0.0.1' } = settings
  const health = new Health()
  if (metricsPort === undefined) return { health, close: () => Promise.resolve() }
  const metrics = new Metrics(version, health)
  const server = createOperationsServer(health, metrics, metricsHost)
  const port = await startListening(server, metricsPort, metricsHost, NAMES)
  log.info({ port }, `metrics and health on port ${port} of ${metricsHost}`)
  return { health, metrics, close: () => stopListening(server) }
}
