// Runs `bitecs-net bots`: many clients of one game in one process, until the server or a signal ends them.
import { setMaxListeners } from 'node:events'
import { createEntityIndex } from 'bitecs'
import { Connected, Connection } from '../../components/connection.js'
import { clientReceive, clientSend, connect } from '../node-client.js'
import { ConnectionError } from '../protocol/errors.js'
import { close } from '../verbs/close.js'
import { createClientWorld } from '../verbs/create.js'
import { drain, removed } from '../verbs/drain.js'
import { type Loop, startLoop, type System } from '../world/loop.js'
import type { ClientWorld } from '../world/state.js'
import { untilFailure } from './failure.js'
import { type BotGame, loadBotGame } from './game-module.js'
import { type Log, LogThrottle } from './log.js'
import { createErrorReport, guardSystems, reportThrow } from './report.js'
import { stopOnSignals } from './stop.js'
import { firstLine, UserError } from './user-error.js'

export interface BotSettings {
  count: number
  /** The server's address. */
  url: string
  /** Steps per second, instead of the game's own rate. */
  rate?: number
}

/** Bots that connect at the same time: connecting is the most expensive part of a client for the server. */
const CONNECTING_AT_ONCE = 8

interface Bot {
  readonly world: ClientWorld
  loop?: Loop
}

/**
 * Plays until the server stops or a signal arrives. Resolves with the exit code: 1 when a bot could not connect, or
 * lost its connection without the server having closed it.
 *
 * @throws UserError when it cannot begin, with one sentence about what to do.
 */
export async function runBots(path: string, settings: BotSettings, log: Log): Promise<number> {
  const game = await loadBotGame(path)
  const stop = stopOnSignals()
  const crowd = new Crowd(game, path, settings, log)
  const ended = crowd.play().then(() => 'ended' as const)
  try {
    // The first event wins; when not even the first bot can connect, this throws.
    const why = await Promise.race([ended, stop.requested, untilFailure(log)])
    if (why === 'ended') return crowd.troubles === 0 ? 0 : 1
    if (why !== undefined) log.info({ signal: why }, 'stopping')
    return why === undefined ? 1 : 0
  } finally {
    await crowd.leave()
    stop.dispose()
  }
}

class Crowd {
  /** Bots that could not connect, or lost their connection. */
  troubles = 0
  private readonly entityIndex = createEntityIndex()
  private readonly throttle = new LogThrottle()
  private readonly bots: Bot[] = []
  /** Aborted when no more bots should connect. */
  private readonly enough = new AbortController()
  private begun = 0
  private connected = 0
  private ended: (() => void) | undefined

  constructor(
    private readonly game: BotGame,
    private readonly path: string,
    private readonly settings: BotSettings,
    private readonly log: Log,
  ) {
    // Every connecting bot listens to it, and Node reports more than ten listeners as a leak.
    setMaxListeners(0, this.enough.signal)
  }

  /**
   * Connects all bots, and resolves when none is connected any longer.
   *
   * @throws UserError when the first bot cannot connect: then the others need not try.
   */
  async play(): Promise<void> {
    const { count, url } = this.settings
    try {
      await this.connectOne(this.begun++)
    } catch (error) {
      if (error instanceof UserError) throw error
      const code = error instanceof ConnectionError ? ` (${error.code})` : ''
      throw new UserError(`cannot connect to ${url}${code}: ${firstLine(error)}`, { cause: error })
    }
    await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, () => this.connectSome()))
    const { connected } = this
    if (!this.enough.signal.aborted) this.log.info({ connected, count, url }, `${connected} of ${count} bots connected`)
    if (connected > 0) await new Promise<void>((resolve) => (this.ended = resolve))
    this.log.info('all bots have disconnected')
  }

  /** Disconnects every bot. */
  async leave(): Promise<void> {
    this.enough.abort()
    for (const { loop } of this.bots) loop?.stop()
    await Promise.all(this.bots.map(({ world }) => close(world, 'the bots stopped')))
  }

  /** Connects one bot after another, until all were tried. */
  private async connectSome(): Promise<void> {
    while (this.begun < this.settings.count && !this.enough.signal.aborted) {
      const index = this.begun++
      try {
        await this.connectOne(index)
      } catch (error) {
        if (error instanceof UserError) throw error
        if (this.enough.signal.aborted) return
        this.troubles++
        this.log.warn({ bot: index }, `bot ${index} could not connect: ${firstLine(error)}`)
      }
    }
  }

  private async connectOne(index: number): Promise<void> {
    const { game, entityIndex, log, throttle } = this
    const bot: Bot = { world: createClientWorld(game.protocol, { entityIndex }) }
    this.bots.push(bot)
    const systems = this.systemsOf(bot, index)
    await connect(bot.world, { url: this.settings.url, signal: this.enough.signal })
    this.connected++
    log.debug({ bot: index }, `bot ${index} connected`)
    const rate = this.settings.rate ?? game.rate ?? 20
    const onError = (error: unknown): void => reportThrow('of the library', error, log, throttle)
    bot.loop = startLoop<ClientWorld>(bot.world, systems, { rate, onError })
  }

  /** The game's systems for one bot, between the pipelines. */
  private systemsOf(bot: Bot, index: number): System<ClientWorld>[] {
    const { game, path, throttle } = this
    const log = this.log.child({ bot: index })
    let own: readonly System<ClientWorld>[]
    try {
      own = game.createBot(bot.world, index)
    } catch (error) {
      throw new UserError(`createBot of ${path} failed: ${firstLine(error)}`, { cause: error })
    }
    if (!Array.isArray(own) || own.some((system) => typeof system !== 'function')) {
      throw new UserError(`createBot of ${path} must return an array of functions`)
    }
    const watch = (): void => this.watch(bot, index)
    return [
      ...clientReceive,
      ...guardSystems(own, log, throttle),
      createErrorReport(log, throttle),
      watch,
      ...clientSend,
    ]
  }

  /** Checks whether a bot's connection has ended. */
  private watch(bot: Bot, index: number): void {
    for (const { entity } of drain(bot.world, removed(Connected))) {
      const { code, text = 'the connection ended', by } = Connection.reason[entity] ?? {}
      bot.loop?.stop()
      this.connected--
      if (by !== 'remote') this.troubles++
      this.log.info({ bot: index, code, by }, `bot ${index} left: ${text}`)
      // Bots that are still connecting would try in vain for a while.
      if (code === 'server-stopped') this.enough.abort()
      if (this.connected === 0) this.ended?.()
    }
  }
}
