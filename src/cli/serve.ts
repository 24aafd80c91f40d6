// `bitecs-net serve`: runs a game module as a headless server until a signal ends it.
import { listen } from '../server.js'
import { createServerWorld } from '../world/create.js'
import { untilFailure } from './failure.js'
import { loadServerGame } from './game-module.js'
import { type Log, LogThrottle } from './log.js'
import { createPageServer, startListening, stopListening } from './page-server.js'
import { counted, createConnectionReport, createErrorReport, guardSystems, reportThrow } from './report.js'
import { stopOnSignals } from './stop.js'
import { firstLine, UserError } from './user-error.js'

export interface ServeSettings {
  /** The TCP port; 0 takes a free one. */
  port: number
  /** The address to listen on. Default: all. */
  host?: string
  /** A folder to serve next to the signalling. */
  static?: string
  /** Ticks per second, in place of the game's own. */
  tickRate?: number
  maxConnections?: number
  /** Which pages may connect. Default: all. */
  corsOrigin?: string
}

/**
 * Serves until a signal, or a failure outside the game's systems, ends it. Resolves with the exit code when every client
 * knows why and the port is free.
 *
 * @throws UserError when it cannot begin, with one sentence that says what to do.
 */
export async function serve(path: string, settings: ServeSettings, log: Log): Promise<number> {
  const { port: wantedPort, host, corsOrigin, maxConnections } = settings
  const http = createPageServer(settings.static)
  const game = await loadServerGame(path)
  const tickRate = settings.tickRate ?? game.tickRate ?? 20
  const world = createServerWorld(game.protocol, { tickRate })
  try {
    await game.setup?.(world)
  } catch (error) {
    throw new UserError(`setup of ${path} failed: ${firstLine(error)}`, { cause: error })
  }

  const stop = stopOnSignals()
  const failure = untilFailure(log)
  const server = await listen(world, {
    server: http,
    maxConnections,
    ...(corsOrigin === undefined ? undefined : { cors: { origin: corsOrigin } }),
  })
  const port = await startListening(http, wantedPort, host)
  const throttle = new LogThrottle()
  server.run(
    [createConnectionReport(log), ...guardSystems(game.systems, log, throttle), createErrorReport(log, throttle)],
    {
      onError: (error) => reportThrow('of the library', error, log, throttle),
      onOverrun(skipped) {
        const suppressed = throttle.admit('overrun')
        if (suppressed === undefined) return
        log.warn({ skipped, ...counted(suppressed) }, 'ticks were skipped: the machine is too slow for them')
      },
    },
  )
  const address = `http://${hostName(host)}:${port}`
  log.info({ address, port, tickRate }, `listening on ${address}`)

  const signal = await Promise.race([stop.requested, failure])
  log.info({ signal }, 'stopping')
  await server.close(signal === undefined ? 'the server failed' : 'the server stopped')
  await stopListening(http)
  log.info('stopped')
  stop.dispose()
  return signal === undefined ? 1 : 0
}

/** What a browser on this machine can open. */
function hostName(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
