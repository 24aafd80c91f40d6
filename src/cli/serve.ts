// Runs `bitecs-net serve`: a game module as a headless server, until a signal ends it.
import type { Server as HttpServer } from 'node:http'
import { type ListenOptions, listen, retire, type Server } from '../server.js'
import { createServerWorld } from '../verbs/create.js'
import { stats } from '../verbs/stats.js'
import { isServing } from '../world/server/connections.js'
import { serverState, type ServerWorld } from '../world/state.js'
import { untilFailure } from './failure.js'
import { loadServerGame, type ServerGame } from './game-module.js'
import { type Log, LogThrottle } from './log.js'
import { createPageServer, limitPageSockets, startListening, stopListening } from './page-server.js'
import { type Operations, startOperations } from './operations/create-operations.js'
import { createRefusalReport } from './refusal-report.js'
import { counted, createConnectionReport, createErrorReport, guardSystems, reportThrow } from './report.js'
import { listenOptions } from './settings/listen-options.js'
import { DEFAULT_PORT, type Settings } from './settings/settings.js'
import { type StopRequest, type StopSignal, stopOnSignals } from './stop.js'
import { Certificate } from './tls.js'
import { checkUdpPort } from './udp-port.js'
import { firstLine, UserError } from './user-error.js'

const DRAIN_TEXT = 'the server is about to close'

/** The cause of a stop: a signal, the game closing its world, or a failure outside the game's systems. */
type Cause = StopSignal | 'closed' | undefined

/**
 * Serves until a signal, the game, or a failure outside the game's systems ends it. Resolves with the exit code when
 * every client has been sent the reason and the ports are free.
 *
 * @throws UserError when it cannot begin, with one sentence about what to do.
 */
export async function serve(path: string, settings: Settings, log: Log, version: string): Promise<number> {
  const certificate = Certificate.of(settings.tlsCert, settings.tlsKey)
  // Before any slow work: the first process of a container ignores signals that it does not listen for. With a
  // certificate, SIGHUP reloads it, as is usual for servers.
  const stop = certificate === undefined ? stopOnSignals() : stopOnSignals(process, undefined, ['SIGINT', 'SIGTERM'])
  const http = createPageServer(settings.static, certificate?.context)
  const operations = await startOperations(settings, version, log)
  certificate?.follow(http, ({ validTo }) => operations.metrics?.certificateEnds(validTo), log)
  const starting = start(path, settings, http, operations, log)
  const started = await Promise.race([starting, stop.requested])
  if (typeof started === 'string') {
    // The game must end what it has begun by now; the process exits.
    log.info({ signal: started }, 'stopped before the server was ready')
    return 0
  }
  const { server, world, end, port, tickRate } = started
  const address = `${certificate === undefined ? 'http' : 'https'}://${hostName(settings.host)}:${port}`
  log.info({ address, port, tickRate }, `listening on ${address}`)

  let cause = await Promise.race([stop.requested, end])
  if (cause === 'SIGTERM') cause = await drainServer(world, settings, operations, { stop, end, log })
  operations.health.phase = 'stopping'
  if (cause === 'closed') log.info('stopping: the game closed its world')
  else log.info({ signal: cause }, 'stopping')
  await server.close(cause === undefined ? 'the server failed' : 'the server stopped')
  await stopListening(http)
  await operations.close()
  certificate?.unfollow()
  log.info('stopped')
  stop.dispose()
  return cause === undefined ? 1 : 0
}

interface Started {
  readonly server: Server
  readonly world: ServerWorld
  readonly port: number
  readonly tickRate: number
  /** Resolves when the game ends the server: it closed its world, or failed outside of the systems' guards. */
  readonly end: Promise<'closed' | undefined>
}

/** Loads the game, listens, and runs it. */
async function start(
  path: string,
  settings: Settings,
  http: HttpServer,
  operations: Operations,
  log: Log,
): Promise<Started> {
  const game = await loadServerGame(path)
  const tickRate = settings.tickRate ?? game.tickRate ?? 20
  const world = createServerWorld(game.protocol, { tickRate })
  try {
    await game.setup?.(world)
  } catch (error) {
    throw new UserError(`setup of ${path} failed: ${firstLine(error)}`, { cause: error })
  }
  const failure = untilFailure(log)
  const options: ListenOptions = { ...listenOptions(settings, game.options), server: http }
  await checkUdpPort(options.network ?? {})
  const server = await listen(world, options)
  const { counters } = serverState(world).transport!
  limitPageSockets(http, options.network?.trustProxy, () => counters.refusedSockets++)
  const port = await startListening(http, settings.port ?? DEFAULT_PORT, settings.host)
  const closed = new Promise<'closed'>((resolve) => {
    run(server, game, operations, log, () => {
      if (!isServing(serverState(world))) resolve('closed')
    })
  })
  operations.metrics?.watch(() => stats(world), tickRate)
  operations.health.phase = 'ready'
  return { server, world, port, tickRate, end: Promise.race([failure, closed]) }
}

/** Runs the game, and reports to log and metrics; `stepped` is called after each tick. */
function run(server: Server, game: ServerGame, { metrics, health }: Operations, log: Log, stepped: () => void): void {
  const throttle = new LogThrottle()
  const systems = guardSystems(game.systems, log, throttle, (system) => metrics?.threw(system))
  const before = [createConnectionReport(log, throttle), createRefusalReport(log)]
  server.run([...before, ...systems, createErrorReport(log, throttle)], {
    onStep(milliseconds) {
      health.ticked()
      metrics?.ticked(milliseconds)
      stepped()
    },
    onError: (error) => reportThrow('of the library', error, log, throttle),
    onOverrun(skipped) {
      metrics?.overran(skipped)
      const suppressed = throttle.admit('overrun')
      if (suppressed === undefined) return
      log.warn({ skipped, ...counted(suppressed) }, 'skipped ticks: this machine is too slow for the tick rate')
    },
  })
}

/**
 * Drains the server: connected clients play on, and no new ones are admitted. Ends when all have disconnected, the
 * time is over, or a second signal arrives. Resolves with the cause of the stop.
 */
async function drainServer(
  world: ServerWorld,
  { drainTime: grace = 0, drainText: text = DRAIN_TEXT }: Settings,
  operations: Operations,
  { stop, end, log }: { readonly stop: StopRequest; readonly end: Promise<Cause>; readonly log: Log },
): Promise<Cause> {
  const { connections, maxConnections } = stats(world)
  // A game may have closed its world itself.
  if (grace === 0 || maxConnections === 0) return 'SIGTERM'
  operations.health.phase = 'draining'
  log.info(
    { connections, seconds: grace / 1000 },
    `draining: ${connections} clients may play on for up to ${grace / 1000} s`,
  )
  const over = retire(world, { grace, text }).then((): Cause => 'SIGTERM')
  const cause = await Promise.race([over, stop.next(), end])
  log.info({ connections: stats(world).connections }, 'drained')
  return cause
}

/** A host name that a browser on this machine can open. */
function hostName(host: string | undefined): string {
  if (host === undefined || host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
