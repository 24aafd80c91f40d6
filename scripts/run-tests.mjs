// Runs Vitest to its end, for the scripts beside this file.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommandFailed, runNode } from './run.mjs'

/**
 * Runs the test files that match `filters`, or all files without filters. When a worker hangs, the run ends, and the
 * files that did not finish run once more. A file that hangs again fails.
 */
export async function runTests(title, filters, env = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bitecs-net-tests-'))
  const list = join(folder, 'unfinished.json')
  const vitest = (files, more) => {
    const all = { ...process.env, ...env, ...more }
    return runNode(title, 'node_modules/vitest/vitest.mjs', ['run', ...files], { env: all })
  }
  try {
    await vitest(filters, { BITECS_NET_UNFINISHED: list })
  } catch (error) {
    const unfinished = readUnfinished(list)
    if (unfinished === undefined) throw error
    console.error('Running these once more.')
    await vitest(unfinished.files, {})
    if (unfinished.failed) throw new CommandFailed(title, 1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readUnfinished(list) {
  try {
    return JSON.parse(readFileSync(list, 'utf8'))
  } catch {
    return undefined
  }
}
