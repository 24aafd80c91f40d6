// Defines the commands and their options, as `--help` shows them.
import { Command, Option } from 'commander'
import { DEFAULT_PORT } from './settings/settings.js'
import { createLog, LOG_FORMATS, LOG_LEVELS, type LogOptions } from './log.js'
import { parserOf } from './options.js'
import { rate, serverAddress, wholeNumber } from './settings/kinds.js'
import { withBenchOptions } from './bench/options.js'
import { gameScenarioTitles } from './bench/titles.js'
import type { GameBenchSettings } from './bench/bench.js'
import type { BotSettings } from './bots.js'
import {
  optionName,
  SETTING_NAMES,
  settingGroup,
  type SettingName,
  SETTINGS,
  type Settings,
} from './settings/settings.js'
import { gatherSettings, idleSettings, suspectVariables } from './settings/sources.js'

/** Creates the program. It passes the exit code of a command to `done`. */
export function createProgram(version: string, done: (exitCode: number) => void): Command {
  const program = new Command('bitecs-net')
    .description('Runs a bitECS game as a headless server, connects bots to it, and benchmarks its protocol.')
    .version(version)
    .showHelpAfterError('(see --help)')
  // Each command is imported when it runs, so that `--help` works without WebRTC.
  program.addCommand(
    createServe(async (path, options) => {
      const { config, ...given } = options
      const settings = gatherSettings(given, config, process.env)
      const { logLevel = 'info', logFormat } = settings
      const log = createLog({ logLevel, logFormat })
      for (const { name, guess } of suspectVariables(process.env)) {
        log.warn({ variable: name }, `the environment variable ${name} is not a setting; did you mean ${guess}?`)
      }
      for (const { name, needs } of idleSettings(settings)) {
        log.warn({ setting: name }, `${name} has no effect because ${needs} is not set`)
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

type ServeArguments = Settings & { readonly config?: string }

function createServe(run: (path: string, options: ServeArguments) => Promise<void>): Command {
  const command = new Command('serve')
    .description('run a game module as a headless server, until you press Ctrl+C')
    .argument(
      '<game module>',
      'TypeScript or JavaScript file; exports protocol, systems and optionally tickRate, options and setup',
    )
  // `--config` is the tenth option, after the settings without a group.
  const common = SETTING_NAMES.filter((name) => settingGroup(name) === undefined)
  for (const name of common) command.addOption(optionOf(name))
  command.option('--config <file>', 'JSON file with any of these settings, as in { "maxConnections": 64 }')
  for (const name of SETTING_NAMES) if (!common.includes(name)) command.addOption(optionOf(name))
  return command.addHelpText('after', PRECEDENCE).showHelpAfterError('(see --help)').action(run)
}

const PRECEDENCE = `
Every option can also be set by an environment variable: BITECS_NET_MAX_CONNECTIONS for --max-connections.
PORT also sets --port. Options override the environment, the environment overrides the file of --config,
and the file overrides the options that the game module exports.`

function optionOf(name: SettingName): Option {
  const { kind, value, about, short } = SETTINGS[name]
  const flags = `${short === undefined ? '' : `-${short}, `}${optionName(name)} <${value}>`
  const option = new Option(flags, about).argParser<unknown>(parserOf<unknown>(kind))
  const group = settingGroup(name)
  return group === undefined ? option : option.helpGroup(group)
}

function createBots(run: (path: string, options: BotSettings & LogOptions) => Promise<void>): Command {
  const url = `http://127.0.0.1:${DEFAULT_PORT}`
  return withLog(
    new Command('bots')
      .description('connect bots to a server, until it stops or you press Ctrl+C')
      .argument('<game module>', 'TypeScript or JavaScript file; exports protocol, createBot and optionally rate')
      .option('-c, --count <count>', 'number of bots', parserOf(wholeNumber(1, 1024)), 1)
      .option('-u, --url <address>', 'address of the server', parserOf(serverAddress), url)
      .option('--rate <rate>', "steps per second (default: the module's rate, else 20)", parserOf(rate)),
  ).action(run)
}

function createBench(run: (path: string | undefined, options: GameBenchSettings) => Promise<void>): Command {
  const command = new Command('bench')
    .description("benchmark a game module's protocol in memory, without a network or game systems")
    .argument('[game module]', 'TypeScript or JavaScript file; exports protocol (default: a simple built-in one)')
    .option(
      '--entities <count>',
      'number of entities, limited by the size of the component arrays (default: 10000, with --quick 1000)',
      parserOf(wholeNumber(4, 100_000)),
    )
  return withBenchOptions(command, gameScenarioTitles).showHelpAfterError('(see --help)').action(run)
}

function withLog(command: Command): Command {
  const format = new Option(
    '--log-format <format>',
    'pretty (human-readable) or json (default: pretty on a terminal, else json)',
  )
  return command
    .addOption(new Option('--log-level <level>', 'lowest level to log').choices(LOG_LEVELS).default('info'))
    .addOption(format.choices(LOG_FORMATS))
    .showHelpAfterError('(see --help)')
}
