// Reports skipped tests as failures in CI and writes the run's totals where `.ci/run` adds them up.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Counts a run's results. A file that fails to load and an error outside every test count as one failure each. */
export function countRun(modules, unhandledErrors) {
  const totals = { passed: 0, failed: unhandledErrors.length, skipped: [] }
  for (const module of modules) {
    totals.failed += module.errors().length
    for (const suite of module.children.allSuites()) totals.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') totals.passed++
      else if (state === 'failed') totals.failed++
      else totals.skipped.push(`${module.relativeModuleId} > ${test.fullName}`)
    }
  }
  return totals
}

/** Writes the totals of a run where `.ci/run` adds them up. */
export function writeTotals(totals) {
  const folder = process.env.BITECS_NET_TOTALS
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(totals))
}

/** Returns the names of tests that failed at first and passed on the second try. */
function flakyTests(modules) {
  return modules.flatMap((module) =>
    [...module.children.allTests()]
      .filter((test) => test.diagnostic()?.flaky)
      .map((test) => `${module.relativeModuleId} > ${test.fullName}`),
  )
}

export default class TotalsReporter {
  onInit(vitest) {
    this.vitest = vitest
  }

  onTestRunEnd(modules, unhandledErrors) {
    const totals = countRun(modules, unhandledErrors)
    // A run of chosen tests (`-t name`) skips the rest on purpose.
    const chosen = Boolean(this.vitest.config.testNamePattern)
    if (totals.skipped.length > 0 && !chosen) {
      console.error(`\n${totals.skipped.length} skipped or to-do:\n  ${totals.skipped.join('\n  ')}`)
      if (process.env.CI) {
        console.error('A skipped test is a failure in CI.')
        totals.failed += totals.skipped.length
        process.exitCode = 1
      }
    }
    const flaky = flakyTests(modules)
    if (flaky.length > 0) console.error(`\n${flaky.length} passed on the second try only:\n  ${flaky.join('\n  ')}`)
    writeTotals(totals)
  }
}
