// The benchmark's scenarios over real connections, with hardly any time: processes, Chromium, and every row that they
// promise.
import { describe, expect, it } from 'vitest'
import { runBenchmark } from '../../bench/benchmark.js'
import { scenarios } from '../../bench/scenarios/index.js'
import type { Row } from '../../src/cli/bench/result.js'

async function rowsOf(name: string): Promise<Row[]> {
  const { rows } = await runBenchmark({
    scenarios: scenarios.filter((scenario) => scenario.name === name),
    seed: 2,
    quick: true,
    clients: [2],
    budget: 200,
  })
  for (const { scenario, median, p99, ratios } of rows) {
    expect(scenario).toBe(name)
    expect(Number.isFinite(median) && Number.isFinite(p99)).toBe(true)
    expect(Object.values(ratios).every((ratio) => Number.isFinite(ratio))).toBe(true)
  }
  return rows
}

describe('the benchmark, for real,', () => {
  it('has a server and clients in processes of their own, beside a bare one and a WebSocket one', async () => {
    const rows = await rowsOf('webrtc')
    const workloads = [...new Set(rows.map(({ workload }) => workload))]
    for (const what of ['CPU of the server', 'from the tick', 'memory', 'let in', 'sending', 'command', 'messages']) {
      expect(workloads.some((workload) => workload.startsWith('2 clients, ') && workload.includes(what))).toBe(true)
    }
    expect(rows.find(({ goal }) => goal === 'no missed tick')!.workload).toContain('2000 bodies move, grid')
    const subjects = rows.filter(({ workload }) => workload.startsWith('2 clients, CPU')).map(({ subject }) => subject)
    expect(subjects.map((subject) => subject.split(' ')[0])).toEqual(['bitecs-net', 'node-datachannel', 'ws'])
    expect(rows.filter(({ goal }) => goal !== undefined).length).toBeGreaterThan(1)
    expect(rows.find(({ unit }) => unit === 'ms')!.median).toBeGreaterThan(0)
  }, 60_000)

  it('measures a command from a page of Chromium to an observer', async () => {
    const [row] = await rowsOf('browser')
    expect(row).toMatchObject({ unit: 'ms', goal: 'p99 ≤ 53 ms, a tick and 3' })
    expect(row!.median).toBeGreaterThan(0)
  }, 60_000)
})
