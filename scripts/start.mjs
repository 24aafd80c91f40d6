// `npm start`: installs on first use, builds what is out of date, and serves capture-the-flag with bots.
//
//   PORT (default 9208) and BOTS (default 4) may be set in the environment.
import { spawn } from 'node:child_process'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { bundleGame, GAME, PUBLIC } from './bundle-game.mjs'
import { ensureBuilt } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { main, root } from './run.mjs'

/** How often to look whether npm is still there. */
const PARENT_CHECK_MS = 500
/** How long the server may take until it answers. */
const READY_LIMIT_MS = 30_000
/** How long the children may take to say goodbye to their connections. */
const STOP_LIMIT_MS = 10_000

const port = readNumber('PORT', 9208, 1, 65_535)
const botCount = readNumber('BOTS', 4, 0, 64)
const address = `http://127.0.0.1:${port}`

await main(async () => {
  if (!(await isFree(port))) {
    console.error(`Port ${port} is in use. Choose another: PORT=9300 npm start`)
    process.exitCode = 1
    return
  }
  await ensureInstalled()
  await ensureBuilt()
  await bundleGame()

  const children = new Set()
  stopWithSignals(children)
  const server = startCommand(children, ['serve', `${GAME}/server.ts`, '--port', `${port}`, '--static', PUBLIC])
  // The game is over when its server is, whatever the reason.
  const serverEnd = new Promise((resolve) => server.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0))))

  if (await answers(server)) {
    if (botCount > 0) {
      startCommand(children, ['bots', `${GAME}/bots.ts`, '--count', `${botCount}`, '--url', address])
    }
    console.log(`\nCapture the flag: open ${address} in a browser tab or two. Ctrl+C stops it.\n`)
  }
  process.exitCode = await serverEnd
  for (const child of children) child.kill('SIGTERM')
})

/** Whether nobody listens there: otherwise we would wait for our server and meet another. */
function isFree(wanted) {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(wanted, () => probe.close(() => resolve(true)))
  })
}

/** Starts the library's command in a group of its own, so that Ctrl+C reaches it through us, once. */
function startCommand(children, args) {
  const child = spawn(process.execPath, ['dist/cli.js', ...args], { cwd: root, stdio: 'inherit', detached: true })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

/** Passes signals on, and ends children that do not stop in time, or at the second signal. */
function stopWithSignals(children) {
  let stopping = false
  const stop = () => {
    for (const child of children) child.kill(stopping ? 'SIGKILL' : 'SIGTERM')
    if (stopping) return
    stopping = true
    setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), STOP_LIMIT_MS).unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  // npm runs this through a shell, which keeps the signals that npm passes on: `kill` of npm ends the shell, not us.
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    // After Ctrl+C the shell ends as well, while the children say goodbye.
    if (!stopping) stop()
  }, PARENT_CHECK_MS).unref()
}

/** Waits until the server serves the page. False when it ended before that. */
async function answers(server) {
  const limit = Date.now() + READY_LIMIT_MS
  while (server.exitCode === null && server.signalCode === null) {
    if (await fetchOnce()) return true
    if (Date.now() > limit) {
      console.error(`The server did not answer within ${READY_LIMIT_MS / 1000} seconds.`)
      server.kill('SIGTERM')
      return false
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}

function fetchOnce() {
  return new Promise((resolve) => {
    const request = get(address, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.setTimeout(1000, () => request.destroy())
    request.on('error', () => resolve(false))
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
