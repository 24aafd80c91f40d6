// Runs the server of capture-the-flag and its bots as processes, for `npm start` and `npm run dev`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { GAME } from './bundle-game.mjs'
import { root } from './run.mjs'

/** The interval between checks that npm is still running. */
const PARENT_CHECK_MS = 500
/** The time in which a started server must answer. */
const READY_LIMIT_MS = 30_000
/** The time in which the processes must close their connections. */
const STOP_LIMIT_MS = 10_000

/** The processes of one game. */
export class GameProcesses {
  children = new Set()

  /** @param {{ port: number, botCount: number, page: string }} settings `page` is the folder that the server serves */
  constructor({ port, botCount, page }) {
    this.port = port
    this.botCount = botCount
    this.page = page
    this.address = `http://127.0.0.1:${port}`
  }

  /**
   * Starts the server, and the bots once it answers. Resolves with whether it answered, and with a promise of its exit
   * code, because it may exit before it answers.
   */
  async start() {
    const server = this.startCommand(['serve', `${GAME}/server.ts`, '--port', `${this.port}`, '--static', this.page])
    const ended = new Promise((resolve) => server.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0))))
    const ready = await this.answers(server)
    if (ready && this.botCount > 0) {
      this.startCommand(['bots', `${GAME}/bots.ts`, '--count', `${this.botCount}`, '--url', this.address])
    }
    return { ready, ended }
  }

  /** Stops every process, and kills one that does not stop in time. */
  async stop() {
    this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), STOP_LIMIT_MS)
    await Promise.all([...this.children].map((child) => once(child, 'exit')))
    clearTimeout(timer)
  }

  kill(signal) {
    for (const child of this.children) child.kill(signal)
  }

  /** Starts the library's command in its own process group, so that Ctrl+C reaches it through us, once. */
  startCommand(args) {
    const child = spawn(process.execPath, ['dist/cli.js', ...args], { cwd: root, stdio: 'inherit', detached: true })
    this.children.add(child)
    child.on('exit', () => this.children.delete(child))
    return child
  }

  /** Waits until the server serves the page. Resolves with false when the server exits before that. */
  async answers(server) {
    const limit = Date.now() + READY_LIMIT_MS
    while (server.exitCode === null && server.signalCode === null) {
      if (await this.fetchOnce()) return true
      if (Date.now() > limit) {
        console.error(`The server did not answer within ${READY_LIMIT_MS / 1000} seconds.`)
        server.kill('SIGTERM')
        return false
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return false
  }

  fetchOnce() {
    return new Promise((resolve) => {
      const request = get(this.address, (response) => {
        response.resume()
        resolve(response.statusCode === 200)
      })
      request.setTimeout(1000, () => request.destroy())
      request.on('error', () => resolve(false))
    })
  }
}

/** Calls `stop` at the first signal that asks us to end, and `force` at the second, or when stopping takes too long. */
export function onStopSignal(stop, force) {
  let stopping = false
  const handle = () => {
    if (stopping) {
      force()
      return
    }
    stopping = true
    stop()
    setTimeout(() => force(), STOP_LIMIT_MS).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handle)
  // npm runs this through a shell, which keeps the signals that npm passes on: `kill` of npm ends the shell, not us.
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    // After Ctrl+C the shell ends as well, while the processes close their connections.
    if (!stopping) handle()
  }, PARENT_CHECK_MS).unref()
}

/** Reads PORT and BOTS, and checks that the port is free. Undefined, after a message, when it is not. */
export async function readGameSettings(command) {
  const port = readNumber('PORT', 9208, 1, 65_535)
  const botCount = readNumber('BOTS', 4, 0, 64)
  // Otherwise the check for an answer would reach another server.
  if (await isFree(port)) return { port, botCount }
  console.error(`Port ${port} is in use. Choose another: PORT=9300 ${command}`)
  process.exitCode = 1
  return undefined
}

function isFree(wanted) {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(wanted, () => probe.close(() => resolve(true)))
  })
}

function readNumber(name, fallback, smallest, largest) {
  const text = process.env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (Number.isInteger(value) && value >= smallest && value <= largest) return value
  console.error(`${name} must be a whole number from ${smallest} to ${largest}, not "${text}"`)
  return process.exit(2)
}
