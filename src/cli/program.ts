// The commands and their options, as `--help` shows them.
import { Command, InvalidArgumentError, Option } from 'commander'
import { DEFAULT_PORT } from './settings/settings.js'
import { createLog, LOG_FORMATS, LOG_LEVELS, type LogOptions } from './log.js'
import { rate, serverAddress, wholeNumber } from './options.js'
import { withBenchOptions } from './bench/options.js'
import { gameScenarioTitles } from './bench/titles.js'
import type { GameBenchSettings } from './bench/bench.js'
import type { BotSettings } from './bots.js'
import { optionName, SETTING_NAMES, type SettingName, SETTINGS, type Settings } from './settings/settings.js'
import { gatherSettings, idleSettings, suspectVariables } from './settings/sources.js'

/** Makes the program. `done` gets the exit code of a command that ran. */
export function createProgram(version: string, done: (exitCode: number) => void): Command {
  const program = new Command('bitecs-net')
    .description(
      'Runs a bitECS game as a headless server, or bots that play on it, and measures what its network costs.',
    )
    .version(version)
    .showHelpAfterError('(--help tells more)')
  // The commands load when they run: `--help` needs no WebRTC.
  program.addCommand(
    createServe(async (path, options) => {
      const { config, ...given } = options
      const settings = gatherSettings(given, config, process.env)
      const { logLevel = 'info', logFormat } = settings
      const log = createLog({ logLevel, logFormat })
      for (const { name, guess } of suspectVariables(process.env)) {
        log.warn({ variable: name }, `${name} of the environment sets nothing; did you mean ${guess}?`)
      }
      for (const { name, needs } of idleSettings(settings)) {
        log.warn({ setting: name }, `${name} is set and does nothing: ${needs} is not`)
      }
      const { serve } = await import('./serve.js')
      done(await serve(path, settings, log, version))
    }),
  )
  program.addCommand(
    createBots(async (path, options) => {
      const { runBots } = await import('./bots.js')
      done(await runBots(path, options, createLog(options)))
    }),
  )
  program.addCommand(
    createBench(async (path, options) => {
      const { bench } = await import('./bench/bench.js')
      done(await bench(path, options, version))
    }),
  )
  return program
}

type ServeOptions = Settings & { readonly config?: string }

function createServe(run: (path: string, options: ServeOptions) => Promise<void>): Command {
  const command = new Command('serve')
    .description('run a game module as a headless server, until Ctrl+C')
    .argument(
      '<game module>',
      'TypeScript or JavaScript; exports protocol, systems and, if it likes, tickRate, options and setup',
    )
    .option('--config <file>', 'a JSON file of settings, named as these options: { "maxConnections": 64 }')
  for (const name of SETTING_NAMES) command.addOption(optionOf(name))
  return command.addHelpText('after', PRECEDENCE).showHelpAfterError('(--help tells more)').action(run)
}

const PRECEDENCE = `
Each option may stand in the environment too, as BITECS_NET_MAX_CONNECTIONS for --max-connections (and PORT for --port).
Options count over the environment, the environment over the file, the file over what the game itself says.`

function optionOf(name: SettingName): Option {
  const { kind, value, about, short } = SETTINGS[name]
  const flags = `${short === undefined ? '' : `-${short}, `}${optionName(name)} <${value}>`
  return new Option(flags, about).argParser((text) => {
    const read = kind.fromText(text)
    if (read === undefined) throw new InvalidArgumentError(`It is ${kind.expects}.`)
    return read
  })
}

function createBots(run: (path: string, options: BotSettings & LogOptions) => Promise<void>): Command {
  const url = `http://127.0.0.1:${DEFAULT_PORT}`
  return withLog(
    new Command('bots')
      .description('connect bots to a server, until it stops or Ctrl+C')
      .argument('<game module>', 'TypeScript or JavaScript; exports protocol, createBot and, if it likes, rate')
      .option('-c, --count <count>', 'how many', wholeNumber(1, 1024), 1)
      .option('-u, --url <address>', 'where the server is', serverAddress, url)
      .option('--rate <rate>', 'steps per second (default: what the game says, else 20)', rate),
  ).action(run)
}

function createBench(run: (path: string | undefined, options: GameBenchSettings) => Promise<void>): Command {
  const command = new Command('bench')
    .description("measure a game module's protocol on this machine, in memory: no network, no game systems")
    .argument('[game module]', 'TypeScript or JavaScript; exports protocol (default: a plain one)')
    .option(
      '--entities <count>',
      'entities, at most what the arrays hold (default: 10000, or 1000 when quick)',
      wholeNumber(4, 100_000),
    )
  return withBenchOptions(command, gameScenarioTitles).showHelpAfterError('(--help tells more)').action(run)
}

function withLog(command: Command): Command {
  const format = new Option('--log-format <format>', 'for people or for machines (default: pretty on a terminal)')
  return command
    .addOption(new Option('--log-level <level>', 'what to log').choices(LOG_LEVELS).default('info'))
    .addOption(format.choices(LOG_FORMATS))
    .showHelpAfterError('(--help tells more)')
}
