// Shows a human-readable benchmark: its progress, and a table for each workload.
import type { Report, Row } from './result.js'

/** The destination of text: a stream of the process, or a test's own. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** Shows what is being measured: on one line of a terminal, and as a line for each workload elsewhere. */
export class Progress {
  private shown = ''

  constructor(
    private readonly output: Output,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.begin = now()
  }

  private readonly begin: number

  show(scenario: string, workload: string, done: number): void {
    const what = `${scenario} ${workload}`
    const seconds = Math.round((this.now() - this.begin) / 1000)
    if (this.output.isTTY) {
      const text = `${seconds} s  ${what}  ${Math.round(done * 100)} %`
      if (text !== this.shown) this.output.write(`\r\x1b[K${text}`)
      this.shown = text
    } else if (what !== this.shown) {
      this.output.write(`${seconds} s  ${what}\n`)
      this.shown = what
    }
  }

  end(): void {
    if (this.output.isTTY && this.shown !== '') this.output.write('\r\x1b[K')
    this.shown = ''
  }
}

/** Formats a number with its significant digits only. */
export function formatNumber(value: number): string {
  const absolute = Math.abs(value)
  if (absolute === 0) return '0'
  if (absolute >= 10_000) return Math.round(value).toLocaleString('en-US')
  if (absolute >= 100) return value.toFixed(0)
  if (absolute >= 10) return value.toFixed(1)
  return absolute >= 0.1 ? value.toFixed(2) : value.toFixed(3)
}

/** Formats one workload as a table; each time is also a multiple of our first row. */
export function formatTable(rows: readonly Row[]): string {
  const first = rows[0]
  if (first === undefined) return ''
  const header = ['', `median ${first.unit}`, 'p99', 'bytes', '× ours']
  const cells = rows.map((row) => {
    const times = row === first ? 1 : row.ratios[first.subject]
    return [
      row.subject,
      formatNumber(row.median),
      formatNumber(row.p99),
      row.bytes === null ? '' : formatNumber(row.bytes),
      times === undefined || !Number.isFinite(times) ? '' : formatNumber(times),
    ]
  })
  const goals = rows.flatMap((row) =>
    row.goal === undefined ? [] : [`  ${row.met === true ? 'met    ' : 'not met'}  ${row.subject}: ${row.goal}`],
  )
  return [`${first.scenario}, ${first.workload}`, ...formatTableOf([header, ...cells]), ...goals, ''].join('\n')
}

/** Formats lines of cells, the first column aligned left and the others right. */
export function formatTableOf(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]!.map((_, c) => Math.max(...lines.map((line) => line[c]!.length)))
  const format = (line: readonly string[]): string =>
    `  ${line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  ')}`.trimEnd()
  return lines.map(format)
}

/** Formats the machine and versions of a run. */
export function formatMeta({ meta }: Report): string {
  return `bitecs-net ${meta.version}, Node ${meta.node}, ${meta.cpu}, seed ${meta.seed}, ${meta.date}`
}
