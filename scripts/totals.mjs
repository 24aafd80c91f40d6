// Adds up the totals of every test run of `.ci/run` and prints them as its last line: `N passed, N failed`.
//
//   node scripts/totals.mjs <folder of totals> <number of steps that failed>
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, failedSteps] = process.argv.slice(2)
let passed = 0
let failed = 0
for (const name of readdirSync(folder)) {
  const run = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  passed += run.passed
  failed += run.failed
}
// A step that fails without a failing test (lint, types, a package check) must not end in `0 failed`.
failed = Math.max(failed, Number(failedSteps))
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
