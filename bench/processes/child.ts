// Starts processes of the benchmark, a server or many clients, and sends them requests over their IPC channel.
import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { Roles } from './roles.js'

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** Longer than anything that is asked. */
const ANSWER_LIMIT_MS = 120_000

/** What the paths of CPU profiles begin with, in `npm run profile`. */
const profiles = process.env['BITECS_NET_PROFILES']
let profileCount = 0

/** Flags of Node that give each process a profile of its own. */
function profilePlace(prefix: string, role: string): string[] {
  profileCount++
  const name = `${basename(prefix)}-${role}-${profileCount}.cpuprofile`
  return [`--cpu-prof-dir=${dirname(prefix)}`, `--cpu-prof-name=${name}`]
}

let program: Promise<string> | undefined

/** Builds the program of all roles, once. It lies under node_modules, so that packages are found from there. */
function buildProgram(): Promise<string> {
  program ??= (async () => {
    const folder = join(process.cwd(), 'node_modules/.cache/bitecs-net')
    await mkdir(folder, { recursive: true })
    // A profile needs the source map after the end, so that bundle stays.
    const outfile = join(folder, `bench-process-${profiles === undefined ? process.pid : 'profiled'}.mjs`)
    await build({
      absWorkingDir: process.cwd(),
      entryPoints: ['bench/processes/main.ts'],
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      sourcemap: true,
      logLevel: 'warning',
    })
    if (profiles !== undefined) return outfile
    process.on('exit', () => {
      rmSync(outfile, { force: true })
      rmSync(`${outfile}.map`, { force: true })
    })
    return outfile
  })()
  return program
}

type ArgumentsOf<Task> = Task extends (args: infer A) => unknown ? A : never
type ResultOf<Task> = Task extends (args: never) => infer R ? Awaited<R> : never

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** A process, and what it can be asked. */
export class Child<T extends object> {
  private readonly waiting = new Map<number, Waiting>()
  private nextId = 1
  private ended = false

  private constructor(
    private readonly child: ChildProcess,
    private readonly role: string,
  ) {
    child.on('message', (answer) => this.settle(answer as Answer))
    child.on('exit', (code) => {
      this.ended = true
      for (const { reject } of this.waiting.values()) reject(new Error(`the process ${role} ended with code ${code}`))
      this.waiting.clear()
    })
  }

  static async start<Role extends keyof Roles>(role: Role): Promise<Child<Roles[Role]>> {
    const execArgv = ['--enable-source-maps', '--expose-gc']
    if (profiles !== undefined) execArgv.push('--cpu-prof', ...profilePlace(profiles, role))
    const child = fork(await buildProgram(), [role], { execArgv })
    return new Child<Roles[Role]>(child, role)
  }

  /** Asks for a task, and resolves with its result. */
  async ask<Task extends keyof T & string>(task: Task, args: ArgumentsOf<T[Task]>): Promise<ResultOf<T[Task]>> {
    const id = this.nextId++
    let timer: NodeJS.Timeout | undefined
    try {
      return (await new Promise<unknown>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`${this.role} did not answer ${task}`)), ANSWER_LIMIT_MS)
        this.waiting.set(id, { resolve, reject })
        this.child.send({ id, task, args })
      })) as ResultOf<T[Task]>
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the process. One with a profile writes it as it ends by itself. */
  stop(): void {
    if (this.ended) return
    if (profiles === undefined) this.child.kill('SIGKILL')
    else if (this.child.connected) this.child.disconnect()
  }

  private settle({ id, result, error }: Answer): void {
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(`${this.role}: ${error}`))
  }
}
