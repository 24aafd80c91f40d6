// Runs `npm run fuzz` briefly with fixed seeds, and repeats every failure that it has found.
import { describe, expect, it } from 'vitest'
import { runOnce } from './engine/campaign.js'
import { foundFiles, readRun } from './engine/corpus.js'
import { formatRun } from './engine/steps.js'
import { targets } from './targets/index.js'
import { replay } from './targets/target.js'

const SEEDS = [51, 52]

describe.each(targets)('the target $name', (target) => {
  it.each(SEEDS)('withstands hostile input, seed %i', (seed) => {
    const failure = runOnce(target, seed, Math.min(500, target.inputs / 2))
    expect(failure === undefined ? '' : `${String(failure.error)}\n${formatRun(failure.run, 'failed')}`).toBe('')
  })
})

describe('a failure that was found earlier', () => {
  it.each(foundFiles())('%s no longer fails', (file) => {
    const run = readRun(file)
    const target = targets.find((one) => one.name === run.target)
    // A file written by the long mode needs a line that explains the failure.
    expect(run.story).not.toMatch(/^$|^Not understood yet/)
    expect(() => replay(target!, run)).not.toThrow()
  })
})
