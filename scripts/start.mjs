// Runs `npm start`: installs on first use, builds what is out of date, and serves capture-the-flag with bots.
//
//   PORT (default 9208) and BOTS (default 4) may be set in the environment.
import { bundleGame, PUBLIC } from './bundle-game.mjs'
import { ensureBuilt } from './ensure-built.mjs'
import { ensureInstalled } from './ensure-installed.mjs'
import { GameProcesses, onStopSignal, readGameSettings } from './game-processes.mjs'
import { main } from './run.mjs'

await main(async () => {
  const settings = await readGameSettings('npm start')
  if (settings === undefined) return
  await ensureInstalled()
  await ensureBuilt()
  await bundleGame()

  const game = new GameProcesses({ ...settings, page: PUBLIC })
  onStopSignal(
    () => game.kill('SIGTERM'),
    () => game.kill('SIGKILL'),
  )
  const { ready, ended } = await game.start()
  if (ready) console.log(`\nCapture the flag: open ${game.address} in a browser tab or two. Ctrl+C stops it.\n`)
  // When the server exits for any reason, the game ends too.
  process.exitCode = await ended
  game.kill('SIGTERM')
})
