// Ends a Vitest run in which no test finishes any longer, and names the files that did not finish.
//
// Vitest's timeouts run in the worker, so a worker that blocks or is lost would hang the run indefinitely.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { countRun, writeTotals } from './totals-reporter.mjs'

const MINUTES = Number(process.env.BITECS_NET_STUCK_MINUTES ?? 5)
const CHECK_INTERVAL_MS = 10_000

export default class StuckReporter {
  unfinished = new Set()
  heardAt = 0

  onInit(vitest) {
    this.vitest = vitest
  }

  onTestRunStart(specifications) {
    this.heard()
    for (const { moduleId } of specifications) this.unfinished.add(moduleId)
    this.timer = setInterval(() => this.check(), CHECK_INTERVAL_MS)
    this.timer.unref()
  }

  onTestModuleStart() {
    this.heard()
  }

  onTestCaseResult() {
    this.heard()
  }

  onTestModuleEnd({ moduleId }) {
    this.heard()
    this.unfinished.delete(moduleId)
  }

  onTestRunEnd() {
    clearInterval(this.timer)
  }

  heard() {
    this.heardAt = performance.now()
  }

  check() {
    if (performance.now() - this.heardAt < MINUTES * 60_000) return
    const files = [...this.unfinished]
    console.error(`\nNo test has finished for ${MINUTES} minutes. Not finished:\n  ${files.join('\n  ')}`)
    const finished = this.vitest.state.getTestModules().filter(({ moduleId }) => !this.unfinished.has(moduleId))
    writeTotals(countRun(finished, []))
    const list = process.env.BITECS_NET_UNFINISHED
    if (list) writeFileSync(list, JSON.stringify({ files, failed: finished.some((module) => !module.ok()) }))
    // Vitest would wait for these processes.
    if (process.platform !== 'win32') {
      try {
        execFileSync('pkill', ['-KILL', '-P', String(process.pid)])
      } catch {
        // No process is left, or pkill is not installed.
      }
    }
    process.exit(1)
  }
}
