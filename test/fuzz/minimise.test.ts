// Tests that a failing run is reduced, and written in a form that can be repeated.
import { describe, expect, it } from 'vitest'
import { reduce, runOnce } from './engine/campaign.js'
import { Escape, formatRun, parseRun, type Step } from './engine/steps.js'
import type { Target } from './targets/target.js'
import { pick } from './generate.js'

/** Fails on a packet with a byte of 7 on an open connection. */
const fragile: Target = {
  name: 'fragile',
  inputs: 500,
  begin() {
    const open = new Set<number>()
    return {
      apply(step) {
        if (step.kind === 'open') open.add(step.line)
        if (step.kind === 'packet' && open.has(step.line) && step.bytes.includes(7))
          throw new Escape(`seven on ${step.line}`)
      },
      finish: () => {},
    }
  },
  throwAt(run, random, inputs, note) {
    const apply = (step: Step): void => {
      note(step)
      run.apply(step)
    }
    for (let i = 0; i < inputs; i++) {
      if (i % 10 === 0) apply({ kind: 'open', line: i / 10 })
      if (i % 7 === 0) apply({ kind: 'tick' })
      const bytes = Uint8Array.from({ length: 12 }, () => pick(random, 256))
      apply({ kind: 'packet', line: pick(random, 60), channel: 0, bytes })
    }
  },
}

describe('a failing run', () => {
  it('is reduced to the steps that cause the failure', () => {
    const failure = runOnce(fragile, 3, 500)!
    expect(failure.run.steps.length).toBeGreaterThan(10)
    const { run } = reduce(fragile, failure, 20_000)
    expect(run.steps.map(({ kind }) => kind)).toEqual(['open', 'packet'])
    expect(run.steps[1]).toMatchObject({ bytes: Uint8Array.of(7) })
  })

  it('round-trips through its text', () => {
    const steps: Step[] = [
      { kind: 'open', line: 0 },
      { kind: 'packet', line: 0, channel: 0, bytes: Uint8Array.of(0, 255) },
      { kind: 'packet', line: 0, channel: 1, bytes: new Uint8Array() },
      { kind: 'packet', line: 0, channel: 1, bytes: Uint8Array.from({ length: 900 }, (_, i) => i >> 8) },
      { kind: 'packet', line: 0, channel: 1, bytes: Uint8Array.of(1), times: 5000 },
      { kind: 'tick' },
      { kind: 'hello', line: 0 },
      { kind: 'mute', line: 0 },
      { kind: 'cut', line: 0 },
      { kind: 'resume', line: 1, from: 0 },
      { kind: 'close', line: 1 },
    ]
    const text = formatRun({ target: 'server', seed: 4, steps }, 'Two lines\nof a story')
    expect(parseRun(text)).toEqual({ target: 'server', seed: 4, steps, story: 'Two lines\nof a story' })
  })
})
