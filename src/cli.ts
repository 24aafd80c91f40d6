#!/usr/bin/env node
// Runs the command `bitecs-net`: a headless server for a game module, bots that play on it, and a benchmark of its
// protocol.
import { readFileSync } from 'node:fs'
import { createProgram } from './cli/program.js'
import { explain } from './cli/user-error.js'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

let code = 1
// The event loop is empty, but the command has not ended: it waits for something, such as a game's setup, that never
// happens.
process.once('beforeExit', () => {
  process.stderr.write('bitecs-net: the game module or its setup awaits a promise that never settles\n')
  process.exit(1)
})
try {
  await createProgram(manifest.version, (result) => (code = result)).parseAsync()
} catch (error) {
  process.stderr.write(`bitecs-net: ${explain(error)}\n`)
}
// WebRTC leaves open handles, such as candidate timers, that would keep the process alive for some ten seconds.
process.exit(code)
