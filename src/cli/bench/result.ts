// Makes the result of a benchmark: rows, their ratios, and whether the library meets its goals.
import type { Subject, Timing } from './harness.js'

/** One row of the result; `--json` prints exactly these. */
export interface Row {
  scenario: string
  workload: string
  /** Ours, a peer with its version, or a limit. */
  subject: string
  median: number
  p99: number
  unit: string
  /** Bytes per changed entity, or per call; null where there are none. */
  bytes: number | null
  /**
   * This median divided by the other subject's: above 1, the other is faster. Subjects with a median of 0 are left
   * out.
   */
  ratios: Record<string, number>
  /** Only on our rows that have a goal. */
  goal?: string
  met?: boolean
}

/** The output of `--json`. */
export interface Report {
  meta: { version: string; node: string; cpu: string; date: string; seed: number }
  rows: Row[]
}

/** One condition of a row's goal. */
export interface Condition {
  readonly text: string
  holds(row: Row): boolean
}

function ratioTo(row: Row, other: string): number {
  const ratio = row.ratios[other]
  if (ratio === undefined)
    throw new Error(`${row.scenario}: a goal of ${row.subject} names ${other}, which does not exist`)
  return ratio
}

/** At most `times` as long as another subject takes. */
export function atMost(times: number, other: string): Condition {
  return { text: `≤ ${times} × ${other}`, holds: (row) => ratioTo(row, other) <= times }
}

/** At least `times` faster than another subject. */
export function faster(times: number, other: string): Condition {
  return { text: `≥ ${times} × faster than ${other}`, holds: (row) => ratioTo(row, other) <= 1 / times }
}

/** At most `bytes` bytes for each changed entity, or for what `each` names. */
export function bytesAtMost(bytes: number, each = 'changed entity'): Condition {
  return { text: `≤ ${bytes} B per ${each}`, holds: (row) => row.bytes !== null && row.bytes <= bytes }
}

/** The median is at most `value`, in the unit of the row. */
export function valueAtMost(value: number, text: string): Condition {
  return { text, holds: (row) => row.median <= value }
}

/** The 99th percentile is at most `value`, in the unit of the row. */
export function p99AtMost(value: number, text: string): Condition {
  return { text, holds: (row) => row.p99 <= value }
}

/** The data of a subject besides its time. */
export interface Entrant extends Pick<Subject, 'name' | 'kind'> {
  readonly bytes?: number
  readonly goal?: readonly Condition[]
}

/** A subject with its data. */
export interface Contender extends Subject, Entrant {}

/** What was measured, and in which unit. */
export interface Measured {
  readonly scenario: string
  readonly workload: string
  readonly unit: string
  /** A timing times this is in the unit. Default 1. */
  readonly scale?: number
}

/**
 * The rows of one workload. `scale` turns milliseconds of one run into the unit: 1,000 for a tick in µs.
 */
export function toRows(
  { scenario, workload, unit, scale = 1 }: Measured,
  contenders: readonly Entrant[],
  timings: readonly Timing[],
): Row[] {
  return contenders.map((contender, i) => {
    const { median, p99 } = timings[i]!
    const row: Row = {
      scenario,
      workload,
      subject: contender.name,
      median: round(median * scale),
      p99: round(p99 * scale),
      unit,
      bytes: contender.bytes === undefined ? null : round(contender.bytes),
      ratios: ratiosOf(median, i, contenders, timings),
    }
    return judge(row, contender.goal)
  })
}

/** Leaves out subjects whose time is zero: no ratio to them exists. */
function ratiosOf(
  median: number,
  own: number,
  contenders: readonly Entrant[],
  timings: readonly Timing[],
): Record<string, number> {
  const ratios: Record<string, number> = {}
  contenders.forEach(({ name }, i) => {
    const other = timings[i]!.median
    if (i !== own && other > 0) ratios[name] = round(median / other)
  })
  return ratios
}

/** Adds the goal, and whether it is met. */
export function judge(row: Row, goal: readonly Condition[] | undefined): Row {
  if (goal === undefined || goal.length === 0) return row
  return { ...row, goal: goal.map(({ text }) => text).join('; '), met: goal.every((condition) => condition.holds(row)) }
}

/** Four digits are more than the precision of a measurement. */
function round(value: number): number {
  return Number(value.toPrecision(4))
}
