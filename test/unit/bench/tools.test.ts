// Tests what the benchmark does with its rows: it compares two runs, draws a plot, reads its options. Also how a
// game's types become values.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import {
  array,
  bool,
  bytes,
  entity,
  enumOf,
  f32,
  f64,
  i8,
  optional,
  quantized,
  string,
  struct,
  u16,
  varint,
} from 'bitecs-net'
import { createRandom } from 'bitecs-net/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { compareReports, formatComparison, parseReport } from '../../../src/cli/bench/compare.js'
import { type BenchSettings, chosen, showRun, withBenchOptions } from '../../../src/cli/bench/options.js'
import { plot, seriesOf } from '../../../src/cli/bench/plot.js'
import type { Report, Row } from '../../../src/cli/bench/result.js'
import { argumentsOf, columnValue } from '../../../src/cli/bench/values.js'
import { requireEqual } from '../../../bench/steady.js'

const folder = mkdtempSync(join(tmpdir(), 'bitecs-net-bench-'))
afterAll(() => rmSync(folder, { recursive: true }))

const meta: Report['meta'] = { version: '1.2.3', node: '20', cpu: 'a < b', date: '2020-01-01T00:00:00.000Z', seed: 1 }

function row(subject: string, median: number, more: Partial<Row> = {}): Row {
  return {
    scenario: 'encode',
    workload: 'N=1',
    subject,
    median,
    p99: median,
    unit: 'µs',
    bytes: null,
    ratios: {},
    ...more,
  }
}

describe('a comparison', () => {
  const before: Report = {
    meta,
    rows: [
      row('bitecs-net, scan', 10, {
        ratios: { limit: 2, peer: 0.1, 'bitecs-net, other': 7 },
        bytes: 12,
        goal: 'x',
        met: false,
      }),
      row('bitecs-net, other', 1, { ratios: {} }),
      row('bitecs-net, gone', 1),
      row('limit', 5),
      row('peer', 100),
    ],
  }

  it('goes by what stands beside a row in its own run, whatever the machine did meanwhile', () => {
    const after: Report = {
      meta,
      rows: [
        // A machine half as fast, and a library twice as fast.
        row('bitecs-net, scan', 10, {
          ratios: { limit: 1, peer: 0.05, 'bitecs-net, other': 1 },
          bytes: 11,
          goal: 'x',
          met: true,
        }),
        row('bitecs-net, other', 3),
        row('bitecs-net, new', 1),
        row('limit', 10),
        row('peer', 200),
      ],
    }
    const [scan, other, ...rest] = compareReports(before, after)
    expect(rest).toEqual([])
    expect(scan).toMatchObject({
      subject: 'bitecs-net, scan',
      before: 10,
      after: 10,
      bytesBefore: 12,
      bytesAfter: 11,
      goal: 'won',
    })
    expect(scan!.relative).toBeCloseTo(0.5, 10)
    expect(other).toMatchObject({ before: 1, after: 3, relative: undefined, goal: undefined })
    const text = formatComparison(before, after)
    expect(text).toContain('compared with 1.2.3')
    expect(text).toMatch(/bitecs-net, scan +µs +10\.0 +10\.0 +× 0\.50 +12\.0 → 11\.0 +goal won/)
  })

  it('says when two runs have no row in common', () => {
    expect(formatComparison(before, { meta, rows: [row('bitecs-net, new', 1)] })).toContain('no row is in both runs')
  })

  it.each(['', 'x', 'null', '{}', '{"meta":{"version":"1"},"rows":[null]}', '{"meta":{},"rows":[]}', '[1]'])(
    'refuses what is no result: %j',
    (text) => {
      expect(() => parseReport(text, 'old.json')).toThrow(/^old\.json .*: pass a file that --json printed$/)
    },
  )

  it('takes what --json prints', () => {
    expect(parseReport(JSON.stringify(before), 'old.json')).toEqual(before)
  })
})

describe('a plot', () => {
  const rows = [1, 16, 256].map((count) =>
    row(`bitecs-net, ${count} clients`, count * 4, { scenario: 'growth', workload: 'clients' }),
  )
  const entities = [10_000, 100, 1000].map((count) =>
    row(`bitecs-net, scanned, ${count} entities`, count, { scenario: 'growth', workload: 'idle & still' }),
  )

  it('has a line for each workload whose subjects grow in number', () => {
    const two = [
      row('bitecs-net, 1 clients', 1, { workload: 'few' }),
      row('bitecs-net, 2 clients', 1, { workload: 'few' }),
    ]
    const peers = [1, 2, 3].map((count) => row(`peer, ${count} clients`, 1, { workload: 'peers' }))
    expect(seriesOf({ meta, rows: [...rows, ...entities, ...two, ...peers] })).toEqual([
      {
        name: 'growth: clients',
        of: 'clients',
        unit: 'µs',
        points: [
          { x: 1, y: 4 },
          { x: 16, y: 64 },
          { x: 256, y: 1024 },
        ],
      },
      {
        name: 'growth: idle & still',
        of: 'entities',
        unit: 'µs',
        points: [
          { x: 100, y: 100 },
          { x: 1000, y: 1000 },
          { x: 10_000, y: 10_000 },
        ],
      },
    ])
  })

  it('is SVG, every point inside and every text escaped', () => {
    const svg = plot({ meta, rows: [...rows, ...entities] })
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" width="720" height="840"')).toBe(true)
    expect(svg).toContain('growth: idle &amp; still')
    expect(svg).toContain('a &lt; b')
    const circles = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [Number(x), Number(y)])
    expect(circles.length).toBe(6)
    for (const [x, y] of circles) expect(x! >= 0 && x! <= 720 && y! >= 0 && y! <= 420).toBe(true)
    expect(svg).not.toMatch(/NaN|Infinity/)
  })

  it('refuses a run that has nothing to draw', () => {
    expect(() => plot({ meta, rows: [row('bitecs-net, scan', 1)] })).toThrow('run a scenario')
  })
})

describe('the options', () => {
  const scenarios = [
    { name: 'encode', title: 'one' },
    { name: 'join', title: 'two' },
  ]
  const parse = (...args: string[]): BenchSettings => {
    const quiet = { writeErr: () => {}, writeOut: () => {} }
    const command = withBenchOptions(new Command().exitOverride().configureOutput(quiet), scenarios)
    return command.parse(args, { from: 'user' }).opts<BenchSettings>()
  }

  it('choose scenarios by name, in the order of the benchmark, and all of them when none is named', () => {
    expect(chosen(scenarios, parse('--scenario', 'join', '--scenario', 'encode')).map(({ name }) => name)).toEqual([
      'encode',
      'join',
    ])
    expect(chosen(scenarios, parse()).length).toBe(2)
  })

  it.each([[['--scenario', 'nothing']], [['--seed', '-1']], [['--seed', '1.5']], [['--seed', '']], [['--nothing']]])(
    'refuse %j',
    (args) => {
      expect(() => parse(...args)).toThrow(/invalid|unknown option/)
    },
  )

  /** Shows a run of one row, and returns what was written where. */
  async function show(...args: string[]): Promise<{ out: string; err: string; ran: boolean }> {
    const written = { out: '', err: '', ran: false }
    const report = { meta, rows: [1, 2, 4].map((count) => row(`bitecs-net, ${count} clients`, count)) }
    const run: Parameters<typeof showRun>[1] = ({ onProgress, onRows }) => {
      written.ran = true
      onProgress('encode', 'N=1', 0.5)
      onRows(report.rows)
      return Promise.resolve(report)
    }
    const stream = (name: 'out' | 'err') => ({ write: (text: string) => (written[name] += text) })
    try {
      await showRun(parse(...args), run, stream('out'), stream('err'))
    } catch (error) {
      written.err += String(error)
    }
    return written
  }

  it('print a table for people, with progress beside it', async () => {
    const { out, err } = await show()
    expect(out).toContain('encode, N=1')
    expect(out).toContain('bitecs-net 1.2.3, Node 20')
    expect(err).toBe('0 s  encode N=1\n')
  })

  it('print one JSON object on stdout and nothing else, with a comparison on the other stream', async () => {
    const file = join(folder, 'old.json')
    const { out } = await show('--json')
    writeFileSync(file, out)
    const again = await show('--json', '--compare', file)
    expect((JSON.parse(again.out) as Report).rows.length).toBe(3)
    expect(again.err).toContain('compared with 1.2.3')
    expect((await show('--compare', file)).out).toContain('compared with 1.2.3')
  })

  it('find a file that cannot be compared with before anything runs', async () => {
    expect(await show('--compare', join(folder, 'nothing.json'))).toMatchObject({ ran: false, out: '' })
  })

  it('write a plot, and say when it cannot be written', async () => {
    const file = join(folder, 'plot.svg')
    await show('--plot', file)
    expect(readFileSync(file, 'utf8')).toContain('<svg')
    expect((await show('--plot', join(folder, 'no', 'plot.svg'))).err).toContain('cannot write the file of --plot')
  })
})

describe('values by type', () => {
  const schema = {
    on: bool,
    small: i8,
    count: varint,
    x: f32,
    y: f64,
    angle: quantized(-1, 1, 0.01),
    name: string(30),
    data: bytes(40),
    kind: enumOf('red', 'blue'),
    many: array(u16, 5),
    maybe: optional(u16),
    place: struct({ x: f32, at: entity }),
    who: entity,
  }

  it('are values of their type, for every type and seed', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const args = argumentsOf(schema, createRandom(seed), () => 7)
      for (const [name, type] of Object.entries(schema)) {
        expect(() => (type.check as (value: unknown, field: string) => void)(args[name], name)).not.toThrow()
      }
      expect(args['who']).toBe(7)
    }
  })

  it('differ, and are texts where the type is one', () => {
    const names = new Set(
      Array.from({ length: 20 }, (_, seed) => argumentsOf(schema, createRandom(seed), () => 7)['name']),
    )
    expect(names.size).toBeGreaterThan(10)
  })

  it('lie in the range of their column', () => {
    const random = createRandom(3)
    for (const type of [i8, u16, quantized(-1, 1, 0.01)]) {
      const { min, max } = type.column
      for (let i = 0; i < 200; i++) {
        const value = columnValue(type.column, random, () => 7)
        expect(value >= min && value <= max).toBe(true)
      }
    }
    expect(columnValue(entity.column, random, () => 7)).toBe(7)
  })
})

describe('timed work', () => {
  it('with a wrong result is an error, not a time', () => {
    expect(requireEqual(3, 3, 'it')).toBe(3)
    expect(() => requireEqual(0, 3, 'it')).toThrow('it did other work than it should: it came to 0, not 3')
  })
})
