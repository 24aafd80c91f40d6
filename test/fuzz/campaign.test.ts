// What `npm run fuzz` does for hours, for a moment, from fixed seeds; and everything that it ever found, again.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { runOnce } from './engine/campaign.js'
import { formatRun, parseRun } from './engine/steps.js'
import { targets } from './targets/index.js'
import { replay } from './targets/target.js'

const CORPUS = new URL('corpus/', import.meta.url)
const SEEDS = [51, 52]

describe.each(targets)('the target $name', (target) => {
  it.each(SEEDS)('lets nothing through, seed %i', (seed) => {
    const failure = runOnce(target, seed, Math.min(500, target.inputs / 2))
    expect(failure === undefined ? '' : `${String(failure.error)}\n${formatRun(failure.run, 'failed')}`).toBe('')
  })
})

describe('what was found once', () => {
  it.each(readdirSync(CORPUS).filter((name) => name.endsWith('.txt')))('%s is found no more', (name) => {
    const run = parseRun(readFileSync(new URL(name, CORPUS), 'utf8'))
    const target = targets.find((one) => one.name === run.target)
    expect(run.story).not.toBe('')
    expect(() => replay(target!, run)).not.toThrow()
  })
})
