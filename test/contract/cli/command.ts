// Runs the built command in a process of its own, and watches what it writes.
import { type ChildProcess, spawn } from 'node:child_process'
import { root } from '../../../scripts/entries.js'
import { until } from '../../support/until.js'

/** One line of the JSON log. */
export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly port?: number
  readonly code?: string
  readonly signal?: string
  readonly system?: string
  readonly connection?: number
  readonly bot?: number
  readonly address?: string
  readonly tickRate?: number
}

const LIMIT_MS = 20_000

/** A running command. `stop` it in the end, whatever came of it. */
export class RunningCommand {
  stdout = ''
  stderr = ''
  /** The exit code, or the signal that ended it; undefined while it runs. */
  ended: number | NodeJS.Signals | undefined
  private readonly child: ChildProcess

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const { PORT: _, ...inherited } = process.env
    this.child = spawn(process.execPath, [`${root}dist/cli.js`, ...args], {
      cwd: root,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text))
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    // Not `exit`: what it wrote last must have arrived.
    this.child.on('close', (code, signal) => (this.ended = code ?? signal ?? undefined))
  }

  get lines(): LogLine[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1)
    return whole
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** Waits until a line of the log says `text`. Throws when the command ends before. */
  async says(text: string): Promise<LogLine> {
    const find = (): LogLine | undefined => this.lines.find(({ msg }) => msg.includes(text))
    await until(`the log to say ${JSON.stringify(text)}`, () => find() !== undefined || this.hasEnded, LIMIT_MS)
    const line = find()
    if (line === undefined) throw new Error(`ended with ${this.ended} before it said "${text}":\n${this.output}`)
    return line
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Waits for the end, and gives the exit code. */
  async end(): Promise<number | NodeJS.Signals | undefined> {
    await until('the command to end', () => this.hasEnded, LIMIT_MS)
    return this.ended
  }

  /** Ends it by force, if it still runs. */
  async stop(): Promise<void> {
    if (this.hasEnded) return
    this.child.kill('SIGKILL')
    await this.end()
  }

  private get hasEnded(): boolean {
    return this.ended !== undefined
  }

  private get output(): string {
    return this.stdout + this.stderr
  }
}
