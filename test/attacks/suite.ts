// Runs one attack: against our server while others play on it, or against a bare one of its own.
import { connectRaw } from '../support/webrtc-raw.js'
import { Worker } from '../support/worker.js'
import type { AttackerTasks } from './attackers.js'
import type { Attack } from './attacks.js'
import type { BareTasks } from './bare-server.js'
import type { Memory, OurState, OurTasks } from './our-server.js'
import type { PlayerTasks } from './players.js'
import { pause, Target } from './tools.js'

/** What became of a server. */
export interface Outcome {
  readonly state: 'dies' | 'hangs' | 'serves'
  /** How it ended, or what harm was done. */
  readonly words: string
}

/** How long a server may take to answer, and to let a client in, until it counts as hanging; in milliseconds. */
const ANSWER_LIMIT_MS = 5000
const CONNECT_LIMIT = 15_000

function within<T>(limit: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), limit)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const startAttacker = (program: string): Worker<AttackerTasks> => Worker.start(program, 'attackers', { isSilent: true })

/** Attacks a bare server, which is started for it alone. */
export async function attackBare(program: string, attack: Attack): Promise<Outcome> {
  const server = Worker.start<BareTasks>(program, 'bare', { isSilent: true })
  try {
    const target = new Target((await server.ask('start', undefined as never)).port)
    const look = () => within(ANSWER_LIMIT_MS, server.ask('look', undefined as never))
    let harm: string | undefined
    try {
      harm = await attack.run({ target, isBare: true, look, startAttacker: () => startAttacker(program) })
    } catch {
      // The server may have died of it; that is looked at next.
    }
    const client = await within(CONNECT_LIMIT, connectRaw(target.url, { channels: 1 })).catch(() => undefined)
    client?.close()
    const end = await look().then(
      () => undefined,
      (error: Error) => /ended: (.*)/.exec(error.message)?.[1] ?? '',
    )
    if (end) return { state: 'dies', words: end }
    return { state: client === undefined || end === '' ? 'hangs' : 'serves', words: harm ?? '' }
  } finally {
    await server.stop()
  }
}

/** Our server, and players on it. */
export class Arena {
  private constructor(
    private readonly program: string,
    readonly target: Target,
    private readonly operationsPort: number,
    private readonly server: Worker<OurTasks>,
    private readonly groups: readonly Worker<PlayerTasks>[],
    private readonly count: number,
  ) {}

  /** Starts the server, and as many processes of as many players. */
  static async start(program: string, processes: number, playersEach: number): Promise<Arena> {
    const server = Worker.start<OurTasks>(program, 'ours')
    const { port, operationsPort } = await server.ask('start', undefined as never)
    const target = new Target(port)
    const groups = Array.from({ length: processes }, () => Worker.start<PlayerTasks>(program, 'players'))
    const arena = new Arena(program, target, operationsPort, server, groups, processes * playersEach)
    await Promise.all(groups.map((group) => group.ask('connect', { url: target.url, count: playersEach })))
    return arena
  }

  look(): Promise<OurState> {
    return this.server.ask('look', undefined as never)
  }

  /** What the server holds, once it has thrown away what it does not. */
  collect(): Promise<Memory> {
    return this.server.ask('collect', undefined as never)
  }

  /** Attacks; then everybody has to play on, and somebody new has to get in. */
  async attack(attack: Attack): Promise<Outcome> {
    const { target } = this
    const harm = await attack.run({
      target,
      operationsPort: this.operationsPort,
      isBare: false,
      look: () => this.look(),
      startAttacker: () => startAttacker(this.program),
    })
    const client = await within(CONNECT_LIMIT, connectRaw(target.url)).catch(() => undefined)
    client?.close()
    const playing = await this.countPlaying()
    if (client === undefined || playing < this.count) {
      return { state: 'hangs', words: `${playing} of ${this.count} play, a new one ${client ? 'gets in' : 'does not'}` }
    }
    return { state: 'serves', words: harm ?? '' }
  }

  /** How many play; waits for those that a busy machine holds up. */
  async countPlaying(): Promise<number> {
    const end = performance.now() + ANSWER_LIMIT_MS
    for (;;) {
      const { playing } = await this.lookAtPlayers()
      if (playing === this.count || performance.now() > end) return playing
      await pause(50)
    }
  }

  /** How many play now, and the longest time that one of them heard nothing in. */
  async lookAtPlayers(): Promise<{ playing: number; silence: number }> {
    const states = await Promise.all(this.groups.map((group) => group.ask('look', undefined as never)))
    return {
      playing: states.reduce((sum, { playing }) => sum + playing, 0),
      silence: Math.max(...states.map(({ silence }) => silence)),
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.groups.map((group) => group.stop()), this.server.stop()])
  }
}
