// A flood of requests by nobody: what it does to the steps of a server on which others play, and to its memory.
import http from 'node:http'
import { constants, setPriority } from 'node:os'
import { RATE } from './game.js'
import type { OurState } from './our-server.js'
import { Arena } from './suite.js'
import { pause } from './tools.js'

export interface FloodSettings {
  readonly program: string
  readonly requests: number
  readonly players: number
  /** Floods, one after the other. */
  readonly rounds: number
}

/** How long the server is watched before the flood, to know what this machine does by itself; and behind it. */
const CONTROL_MS = 10_000
const RECOVERY_MS = 60_000
/** What memory may differ by and count as back, in bytes. */
const MEMORY_SLACK = 16 << 20
/** Of JavaScript: the table of addresses, which has a fixed size, and code that was compiled meanwhile. */
const HEAP_SLACK = 2 << 20
/** Requests under way at once. */
const SOCKETS = 256

const mebibytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MB`

/** Sends requests as fast as they are answered; resolves to how often each status came. */
async function send(port: number, count: number): Promise<Record<string, number>> {
  // Attackers have their own machines: here they get what the server and its players leave.
  setPriority(constants.priority.PRIORITY_LOW)
  const agent = new http.Agent({ keepAlive: true, maxSockets: SOCKETS })
  const statuses: Record<string, number> = {}
  const one = (i: number): Promise<void> =>
    new Promise((resolve) => {
      const note = (status: number | string): void => {
        statuses[status] = (statuses[status] ?? 0) + 1
        resolve()
      }
      // Half of them from this machine, where no limit of an address holds; half from as many addresses.
      const headers = i % 2 === 0 ? {} : { 'x-forwarded-for': `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }
      const path = '/.wrtc/v2/connections'
      const request = http.request({ agent, port, host: '127.0.0.1', path, method: 'POST', headers }, (response) => {
        response.resume()
        response.on('end', () => note(response.statusCode ?? 0))
      })
      request.on('error', () => note('broken'))
      request.end()
    })
  await Promise.all(Array.from({ length: count }, (_, i) => one(i)))
  agent.destroy()
  return statuses
}

/** Floods a server of ours, and prints what it finds; the exit status says whether the last flood was felt. */
export async function measureFlood({ program, requests, players, rounds }: FloodSettings): Promise<void> {
  const processes = Math.min(4, players)
  const count = Math.ceil(players / processes) * processes
  const arena = await Arena.start(program, processes, count / processes)
  try {
    await pause(6000)
    console.log(
      `${count} play at ${RATE} Hz. The first flood gives the allocator the memory that it keeps for the next.`,
    )
    let isUnfelt = false
    for (let i = 0; i < rounds; i++) isUnfelt = await flood(arena, requests, count)
    process.exitCode = isUnfelt ? 0 : 1
  } finally {
    await arena.stop()
  }
}

/** One flood, after a time without and before a time to recover. False when it was felt. */
async function flood(arena: Arena, requests: number, players: number): Promise<boolean> {
  await lookAt(arena)
  await pause(CONTROL_MS)
  const before = { ...(await lookAt(arena)), ...(await arena.collect()) }
  console.log(`\n${CONTROL_MS / 1000} s without a flood:\n${linesOf(before)}, of JavaScript ${mebibytes(before.heap)}`)

  const start = performance.now()
  const statuses = await send(arena.target.port, requests)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const during = await lookAt(arena)
  console.log(`${requests} requests in ${seconds} s (${JSON.stringify(statuses)}):\n${linesOf(during)}`)

  await pause(RECOVERY_MS)
  const after = { ...(await lookAt(arena)), ...(await arena.collect()) }
  const playing = await arena.countPlaying()
  console.log(`${RECOVERY_MS / 1000} s later:\n${linesOf(after)}, of JavaScript ${mebibytes(after.heap)}`)
  const isEven = during.late <= 1000 / RATE
  const isBack = after.rss - before.rss < MEMORY_SLACK && after.heap - before.heap < HEAP_SLACK
  const isWhole = playing === players && after.connections === players
  console.log(
    `No step more than a step late: ${isEven}. Memory back: ${isBack}. ${playing} play, nobody else is held: ${isWhole}.`,
  )
  return isEven && isBack && isWhole
}

interface Look extends OurState {
  readonly silence: number
}

async function lookAt(arena: Arena): Promise<Look> {
  return { ...(await arena.look()), silence: (await arena.lookAtPlayers()).silence }
}

const linesOf = ({ late, lateSteps, silence, rss }: Look): string =>
  `  latest step ${late.toFixed(1)} ms late, ${lateSteps} later than a step; a player heard nothing for ${silence.toFixed(0)} ms at most; ` +
  `memory ${mebibytes(rss)}`
