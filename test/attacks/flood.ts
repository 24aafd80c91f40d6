// A flood of requests by nobody: what it does to the steps of a server on which others play, and to its memory.
import http from 'node:http'
import { RATE } from './game.js'
import { Arena } from './suite.js'
import { pause } from './tools.js'

export interface FloodSettings {
  readonly program: string
  readonly requests: number
  readonly players: number
}

/** How long the server is watched before the flood, to know what this machine does by itself; and behind it. */
const CONTROL_MS = 10_000
const RECOVERY_MS = 60_000
/** Requests under way at once. */
const SOCKETS = 256

const mebibytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MB`

/** Sends requests as fast as they are answered; resolves to how often each status came. */
async function send(port: number, count: number): Promise<Record<string, number>> {
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

/** Prints what it finds; the exit status says whether it kept to what is promised. */
export async function measureFlood({ program, requests, players }: FloodSettings): Promise<void> {
  const processes = Math.min(4, players)
  const arena = await Arena.start(program, processes, Math.ceil(players / processes))
  try {
    await pause(6000)
    await arena.look()
    await arena.lookAtPlayers()
    await pause(CONTROL_MS)
    const control = await arena.look()
    const quiet = await arena.lookAtPlayers()
    console.log(`${players} play at ${RATE} Hz; for ${CONTROL_MS / 1000} s nothing happens:`)
    console.log(`  latest step ${control.late.toFixed(1)} ms late, ${control.lateSteps} later than a step`)
    console.log(`  longest silence of a player ${quiet.silence.toFixed(0)} ms, memory ${mebibytes(control.rss)}`)

    const start = performance.now()
    const statuses = await send(arena.target.port, requests)
    const took = performance.now() - start
    const during = await arena.look()
    const loud = await arena.lookAtPlayers()
    console.log(`${requests} requests in ${(took / 1000).toFixed(1)} s: ${JSON.stringify(statuses)}`)
    console.log(`  latest step ${during.late.toFixed(1)} ms late, ${during.lateSteps} later than a step`)
    console.log(`  longest silence of a player ${loud.silence.toFixed(0)} ms, memory ${mebibytes(during.rss)}`)
    let highest = during.rss
    for (let waited = 0; waited < RECOVERY_MS; waited += 5000) {
      await pause(5000)
      highest = Math.max(highest, (await arena.look()).rss)
    }
    const after = await arena.look()
    const playing = await arena.countPlaying()
    console.log(`${RECOVERY_MS / 1000} s later: memory ${mebibytes(after.rss)}, ${mebibytes(highest)} at most`)
    console.log(`  ${playing} of ${players} play, ${after.connections - playing} others are held`)
    const isEven = during.late <= 1000 / RATE
    const isBack = after.rss - control.rss < 16 << 20
    console.log(
      `No step more than a step late: ${isEven}. Memory back: ${isBack}. Everybody plays: ${playing === players}.`,
    )
    process.exitCode = isEven && isBack && playing === players ? 0 : 1
  } finally {
    await arena.stop()
  }
}
