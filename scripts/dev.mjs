// Runs `npm run dev`: serves capture-the-flag like `npm start`, and rebuilds, restarts and reloads it on changes.
//
//   PORT (default 9208) and BOTS (default 4) may be set in the environment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleGame, GAME } from './bundle-game.mjs'
import { Changes } from './changes.mjs'
import { buildCode, SOURCES, whyBuild } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { GameProcesses, onStopSignal, readGameSettings } from './game-processes.mjs'
import { main } from './run.mjs'

/** Sources of the game that only the page uses. The server keeps running when they change. */
const PAGE_SOURCES = /^examples\/capture-the-flag\/(client\/|client\.ts$|host\.ts$|index\.html$)/
/** Holds the number of the newest build. Pages ask for it, and reload when theirs is older. */
const BUILD_ID = 'build-id.txt'
const reloadSnippet = (id) => `<script>
  setInterval(async () => {
    const response = await fetch('${BUILD_ID}', { cache: 'no-store' }).catch(() => undefined)
    if (response?.ok && Number(await response.text()) > ${id}) location.reload()
  }, 500)
</script>
`

class Dev {
  stopping = false
  abort = new AbortController()
  // A failed step stays due until it succeeds.
  libraryDue = whyBuild({ types: false }) !== undefined
  pageDue = true
  serverDue = true
  /** How often the server was started. */
  starts = 0

  constructor(settings, page) {
    this.page = page
    this.game = new GameProcesses({ ...settings, page })
    this.changes = new Changes(
      [...SOURCES.filter((path) => !path.includes('.')), GAME],
      SOURCES.filter((path) => path.includes('.')),
    )
  }

  /** Builds, serves and watches until it is stopped. */
  async run() {
    await this.update()
    for (let paths = await this.changes.next(); paths !== undefined; paths = await this.changes.next()) {
      console.log(`\nChanged: ${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ', …' : ''}`)
      this.note(paths)
      await this.update()
    }
    await this.game.stop()
  }

  stop() {
    this.stopping = true
    this.abort.abort()
    this.changes.close()
    this.game.kill('SIGTERM')
  }

  note(paths) {
    this.pageDue = true
    if (paths.some((path) => !path.startsWith(`${GAME}/`))) this.libraryDue = true
    if (paths.some((path) => !PAGE_SOURCES.test(path))) this.serverDue = true
  }

  /** Brings everything up to date. After a failure the previous game keeps running. */
  async update() {
    const start = Date.now()
    try {
      await this.build(start)
    } catch {
      // The tools have shown the errors.
      if (!this.stopping) console.error('\nThe build failed. Watching for changes.')
      return
    }
    if (this.stopping) return
    if (this.serverDue && !(await this.restart())) return
    writeFileSync(join(this.page, BUILD_ID), `${start}`)
    const seconds = ((Date.now() - start) / 1000).toFixed(1)
    console.log(`\nReady after ${seconds} s: ${this.game.address}. Watching for changes; Ctrl+C stops it.\n`)
  }

  async build(id) {
    if (this.libraryDue) {
      console.log('Building the library.')
      await buildCode({ signal: this.abort.signal })
      this.libraryDue = false
    }
    if (this.pageDue) {
      const changePage = (html) => html.replace('</body>', `${reloadSnippet(id)}</body>`)
      await bundleGame({ folder: this.page, minify: false, changePage })
      this.pageDue = false
    }
  }

  async restart() {
    const start = ++this.starts
    await this.game.stop()
    if (this.stopping) return false
    const { ready, ended } = await this.game.start()
    this.serverDue = !ready
    if (!this.stopping && !ready) console.error('\nThe server did not start. Watching for changes.')
    if (ready) void ended.then((code) => this.noteEnd(start, code))
    return ready
  }

  /** Reports a server that exited by itself, unless another has been started since. */
  noteEnd(start, code) {
    if (this.stopping || start !== this.starts) return
    this.serverDue = true
    console.error(`\nThe server ended with code ${code}. Watching for changes.`)
  }
}

await main(async () => {
  const settings = await readGameSettings('npm run dev')
  if (settings === undefined) return
  await ensureInstalled()
  // Not in the folder of the built game, which has no snippet.
  const page = mkdtempSync(join(tmpdir(), 'bitecs-net-dev-'))
  try {
    const dev = new Dev(settings, page)
    onStopSignal(
      () => dev.stop(),
      () => dev.game.kill('SIGKILL'),
    )
    await dev.run()
  } finally {
    rmSync(page, { recursive: true, force: true })
  }
})
