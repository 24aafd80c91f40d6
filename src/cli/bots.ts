// `bitecs-net bots`: many clients of one game in one process, until the server or a signal ends them.
import { createEntityIndex } from 'bitecs'
import { Connected, Connection } from '../../components/connection.js'
import { clientReceive, clientSend, connect } from '../node-client.js'
import { close } from '../world/close.js'
import { createClientWorld } from '../world/create.js'
import { drain, removed } from '../world/drain.js'
import { type Loop, startLoop, type System } from '../world/loop.js'
import type { ClientWorld } from '../world/state.js'
import { type BotGame, loadBotGame } from './game-module.js'
import { type Log, LogThrottle } from './log.js'
import { createErrorReport, guardSystems, reportThrow } from './report.js'
import { stopOnSignals } from './stop.js'
import { firstLine, UserError } from './user-error.js'

export interface BotSettings {
  count: number
  /** The server's address. */
  url: string
  /** Steps per second, in place of the game's own. */
  rate?: number
}

/** Connections that are being made at the same time: a server spends most of its effort on a client at its beginning. */
const CONNECTING_AT_ONCE = 8

interface Bot {
  readonly world: ClientWorld
  loop?: Loop
}

/**
 * Plays until the server stops or a signal comes. Resolves with the exit code: 1 when a bot could not connect, or lost
 * its connection other than by the server's word.
 *
 * @throws UserError when it cannot begin, with one sentence that says what to do.
 */
export async function runBots(path: string, settings: BotSettings, log: Log): Promise<number> {
  const game = await loadBotGame(path)
  const stop = stopOnSignals()
  const crowd = new Crowd(game, path, settings, log, stop.aborted)
  const ended = crowd.play()
  try {
    // Whichever comes first; a crowd that cannot even begin throws here.
    await Promise.race([ended, stop.requested])
    if (!stop.aborted.aborted) return crowd.troubles === 0 ? 0 : 1
    await ended
    return 0
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
  private readonly giveUp = new AbortController()
  private begun = 0
  private connected = 0
  private refusal: unknown
  private emptied: (() => void) | undefined

  constructor(
    private readonly game: BotGame,
    private readonly path: string,
    private readonly settings: BotSettings,
    private readonly log: Log,
    private readonly stopping: AbortSignal,
  ) {
    stopping.addEventListener('abort', () => this.giveUp.abort(), { once: true })
  }

  /** Connects all, and resolves when none is connected any more. */
  async play(): Promise<void> {
    const { count, url } = this.settings
    const workers = Array.from({ length: Math.min(count, CONNECTING_AT_ONCE) }, () => this.connectSome())
    try {
      await Promise.all(workers)
    } catch (error) {
      this.giveUp.abort()
      throw error
    }
    if (this.refusal !== undefined) throw this.refusal
    if (this.stopping.aborted) return
    this.log.info({ connected: this.connected, count, url }, `${this.connected} of ${count} bots play on ${url}`)
    if (this.connected > 0) await new Promise<void>((resolve) => this.whenEmpty(resolve))
    if (!this.stopping.aborted) this.log.info('no bot is connected any more')
  }

  /** Says goodbye for every bot. */
  async leave(): Promise<void> {
    for (const { loop } of this.bots) loop?.stop()
    await Promise.all(this.bots.map(({ world }) => close(world, 'the bots stopped')))
    this.emptied?.()
  }

  private whenEmpty(resolve: () => void): void {
    this.emptied = resolve
    this.stopping.addEventListener('abort', resolve, { once: true })
    if (this.connected === 0) resolve()
  }

  private get mayConnect(): boolean {
    return this.begun < this.settings.count && !this.giveUp.signal.aborted
  }

  /** Takes the next bot, and the next, until all were tried. */
  private async connectSome(): Promise<void> {
    while (this.mayConnect) await this.connectOne(this.begun++)
  }

  private async connectOne(index: number): Promise<void> {
    const { url } = this.settings
    const { game, entityIndex, log } = this
    const bot: Bot = { world: createClientWorld(game.protocol, { entityIndex }) }
    this.bots.push(bot)
    const systems = this.systemsOf(bot, index)
    try {
      await connect(bot.world, { url, signal: this.giveUp.signal })
    } catch (error) {
      if (!this.stopping.aborted) this.failed(index, error)
      return
    }
    this.connected++
    log.debug({ bot: index }, `bot ${index} connected`)
    const rate = this.settings.rate ?? game.rate ?? 20
    const onError = (error: unknown): void => reportThrow('of the library', error, log, this.throttle)
    bot.loop = startLoop<ClientWorld>(bot.world, systems, { rate, onError })
  }

  /** When not even one bot gets in, none will: the first one's reason ends the command. */
  private failed(index: number, error: unknown): void {
    this.troubles++
    if (this.connected === 0 && this.refusal === undefined) {
      this.refusal = new UserError(`cannot connect to ${this.settings.url}: ${firstLine(error)}`, { cause: error })
      this.giveUp.abort()
    } else if (!this.giveUp.signal.aborted) {
      this.log.warn({ bot: index }, `bot ${index} could not connect: ${firstLine(error)}`)
    }
  }

  private systemsOf(bot: Bot, index: number): System<ClientWorld>[] {
    const { game, throttle } = this
    const log = this.log.child({ bot: index })
    let own: readonly System<ClientWorld>[]
    try {
      own = game.createBot(bot.world, index)
    } catch (error) {
      throw new UserError(`createBot of ${this.path} failed: ${firstLine(error)}`, { cause: error })
    }
    if (!Array.isArray(own) || own.some((system) => typeof system !== 'function')) {
      throw new UserError(`createBot of ${this.path} must return an array of functions`)
    }
    const watch = (): void => this.watch(bot, index)
    const systems = guardSystems(own, log, throttle)
    return [...clientReceive, ...systems, watch, createErrorReport(log, throttle), ...clientSend]
  }

  /** Notices that a bot's connection ended. */
  private watch(bot: Bot, index: number): void {
    for (const { entity } of drain(bot.world, removed(Connected))) {
      const { code, text = 'the connection is gone', by } = Connection.reason[entity] ?? {}
      bot.loop?.stop()
      this.connected--
      if (by !== 'remote') this.troubles++
      this.log.info({ bot: index, code, by }, `bot ${index} left: ${text}`)
      if (this.connected === 0) this.emptied?.()
    }
  }
}
