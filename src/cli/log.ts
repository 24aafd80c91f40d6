// Writes the log of the command: readable lines on a terminal, JSON lines everywhere else.
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
  /** Default: `pretty` on a terminal, otherwise `json`. */
  logFormat?: (typeof LOG_FORMATS)[number]
}

/**
 * Makes a log, which writes to standard output unless a test passes its own stream. It contains texts of clients, so
 * every text is escaped.
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

/** Converts an error, its cause included, with escaped texts. */
function harmlessError(thrown: unknown): Record<string, unknown> {
  // Any value can be thrown, and the last entry of a log is often an uncaught one.
  const error = thrown instanceof Error ? thrown : new Error(textOf(thrown))
  const { type, message, stack, code } = stdSerializers.err(error) as SerializedError & { code?: unknown }
  return {
    type: harmless(textOf(type)),
    message: harmless(textOf(message)),
    stack: harmlessLines(textOf(stack)),
    ...(typeof code === 'string' ? { code: harmless(code) } : undefined),
  }
}

/** The most lines of one kind in a period, and the length of the period in milliseconds. */
const LINES_PER_PERIOD = 5
const PERIOD_MS = 5000
/** The most kinds; further ones share one budget. */
const MAX_KEYS = 256

interface Budget {
  start: number
  lines: number
  suppressed: number
}

/** Keeps lines that may occur in every tick, or that a hostile client can cause, from filling the log. */
export class LogThrottle {
  private readonly budgets = new Map<string, Budget>()

  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Whether a line about `key` may be written now, of at most `lines` in five seconds. Returns undefined when not,
   * otherwise how many were left out since the last one.
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

  /** Evicts the oldest budget if it is full again anyway, so that old keys are not kept indefinitely. */
  private forgetOldest(): void {
    const [oldest] = this.budgets
    if (oldest !== undefined && this.now() - oldest[1].start >= PERIOD_MS) this.budgets.delete(oldest[0])
  }
}
