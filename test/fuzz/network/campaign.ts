// Measures what hostile clients and requests cost the players of a server over a real network. Phases with hostile
// clients alternate with quiet phases, and with phases of equally many harmless guests, for comparison.
import { fileURLToPath } from 'node:url'
import { Worker } from '../../support/worker.js'
import { Escape } from '../engine/steps.js'
import type { HostileTasks, Thrown } from './hostile.js'
import type { PlayerTasks } from './players.js'
import type { ServerState, ServerTasks } from './server.js'

export interface NetworkSettings {
  readonly minutes: number
  readonly seed: number
}

const PLAYERS = 16
/** The number of hostile connections and requests at a time. */
const CONNECTIONS = 4
const REQUESTS = 8
/** The length of a phase, and of the pause after it, in milliseconds. */
const PHASE = 5000
const SETTLE = 1500
/** The time after which nothing of a hostile client may be left. */
const GONE_WITHIN = 30_000
/** Statuses that report an error within the server. */
const isBroken = (status: number): boolean => status >= 500 && status !== 503 && status !== 505

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
const nothing = undefined as never

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}

interface Phase {
  readonly ticks: number[]
  readonly intervals: number[]
}

class Field {
  readonly hostile: Phase = { ticks: [], intervals: [] }
  readonly guests: Phase = { ticks: [], intervals: [] }
  readonly quiet: Phase = { ticks: [], intervals: [] }

  private constructor(
    private readonly port: number,
    private readonly server: Worker<ServerTasks>,
    private readonly players: Worker<PlayerTasks>,
    private readonly attackers: Worker<HostileTasks>,
  ) {}

  static async start(): Promise<Field> {
    const program = fileURLToPath(new URL('fuzz-process.mjs', import.meta.url))
    const server = Worker.start<ServerTasks>(program, 'server')
    const players = Worker.start<PlayerTasks>(program, 'players')
    const attackers = Worker.start<HostileTasks>(program, 'hostile')
    const { port } = await server.ask('start', nothing)
    await players.ask('connect', { url: `http://127.0.0.1:${port}`, count: PLAYERS })
    await pause(3000)
    return new Field(port, server, players, attackers)
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.players.stop(), this.attackers.stop()])
  }

  /** Runs one quiet phase, one with guests, and one with hostile clients. @returns the hostile input until now. */
  async turn(seed: number): Promise<Thrown> {
    await this.measure(this.quiet)
    await this.visit(true, seed, this.guests)
    const thrown = await this.visit(false, seed, this.hostile)
    await this.expectUnharmed()
    return thrown
  }

  private async visit(isPolite: boolean, seed: number, into: Phase): Promise<Thrown> {
    const requests = isPolite ? 0 : REQUESTS
    await this.attackers.ask('begin', { port: this.port, seed, connections: CONNECTIONS, requests, isPolite })
    await this.measure(into)
    return this.attackers.ask('end', nothing)
  }

  private async measure(into: Phase): Promise<void> {
    // Ticks before the phase and at its beginning do not count.
    await pause(SETTLE)
    await Promise.all([this.server.ask('look', nothing), this.players.ask('look', nothing)])
    await pause(PHASE)
    const [{ ticks }, { intervals }] = await Promise.all([
      this.server.ask('look', nothing),
      this.players.ask('look', nothing),
    ])
    into.ticks.push(...ticks)
    into.intervals.push(...intervals)
  }

  private async expectUnharmed(): Promise<void> {
    const { playing, wrong } = await this.players.ask('look', nothing)
    if (wrong > 0) throw new Escape(`${wrong} words of players came back wrongly`)
    if (playing < PLAYERS) throw new Escape(`${playing} of ${PLAYERS} players play on`)
    const { thrown } = await this.server.ask('look', nothing)
    if (thrown.length > 0) throw new Escape(`a tick threw: ${thrown[0]}`)
  }

  /** Checks that nothing of the hostile clients is left after they have stopped. */
  async expectClean(): Promise<ServerState> {
    let state = await this.server.ask('look', nothing)
    for (
      let waited = 0;
      waited < GONE_WITHIN && (state.connections > PLAYERS || state.networked > PLAYERS);
      waited += 500
    ) {
      await pause(500)
      state = await this.server.ask('look', nothing)
    }
    const { connections, networked, counters, transport } = state
    if (connections !== PLAYERS || networked !== PLAYERS) {
      throw new Escape(`${connections} connections and ${networked} entities are left, of ${PLAYERS} players`)
    }
    if (counters.handlerErrors > 0) throw new Escape(`${counters.handlerErrors} handlers or observers threw`)
    if (transport.callbackErrors > 0) throw new Escape(`${transport.callbackErrors} native callbacks threw`)
    return state
  }
}

/** Prints the results. @throws Escape when a player was disturbed, or something was left behind. */
export async function fuzzNetwork({ minutes, seed }: NetworkSettings): Promise<void> {
  const field = await Field.start()
  try {
    const end = performance.now() + minutes * 60_000
    let thrown: Thrown | undefined
    for (let turn = 0; performance.now() < end; turn++) {
      thrown = await field.turn(seed + turn * 10_000)
      console.log(
        `turn ${turn}: ${thrown.packets} packets on ${thrown.connections} connections, ${thrown.requests} requests`,
      )
    }
    const { counters, transport, rss } = await field.expectClean()
    console.log(JSON.stringify(thrown))
    console.log(JSON.stringify({ counters: nonZero(counters), transport: nonZero(transport), rss }))
    for (const status of Object.keys(thrown?.statuses ?? {}).map(Number)) {
      if (isBroken(status)) throw new Escape(`requests were answered with ${status}`)
    }
    const { hostile, guests, quiet } = field
    show('a tick of the server', hostile.ticks, guests.ticks, quiet.ticks)
    show('from tick to tick at a player', hostile.intervals, guests.intervals, quiet.intervals)
  } finally {
    await field.stop()
  }
}

function nonZero(counters: object): object {
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => count !== 0))
}

/** Medians in milliseconds, and how the first compares with each of the others. */
function show(what: string, ...values: readonly (readonly number[])[]): void {
  const [hostile = 0, guests = 0, quiet = 0] = values.map(median)
  const ratios = `ratios ${(hostile / guests).toFixed(3)} and ${(hostile / quiet).toFixed(3)}`
  const [under, visited, alone] = [hostile, guests, quiet].map((value) => `${value.toFixed(3)} ms`)
  console.log(`${what}: median ${under} with hostile clients, ${visited} with guests, ${alone} without: ${ratios}`)
}
