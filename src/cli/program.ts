// The commands and their options, as `--help` shows them.
import { Command, Option } from 'commander'
import { createLog, LOG_FORMATS, LOG_LEVELS, type LogOptions } from './log.js'
import { rate, serverAddress, wholeNumber } from './options.js'
import { withBenchOptions } from './bench/options.js'
import { gameScenarioTitles } from './bench/titles.js'
import type { GameBenchSettings } from './bench/bench.js'
import type { BotSettings } from './bots.js'
import type { ServeSettings } from './serve.js'

/** Where a server listens, and bots look for it, when nothing else is said. */
const DEFAULT_PORT = 9208

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
      const { serve } = await import('./serve.js')
      done(await serve(path, options, createLog(options)))
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

function createServe(run: (path: string, options: ServeSettings & LogOptions) => Promise<void>): Command {
  const port = new Option('-p, --port <port>', 'TCP port of page and signalling; 0 takes a free one')
  return withLog(
    new Command('serve')
      .description('run a game module as a headless server, until Ctrl+C')
      .argument(
        '<game module>',
        'TypeScript or JavaScript; exports protocol, systems and, if it likes, tickRate and setup',
      )
      .addOption(port.env('PORT').default(DEFAULT_PORT).argParser(wholeNumber(0, 65_535)))
      .option('--host <address>', 'address to listen on (default: all)')
      .option('--static <folder>', 'folder to serve beside the signalling: the page of the game')
      .option('--tick-rate <rate>', 'ticks per second (default: what the game says, else 20)', rate)
      .option('--max-connections <count>', 'clients at once (default: 1024)', wholeNumber(1, 65_535))
      .option('--cors-origin <origin>', 'the pages that may connect (default: all)'),
  ).action(run)
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
