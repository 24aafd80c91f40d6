// A process of a test's own, which does what it is asked, and may be stopped, continued and killed as the test likes.
import { type ChildProcess, fork } from 'node:child_process'

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** What a process can be asked: each task takes one argument. */
export type Tasks = Record<string, (args: never) => unknown>

type ArgumentsOf<Task> = Task extends (args: infer A) => unknown ? A : never
type ResultOf<Task> = Task extends (args: never) => infer R ? Awaited<R> : never

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Milliseconds of the clock that all processes of a machine share. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now()
}

/** Longer than anything that is asked. */
const ANSWER_LIMIT_MS = 120_000

export class Worker<T> {
  private readonly waiting = new Map<number, Waiting>()
  private readonly ended: Promise<void>
  /** How it ended: a signal or a status. */
  private endedBy: string | undefined
  private nextId = 1

  private constructor(
    private readonly child: ChildProcess,
    private readonly role: string,
  ) {
    child.on('message', (answer) => this.settle(answer as Answer))
    this.ended = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        this.endedBy = `${signal ?? code}`
        for (const { reject } of this.waiting.values()) reject(new Error(`${role} ended: ${this.endedBy}`))
        this.waiting.clear()
        resolve()
      })
    })
  }

  /** Starts a program, made by `buildProgram`, in one of its roles. What a silent one prints is not shown. */
  static start<T>(program: string, role: string, { isSilent = false } = {}): Worker<T> {
    const child = fork(program, [role], { execArgv: ['--enable-source-maps', '--expose-gc'], silent: isSilent })
    child.stdout?.resume()
    child.stderr?.resume()
    return new Worker<T>(child, role)
  }

  /** Asks for a task, and resolves with its result. */
  async ask<Name extends keyof T & string>(task: Name, args: ArgumentsOf<T[Name]>): Promise<ResultOf<T[Name]>> {
    if (this.endedBy !== undefined) throw new Error(`${this.role} ended: ${this.endedBy}`)
    const id = this.nextId++
    let timer: NodeJS.Timeout | undefined
    try {
      return (await new Promise<unknown>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`${this.role} did not answer ${task}`)), ANSWER_LIMIT_MS)
        this.waiting.set(id, { resolve, reject })
        this.child.send({ id, task, args }, () => {
          // One that is ending says so by its end.
        })
      })) as ResultOf<T[Name]>
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends a signal to this very process. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    if (this.endedBy === undefined) this.child.kill(name)
  }

  /** Ends the process, and waits until it has. A stopped one too. */
  async stop(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  private settle({ id, result, error }: Answer): void {
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(`${this.role}: ${error}`))
  }
}

interface Question {
  readonly id: number
  readonly task: string
  readonly args: never
}

/** In the process itself: does what it is asked, until who asks is gone. */
export function answerTasks(tasks: Tasks): void {
  const answer = async ({ id, task, args }: Question): Promise<void> => {
    try {
      process.send!({ id, result: (await tasks[task]!(args)) ?? null })
    } catch (error) {
      process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  }
  process.on('message', (question) => void answer(question as Question))
  process.on('disconnect', () => process.exit())
}
