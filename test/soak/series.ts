// Keeps what a phase of the soak measured, and judges whether it is flat: the first tenth against the last, after the
// warm-up.
import { type Metric, METRICS, type Sample } from './meter.js'

export interface Point {
  /** Cycles, restarts or minutes. */
  readonly at: number
  readonly sample: Sample
}

/** One process through one phase. */
export interface Series {
  readonly phase: string
  readonly process: string
  /** What `at` counts. */
  readonly unit: string
  readonly points: readonly Point[]
}

/** One metric of a series. */
export interface Verdict {
  readonly phase: string
  readonly process: string
  readonly metric: Metric
  /** Medians of the first and the last tenth of what follows the warm-up. */
  readonly first: number
  readonly last: number
  /** Growth for each cycle, restart or minute, by least squares. */
  readonly slope: number
  readonly unit: string
  readonly flat: boolean
}

/** The share of a phase in which caches, pools and optimized code come to be. */
export const WARM_UP = 0.2
/** So much may the last tenth be above the first: a share of it, and what measuring itself makes go up and down. */
const SHARE = 0.1
const SLACK: Readonly<Record<Metric, number>> = {
  heap: 1 << 20,
  rss: 8 << 20,
  fds: 6,
  threads: 2,
  // Slots that wait to be given out again are cleared away many at a time, with what they say.
  items: 300,
  queued: 16_384,
}

export function judge({ phase, process, unit, points }: Series): Verdict[] {
  const counted = points.slice(Math.floor(points.length * WARM_UP))
  const tenth = Math.max(1, Math.floor(counted.length / 10))
  return METRICS.map((metric) => {
    const values = counted.map(({ at, sample }) => ({ at, value: sample[metric] }))
    const first = median(values.slice(0, tenth).map(({ value }) => value))
    const last = median(values.slice(-tenth).map(({ value }) => value))
    const flat = last <= first * (1 + SHARE) + SLACK[metric]
    return { phase, process, metric, first, last, slope: slopeOf(values), unit, flat }
  })
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function slopeOf(values: readonly { at: number; value: number }[]): number {
  const meanAt = values.reduce((sum, { at }) => sum + at, 0) / values.length
  const mean = values.reduce((sum, { value }) => sum + value, 0) / values.length
  let above = 0
  let below = 0
  for (const { at, value } of values) {
    above += (at - meanAt) * (value - mean)
    below += (at - meanAt) ** 2
  }
  return below === 0 ? 0 : above / below
}

/** A number of a metric in words. */
export function format(metric: Metric, value: number): string {
  if (metric === 'heap' || metric === 'rss') return `${(value / 2 ** 20).toFixed(1)} MB`
  if (metric === 'queued') return `${(value / 1024).toFixed(1)} KB`
  return `${Math.round(value)}`
}

/** How a metric grows, in words. */
export function formatSlope(metric: Metric, slope: number): string {
  const isBytes = metric === 'heap' || metric === 'rss' || metric === 'queued'
  return isBytes
    ? `${slope < 0 ? '' : '+'}${(slope / 1024).toFixed(2)} KB`
    : `${slope < 0 ? '' : '+'}${slope.toFixed(3)}`
}
