// What an operator sees of a running server besides its log: health, and metrics where they are asked for.
import type { Log } from '../log.js'
import { startListening, stopListening } from '../page-server.js'
import type { Settings } from '../settings/settings.js'
import { Health } from './health.js'
import { Metrics } from './metrics.js'
import { createOperationsServer } from './operations-server.js'

export interface Operations {
  readonly health: Health
  /** Undefined when nobody asked for a port: then nothing is measured either. */
  readonly metrics?: Metrics
  close(): Promise<void>
}

const NAMES = { port: '--metrics-port', host: '--metrics-host' }

/**
 * Answers on the operator's port, if there is to be one, from now on: that a server is still starting should be seen.
 * It is not open to everybody unless its host is set.
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
