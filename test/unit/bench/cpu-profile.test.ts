// Adds up the self times of small made-up CPU profiles.
import { describe, expect, it } from 'vitest'
import { formatFunctions, isOurs, summarize } from '../../../scripts/cpu-profile.mjs'
import { root } from '../../../scripts/entries.js'

interface Node {
  readonly name: string
  readonly url?: string
  readonly line?: number
}

/** A profile of samples: the index of a node, and the microseconds until the next sample. */
function profileOf(nodes: readonly Node[], samples: readonly (readonly [node: number, micros: number])[]): object {
  return {
    nodes: nodes.map(({ name, url = '', line = 0 }, id) => ({
      id,
      callFrame: { functionName: name, scriptId: '1', url, lineNumber: line, columnNumber: 0 },
    })),
    samples: samples.map(([node]) => node),
    timeDeltas: [0, ...samples.map(([, micros]) => micros)],
  }
}

describe('a summary of a CPU profile', () => {
  it('adds up the samples of a function, however it was called', () => {
    const scan = { name: 'scan', url: `file://${root}src/scan.ts`, line: 9 }
    const { totalMs, functions } = summarize(
      profileOf(
        [scan, { name: 'send', url: `file://${root}systems/send.ts` }, scan],
        [
          [0, 2000],
          [1, 1000],
          [2, 5000],
        ],
      ),
    )
    expect(totalMs).toBe(8)
    expect(functions).toEqual([
      { name: 'scan', place: 'src/scan.ts:10', selfMs: 7, share: 7 / 8 },
      { name: 'send', place: 'systems/send.ts:1', selfMs: 1, share: 1 / 8 },
    ])
  })

  it('leaves out the time in which the program waited', () => {
    const { totalMs, functions } = summarize(
      profileOf(
        [{ name: '(idle)' }, { name: '' }],
        [
          [0, 9000],
          [1, 1000],
        ],
      ),
    )
    expect(totalMs).toBe(1)
    expect(functions).toEqual([{ name: '(anonymous)', place: '', selfMs: 1, share: 1 }])
  })

  it('tells functions of the library from those of tools and packages', () => {
    const ours = ['src/world/a.ts:1', 'systems/b.ts:2', 'components/c.ts:3']
    const others = ['src/cli/bench/a.ts:1', 'bench/run.ts:1', 'node_modules/bitecs/src/a.ts:1', 'node:fs', '']
    expect([...ours, ...others].filter((place) => isOurs({ place }))).toEqual(ours)
  })

  it('shows as many functions as asked for, also none', () => {
    const row = { name: 'scan', place: 'src/scan.ts:10', selfMs: 7, share: 0.875 }
    expect(formatFunctions('the library', [row, row, row], 2).split('\n')).toEqual([
      '   self time   share  the library',
      '      7.0 ms  87.5 %  scan         src/scan.ts:10',
      '      7.0 ms  87.5 %  scan         src/scan.ts:10',
    ])
    expect(formatFunctions('the library', [], 2)).toBe('   self time   share  the library')
  })
})
