// The benchmark's rows: their shape, their ratios, their goals, and what people see of them. No time is asserted.
import { describe, expect, it } from 'vitest'
import { runBenchmark } from '../../../bench/benchmark.js'
import { measure, type Subject, summarize } from '../../../src/cli/bench/harness.js'
import { formatNumber, formatTable, Progress } from '../../../src/cli/bench/report.js'
import {
  atMost,
  bytesAtMost,
  type Contender,
  faster,
  type Report,
  toRows,
  valueAtMost,
} from '../../../src/cli/bench/result.js'
import { scenarios } from '../../../bench/scenarios/index.js'

const timing = (median: number) => ({ median, p99: median * 2, samples: 1 })
const subject = (name: string, kind: Subject['kind'], more: Partial<Contender> = {}): Contender => ({
  name,
  kind,
  repeatable: true,
  run: () => 0,
  ...more,
})

describe('rows', () => {
  const contenders = [
    subject('ours', 'ours', { bytes: 11.5, goal: [atMost(2, 'limit'), faster(10, 'peer'), bytesAtMost(12)] }),
    subject('peer', 'peer', { bytes: 40 }),
    subject('limit', 'limit'),
  ]

  it('give each time divided by every other, in the unit asked for', () => {
    const [ours, peer, limit] = toRows({ scenario: 'encode', workload: 'N=1', unit: 'µs', scale: 1000 }, contenders, [
      timing(0.002),
      timing(0.02),
      timing(0.001),
    ])
    expect(ours).toEqual({
      scenario: 'encode',
      workload: 'N=1',
      subject: 'ours',
      median: 2,
      p99: 4,
      unit: 'µs',
      bytes: 11.5,
      ratios: { peer: 0.1, limit: 2 },
      goal: '≤ 2 × limit; ≥ 10 × faster than peer; ≤ 12 B per changed entity',
      met: true,
    })
    expect(peer!.ratios).toEqual({ ours: 10, limit: 20 })
    expect(limit!.bytes).toBeNull()
    expect(peer).not.toHaveProperty('goal')
    expect(peer).not.toHaveProperty('met')
  })

  it('compare with nothing that took no time', () => {
    const [ours, peer] = toRows(
      { scenario: 'allocation', workload: 'N=1', unit: 'B/tick' },
      [subject('a', 'ours'), subject('b', 'ours')],
      [timing(3), timing(0)],
    )
    expect(ours!.ratios).toEqual({})
    expect(peer!.ratios).toEqual({ a: 0 })
  })

  it('say that a goal is not met when one of its conditions is not', () => {
    const met = (...medians: [number, number, number]): boolean | undefined =>
      toRows({ scenario: 'encode', workload: 'N=1', unit: 'µs' }, contenders, medians.map(timing))[0]!.met
    expect(met(1, 10, 0.5)).toBe(true)
    expect(met(1, 10, 0.4)).toBe(false)
    expect(met(1, 9, 0.5)).toBe(false)
    const fat = [subject('ours', 'ours', { bytes: 13, goal: [bytesAtMost(12)] })]
    expect(toRows({ scenario: 'encode', workload: 'N=1', unit: 'µs' }, fat, [timing(1)])[0]!.met).toBe(false)
    const still = [subject('ours', 'ours', { goal: [valueAtMost(1, '≤ 1 B per tick')] })]
    expect(toRows({ scenario: 'allocation', workload: 'N=1', unit: 'B/tick' }, still, [timing(0)])[0]!).toMatchObject({
      met: true,
      median: 0,
    })
  })

  it('refuse a goal that compares with nothing', () => {
    const lonely = [subject('ours', 'ours', { goal: [atMost(2, 'nobody')] })]
    expect(() => toRows({ scenario: 'encode', workload: 'N=1', unit: 'µs' }, lonely, [timing(1)])).toThrow('nobody')
  })
})

describe('the harness', () => {
  it('prepares before every run of what cannot be repeated, and runs every subject in every round', async () => {
    const log: string[] = []
    const prepared = { now: false }
    const once = subject('once', 'ours', {
      repeatable: false,
      prepare: () => {
        expect(prepared.now).toBe(false)
        prepared.now = true
      },
      run: () => {
        expect(prepared.now).toBe(true)
        prepared.now = false
        log.push('once')
        return 1
      },
    })
    const later = subject('later', 'peer', {
      run: () => {
        log.push('later')
        return Promise.resolve(1)
      },
    })
    let done = 0
    const timings = await measure([once, later], {
      budget: 0,
      turn: 0,
      minRounds: 3,
      onProgress: (part) => {
        done = part
      },
    })
    expect(timings.map(({ samples }) => samples)).toEqual([3, 3])
    expect(new Set(log)).toEqual(new Set(['once', 'later']))
    expect(done).toBe(1)
  })

  it('takes the median and the 99th percentile', () => {
    const samples = Array.from({ length: 200 }, (_, i) => 200 - i)
    expect(summarize(samples)).toEqual({ median: 100, p99: 198, samples: 200 })
    expect(summarize([7])).toEqual({ median: 7, p99: 7, samples: 1 })
    expect(summarize([])).toEqual({ median: 0, p99: 0, samples: 0 })
  })
})

/** Scenarios that show what no goal is set for. */
const WITHOUT_GOALS = new Set(['structure', 'loopback', 'growth'])

describe('the JSON', () => {
  const run = (name: string): Promise<Report> => {
    const chosen = scenarios.filter((scenario) => scenario.name === name)
    return runBenchmark({
      scenarios: chosen,
      seed: 2,
      quick: true,
      counts: [40],
      fractions: [0.1],
      clients: [1, 2],
      growth: [20, 40],
      budget: 1,
      ticks: 100,
    })
  }

  for (const { name } of scenarios.filter(({ real }) => !real)) {
    it(`for ${name} has the agreed shape`, async () => {
      const { meta, rows } = JSON.parse(JSON.stringify(await run(name))) as Report
      expect(Object.keys(meta)).toEqual(['version', 'node', 'cpu', 'date', 'seed'])
      expect(meta).toMatchObject({ node: process.versions.node, seed: 2 })
      expect(new Date(meta.date).getTime()).toBeGreaterThan(0)
      expect(rows.length).toBeGreaterThan(1)
      for (const row of rows) {
        expect(row.scenario).toBe(name)
        expect(row.workload).not.toBe('')
        expect(['µs', 'ms', 'ns', 'B/tick', 'B/call', 'round trips', 'packets']).toContain(row.unit)
        for (const value of [row.median, row.p99]) expect(Number.isFinite(value) && value >= 0).toBe(true)
        expect(row.bytes === null || row.bytes >= 0).toBe(true)
        const others = rows.filter((other) => other.workload === row.workload && other !== row && other.median > 0)
        expect(Object.keys(row.ratios)).toEqual(others.map((other) => other.subject))
        expect(Object.values(row.ratios).every((ratio) => Number.isFinite(ratio))).toBe(true)
        expect(Object.keys(row).includes('met')).toBe(Object.keys(row).includes('goal'))
        expect(row.goal === undefined || row.subject.startsWith('bitecs-net')).toBe(true)
      }
      expect(new Set(rows.map((row) => `${row.workload} ${row.subject}`)).size).toBe(rows.length)
      expect(rows.some((row) => row.goal !== undefined)).toBe(!WITHOUT_GOALS.has(name))
    })
  }

  it('names the peers with their versions, and the limits as such', async () => {
    const { rows } = await run('encode')
    const subjects = rows.map((row) => row.subject)
    expect(subjects).toContain('bitecs-net, scan')
    expect(subjects.some((name) => /^bitecs \d+\.\d+\.\d+ SoA, diff mode$/.test(name))).toBe(true)
    expect(subjects.filter((name) => name.startsWith('limit: ')).length).toBe(5)
  })
})

describe('the printed report', () => {
  const contenders = [
    subject('ours', 'ours', { goal: [atMost(2, 'limit')], bytes: 12 }),
    subject('limit', 'limit', { bytes: 10 }),
  ]

  it('is a table with times as multiples of ours, and the goals', () => {
    const text = formatTable(
      toRows({ scenario: 'encode', workload: 'N=1', unit: 'µs' }, contenders, [timing(30), timing(10)]),
    )
    expect(text).toBe(
      [
        'encode, N=1',
        '         median µs   p99  bytes  × ours',
        '  ours        30.0  60.0   12.0    1.00',
        '  limit       10.0  20.0   10.0    0.33',
        '  not met  ours: ≤ 2 × limit',
        '',
      ].join('\n'),
    )
    expect(formatTable([])).toBe('')
  })

  it('is numbers without digits that say nothing', () => {
    expect([0, 0.01234, 0.5, 3.146, 42.42, 512.3, 9999.4, 1_234_567].map(formatNumber)).toEqual([
      '0',
      '0.012',
      '0.50',
      '3.15',
      '42.4',
      '512',
      '9999',
      '1,234,567',
    ])
  })

  it('is progress: a line that is written over in a terminal, a line for each workload elsewhere', () => {
    const seen = (isTTY: boolean): string => {
      let text = ''
      const progress = new Progress({ isTTY, write: (more: string) => (text += more) }, () => 0)
      for (const done of [0, 0.5, 0.5]) progress.show('encode', 'N=1', done)
      progress.show('decode', 'N=1', 1)
      progress.end()
      return text
    }
    expect(seen(false)).toBe('0 s  encode N=1\n0 s  decode N=1\n')
    expect(seen(true)).toBe(
      '\r\x1b[K0 s  encode N=1  0 %\r\x1b[K0 s  encode N=1  50 %\r\x1b[K0 s  decode N=1  100 %\r\x1b[K',
    )
  })
})
