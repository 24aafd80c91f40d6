// Does for a moment, from fixed seeds, what `npm run fuzz` does for hours. Also repeats everything that it ever found.
import { describe, expect, it } from 'vitest'
import { runOnce } from './engine/campaign.js'
import { foundFiles, readRun } from './engine/corpus.js'
import { formatRun } from './engine/steps.js'
import { targets } from './targets/index.js'
import { replay } from './targets/target.js'

const SEEDS = [51, 52]

describe.each(targets)('the target $name', (target) => {
  it.each(SEEDS)('lets nothing through, seed %i', (seed) => {
    const failure = runOnce(target, seed, Math.min(500, target.inputs / 2))
    expect(failure === undefined ? '' : `${String(failure.error)}\n${formatRun(failure.run, 'failed')}`).toBe('')
  })
})

describe('what was found once', () => {
  it.each(foundFiles())('%s is found no more', (file) => {
    const run = readRun(file)
    const target = targets.find((one) => one.name === run.target)
    // What the long mode wrote wants a line on what it broke.
    expect(run.story).not.toMatch(/^$|^Not understood yet/)
    expect(() => replay(target!, run)).not.toThrow()
  })
})
