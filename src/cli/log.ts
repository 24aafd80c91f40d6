// The log of the command: one line for a person on a terminal, JSON lines for everything else.
import type { Writable } from 'node:stream'
import { type LogFn, type Logger, pino, type SerializedError, stdSerializers, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'
import { harmless, harmlessFields, harmlessLines } from './log-escape.js'
import { createLogOutput } from './log-output.js'
import { textOf } from './user-error.js'

export type Log = Logger

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export const LOG_FORMATS = ['pretty', 'json'] as const

export interface LogOptions {
  logLevel: (typeof LOG_LEVELS)[number]
  /** Default: `pretty` on a terminal, else `json`. */
  logFormat?: (typeof LOG_FORMATS)[number]
}

/**
 * Makes a log, which goes to standard output unless a test brings its own. What clients say ends up in it, so no text that it
 * is given may be more than text.
 */
export function createLog(options: LogOptions, destination: Writable = createLogOutput(1)): Log {
  const { logLevel: level, logFormat: format = process.stdout.isTTY ? 'pretty' : 'json' } = options
  const settings = {
    level,
    base: undefined,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: harmlessFields },
    serializers: { err: harmlessError },
    hooks: { logMethod: writeHarmless },
  }
  if (format === 'json') return pino(settings, destination)
  const stream = pretty({
    colorize: process.stdout.isTTY,
    destination,
    ignore: 'pid,hostname',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  })
  return pino(settings, stream)
}

function writeHarmless(this: Log, args: Parameters<LogFn>, method: LogFn): void {
  method.apply(this, args.map((arg: unknown) => (typeof arg === 'string' ? harmless(arg) : arg)) as Parameters<LogFn>)
}

/** An error, with what it says made harmless, and what caused it. */
function harmlessError(thrown: unknown): Record<string, unknown> {
  // Anything may be thrown, and what is logged last is what nobody caught.
  const error = thrown instanceof Error ? thrown : new Error(textOf(thrown))
  const { type, message, stack, code } = stdSerializers.err(error) as SerializedError & { code?: unknown }
  return {
    type: harmless(textOf(type)),
    message: harmless(textOf(message)),
    stack: harmlessLines(textOf(stack)),
    ...(typeof code === 'string' ? { code: harmless(code) } : undefined),
  }
}

/** How many lines about one thing may appear in a period, and how long that is in milliseconds. */
const LINES_PER_PERIOD = 5
const PERIOD_MS = 5000
/** Things told apart; while there are more, they share one budget. */
const MAX_KEYS = 256

interface Budget {
  start: number
  lines: number
  suppressed: number
}

/** Keeps what may happen in every tick, or at a hostile client's will, from filling the log. */
export class LogThrottle {
  private readonly budgets = new Map<string, Budget>()

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Whether a line about `key` may be written now, of at most `lines` in five seconds: undefined when not, else how many
   * were left out since the last one.
   */
  admit(key: string, lines = LINES_PER_PERIOD): number | undefined {
    if (!this.budgets.has(key) && this.budgets.size >= MAX_KEYS) this.forgetOldest()
    const known = this.budgets.has(key) || this.budgets.size < MAX_KEYS ? key : ''
    let budget = this.budgets.get(known)
    if (budget === undefined) this.budgets.set(known, (budget = { start: this.now(), lines: 0, suppressed: 0 }))
    if (this.now() - budget.start >= PERIOD_MS) {
      budget.start = this.now()
      budget.lines = 0
    }
    if (budget.lines >= lines) {
      budget.suppressed++
      return undefined
    }
    budget.lines++
    const { suppressed } = budget
    budget.suppressed = 0
    return suppressed
  }

  /** Makes room where the oldest budget would be a new one anyway: of what there was once, nothing is kept for ever. */
  private forgetOldest(): void {
    const [oldest] = this.budgets
    if (oldest !== undefined && this.now() - oldest[1].start >= PERIOD_MS) this.budgets.delete(oldest[0])
  }
}
