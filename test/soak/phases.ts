// The three phases of the soak: clients that come and leave, a server that starts again and again, and a long game
// under loss. Server, clients and the bad network are processes of their own, and only the first two are measured.
import { until } from '../support/until.js'
import { Worker } from '../support/worker.js'
import type { ClientTasks } from './clients-process.js'
import type { RelayTasks } from './relay-process.js'
import type { Point, Series } from './series.js'
import type { ServerTasks } from './server-process.js'

/** What a phase needs, and where it tells how far it is. */
export interface PhaseOptions {
  /** The built program of all roles. */
  readonly program: string
  readonly progress: (text: string) => void
}

export interface PlayOptions extends PhaseOptions {
  readonly minutes: number
  readonly bots: number
  readonly processes: number
  readonly loss: number
}

export interface PhaseResult {
  readonly series: Series[]
  /** What else is to be known, for machines and people alike. */
  readonly notes: Readonly<Record<string, unknown>>
}

/** How many of each kind come and leave between two measurements. */
export const LEAVERS = { goodbye: 8, aborted: 4, silent: 4, kicked: 4 } as const
const PER_ROUND = LEAVERS.goodbye + LEAVERS.aborted + LEAVERS.silent + LEAVERS.kicked
const EMPTY_LIMIT_MS = 60_000
/** A silent client is given up soon, so that a round ends soon. */
const TIME_LIMITS = { timeout: 1000, resumeTime: 500 }
const SAMPLES_OF_PLAY = 180

/** Clients come and leave: with a goodbye, on the way in, without a word, and by a kick. */
export async function soakCycles(cycles: number, { program, progress }: PhaseOptions): Promise<PhaseResult> {
  const server = Worker.start<ServerTasks>(program, 'server')
  const clients = Worker.start<ClientTasks>(program, 'clients')
  const relay = Worker.start<RelayTasks>(program, 'relay')
  const points: { server: Point[]; clients: Point[] } = { server: [], clients: [] }
  const isEmpty = async (): Promise<boolean> => (await server.ask('connections', {} as never)) === 0
  try {
    const { port } = await server.ask('start', TIME_LIMITS)
    const url = `http://127.0.0.1:${port}`
    const silent = await relay.ask('start', { upstream: url, loss: 0 })
    const rounds = Math.ceil(cycles / PER_ROUND)
    for (let round = 1; round <= rounds; round++) {
      await clients.ask('join', { url, count: LEAVERS.goodbye })
      await clients.ask('leave', {} as never)
      await clients.ask('abort', { url, count: LEAVERS.aborted })
      await clients.ask('join', { url: silent.url, count: LEAVERS.silent })
      await relay.ask('set', { down: true })
      await until('the server gives them up', isEmpty, EMPTY_LIMIT_MS)
      await clients.ask('leave', {} as never)
      await relay.ask('set', { down: false })
      await clients.ask('join', { url, count: LEAVERS.kicked })
      await server.ask('kickAll', {} as never)
      await clients.ask('awaitEnd', {} as never)
      await until('the server is empty', isEmpty, EMPTY_LIMIT_MS)
      if (round === Math.ceil(rounds / 5)) await server.ask('grown', {} as never)
      points.server.push({ at: round * PER_ROUND, sample: await server.ask('measure', {} as never) })
      points.clients.push({ at: round * PER_ROUND, sample: await clients.ask('measure', {} as never) })
      progress(`cycles: ${round * PER_ROUND} of ${rounds * PER_ROUND}`)
    }
    const { errors } = await server.ask('measure', {} as never)
    const grown = await server.ask('grown', {} as never)
    return { series: seriesOf('cycles', 'cycle', points), notes: { cycles: rounds * PER_ROUND, errors, grown } }
  } finally {
    await Promise.all([clients.stop(), server.stop(), relay.stop()])
  }
}

/**
 * A server closes and listens again in one process, each time with clients: in turns with its world, and with a new
 * one.
 */
export async function soakRestarts(restarts: number, { program, progress }: PhaseOptions): Promise<PhaseResult> {
  const server = Worker.start<ServerTasks>(program, 'server')
  const clients = Worker.start<ClientTasks>(program, 'clients')
  const points: { server: Point[]; clients: Point[] } = { server: [], clients: [] }
  try {
    let { port } = await server.ask('start', TIME_LIMITS)
    for (let restart = 1; restart <= restarts; restart++) {
      await clients.ask('join', { url: `http://127.0.0.1:${port}`, count: 2 })
      ;({ port } = await server.ask('restart', { anew: restart % 2 === 0 }))
      await clients.ask('awaitEnd', {} as never)
      points.server.push({ at: restart, sample: await server.ask('measure', {} as never) })
      points.clients.push({ at: restart, sample: await clients.ask('measure', {} as never) })
      progress(`restarts: ${restart} of ${restarts}`)
    }
    const { errors } = await server.ask('measure', {} as never)
    return { series: seriesOf('restarts', 'restart', points), notes: { restarts, errors } }
  } finally {
    await Promise.all([clients.stop(), server.stop()])
  }
}

/** Bots play match after match over a network that loses packets. */
export async function soakPlay(options: PlayOptions): Promise<PhaseResult> {
  const { program, progress, minutes, bots, processes, loss } = options
  const server = Worker.start<ServerTasks>(program, 'server')
  const relay = Worker.start<RelayTasks>(program, 'relay')
  const crowds = Array.from({ length: processes }, () => Worker.start<ClientTasks>(program, 'clients'))
  const points: { server: Point[]; clients: Point[] } = { server: [], clients: [] }
  try {
    const { port } = await server.ask('start', {})
    const { url } = await relay.ask('start', { upstream: `http://127.0.0.1:${port}`, loss })
    const each = Math.ceil(bots / processes)
    // One crowd after another: connecting is what costs most.
    for (const [i, crowd] of crowds.entries()) {
      await crowd.ask('play', { url, count: Math.min(each, bots - i * each), first: i * each })
      progress(`play: ${(i + 1) * each} bots are in`)
    }
    const start = performance.now()
    const ofMinutes = (): number => (performance.now() - start) / 60_000
    for (let i = 1; i <= SAMPLES_OF_PLAY; i++) {
      await until('the next measurement', () => ofMinutes() >= (minutes * i) / SAMPLES_OF_PLAY, minutes * 60_000)
      const of = await server.ask('measure', {} as never)
      points.server.push({ at: ofMinutes(), sample: of })
      points.clients.push({ at: ofMinutes(), sample: await crowds[0]!.ask('measure', {} as never) })
      if (i === Math.ceil(SAMPLES_OF_PLAY / 5)) {
        await Promise.all([server.ask('grown', {} as never), crowds[0]!.ask('grown', {} as never)])
      }
      progress(
        `play: ${ofMinutes().toFixed(1)} of ${minutes} minutes, ${of.connections} bots, ${of.skipped} steps skipped`,
      )
    }
    const { errors, connections, skipped, entities } = await server.ask('measure', {} as never)
    const states = await Promise.all(crowds.map((crowd) => crowd.ask('measure', {} as never)))
    const ofBots = states.map(({ playing, ended, errors: own }) => ({ playing, ended, errors: own }))
    const packets = await relay.ask('counts', {} as never)
    const grown = { server: await server.ask('grown', {} as never), client: await crowds[0]!.ask('grown', {} as never) }
    const notes = { minutes, bots, loss, connections, entities, skipped, errors, ofBots, packets, grown }
    return { series: seriesOf('play', 'minute', points), notes }
  } finally {
    await Promise.all([...crowds.map((crowd) => crowd.stop()), server.stop(), relay.stop()])
  }
}

function seriesOf(phase: string, unit: string, points: { server: Point[]; clients: Point[] }): Series[] {
  return (['server', 'clients'] as const).map((process) => ({ phase, process, unit, points: points[process] }))
}
