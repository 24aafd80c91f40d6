// Compares two runs of the benchmark. The machine may have been busier in one of them, so each row is compared
// relative to the other subjects of its own run. The times themselves are shown as well.
import { UserError } from '../user-error.js'
import { formatNumber, formatTableOf } from './report.js'
import type { Report, Row } from './result.js'

/** One of our rows that both runs have. */
export interface Change {
  readonly scenario: string
  readonly workload: string
  readonly subject: string
  readonly unit: string
  readonly before: number
  readonly after: number
  /**
   * How much longer it takes than before, relative to the peers and limits of each run: 1 is the same, 0.5 twice as
   * fast. The mean over them; undefined for a row without any.
   */
  readonly relative: number | undefined
  readonly bytesBefore: number | null
  readonly bytesAfter: number | null
  /** A goal that was met and no longer is, or the other way round. */
  readonly goal: 'lost' | 'won' | undefined
}

const isOurs = ({ subject }: Row): boolean => subject.startsWith('bitecs-net')
const keyOf = ({ scenario, workload, subject }: Row): string => JSON.stringify([scenario, workload, subject])

/** Our rows that both runs have, in the order of the newer one. */
export function compareReports(before: Report, after: Report): Change[] {
  const old = new Map(before.rows.map((row) => [keyOf(row), row]))
  const foreign = new Set(after.rows.filter((row) => !isOurs(row)).map(({ subject }) => subject))
  return after.rows.filter(isOurs).flatMap((row) => {
    const former = old.get(keyOf(row))
    return former === undefined ? [] : [changeOf(former, row, foreign)]
  })
}

function changeOf(former: Row, row: Row, foreign: ReadonlySet<string>): Change {
  const { scenario, workload, subject, unit, median, bytes } = row
  const logs = Object.entries(row.ratios).flatMap(([other, ratio]) => {
    const formerRatio = former.ratios[other]
    return foreign.has(other) && ratio > 0 && formerRatio !== undefined && formerRatio > 0
      ? [Math.log(ratio / formerRatio)]
      : []
  })
  const relative = logs.length === 0 ? undefined : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length)
  const goal =
    former.met === row.met || row.met === undefined || former.met === undefined ? undefined : row.met ? 'won' : 'lost'
  return {
    scenario,
    workload,
    subject,
    unit,
    before: former.median,
    after: median,
    relative,
    bytesBefore: former.bytes,
    bytesAfter: bytes,
    goal,
  }
}

/** The comparison as a table. */
export function formatComparison(before: Report, after: Report): string {
  const changes = compareReports(before, after)
  const title = `compared with ${before.meta.version} of ${before.meta.date}`
  if (changes.length === 0) return `${title}: no row is in both runs\n`
  const header = ['', 'unit', 'before', 'now', 'against the others', 'bytes', '']
  const lines = changes.map((change) => [
    `${change.scenario}, ${change.workload}: ${change.subject}`,
    change.unit,
    formatNumber(change.before),
    formatNumber(change.after),
    change.relative === undefined ? '' : `× ${formatNumber(change.relative)}`,
    bytesOf(change),
    change.goal === undefined ? '' : `goal ${change.goal}`,
  ])
  return [title, ...formatTableOf([header, ...lines]), ''].join('\n')
}

function bytesOf({ bytesBefore, bytesAfter }: Change): string {
  if (bytesBefore === null || bytesAfter === null || bytesBefore === bytesAfter) return ''
  return `${formatNumber(bytesBefore)} → ${formatNumber(bytesAfter)}`
}

/** Reads the output of `--json`. @throws UserError when it is something else. */
export function parseReport(text: string, name: string): Report {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${name} is not JSON: pass a file that --json printed`, { cause })
  }
  const { meta, rows } = (parsed ?? {}) as Partial<Report>
  const isReport =
    typeof meta?.version === 'string' &&
    Array.isArray(rows) &&
    rows.every((row: Partial<Row> | null) => typeof row?.median === 'number' && typeof row.ratios === 'object')
  if (!isReport) throw new UserError(`${name} is not a benchmark result: pass a file that --json printed`)
  return parsed as Report
}
