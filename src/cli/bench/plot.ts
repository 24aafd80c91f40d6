// Plots cost against clients and entities, as SVG: one line for each workload whose subjects differ in such a number.
// The scales are logarithmic, so proportional growth is a straight line of the same slope everywhere.
import { UserError } from '../user-error.js'
import { formatNumber } from './report.js'
import type { Report } from './result.js'

interface Point {
  readonly x: number
  readonly y: number
}

/** One line of a plot. */
export interface Series {
  readonly name: string
  /** The unit of its points. */
  readonly of: 'clients' | 'entities'
  readonly unit: string
  readonly points: readonly Point[]
}

const WIDTH = 720
const HEIGHT = 420
const MARGIN = { left: 70, right: 24, top: 48, bottom: 52 }
const COLORS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#ff7f0e', '#8c564b']
const FONT = 'font-family="sans-serif" font-size="12"'

/** The lines of a run: our workloads with three or more numbers of clients or entities. */
export function seriesOf({ rows }: Report): Series[] {
  const found = new Map<string, { of: Series['of']; unit: string; points: Point[] }>()
  for (const { scenario, workload, subject, median, unit } of rows) {
    const match = /^bitecs-net.* (\d+) (clients|entities)$/.exec(subject)
    if (match === null || median <= 0) continue
    const name = `${scenario}: ${workload}`
    const series = found.get(name) ?? { of: match[2] as Series['of'], unit, points: [] }
    found.set(name, series)
    series.points.push({ x: Number(match[1]), y: median })
  }
  return [...found].flatMap(([name, { of, unit, points }]) => {
    return points.length < 3 ? [] : [{ name, of, unit, points: points.sort((a, b) => a.x - b.x) }]
  })
}

/** The plot of a run: one chart for clients, one for entities. @throws UserError when the run has nothing to plot. */
export function plot(report: Report): string {
  const series = seriesOf(report)
  const charts = (['clients', 'entities'] as const)
    .map((of) => ({ of, lines: series.filter((line) => line.of === of) }))
    .filter(({ lines }) => lines.length > 0)
  if (charts.length === 0) {
    throw new UserError('this run has nothing to plot: run a scenario with growing numbers, such as growth')
  }
  const { version, cpu, node } = report.meta
  const drawn = charts.map(({ of, lines }, i) => chart(`cost of a tick against ${of}`, of, lines, i * HEIGHT))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${charts.length * HEIGHT}" ${FONT}>`,
    `<title>${escape(`bitecs-net ${version}, Node ${node}, ${cpu}`)}</title>`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n')
}

function chart(title: string, of: string, lines: readonly Series[], top: number): string {
  const points = lines.flatMap((line) => line.points)
  const x = scale(
    points.map((point) => point.x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const y = scale(
    points.map((point) => point.y),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  )
  const unit = lines[0]!.unit
  const parts = [
    `<g transform="translate(0 ${top})">`,
    text(MARGIN.left, 24, `${title} (${unit}, both scales logarithmic)`, 'start', 'font-weight="bold"'),
    ...x.ticks.map((value) => {
      const at = x.at(value).toFixed(1)
      const bottom = HEIGHT - MARGIN.bottom
      const label = text(at, bottom + 18, formatNumber(value), 'middle')
      return `<path d="M${at} ${MARGIN.top}V${bottom}" stroke="#ddd"/>${label}`
    }),
    ...y.ticks.map((value) => {
      const at = y.at(value).toFixed(1)
      const label = text(MARGIN.left - 8, Number(at) + 4, formatNumber(value), 'end')
      return `<path d="M${MARGIN.left} ${at}H${WIDTH - MARGIN.right}" stroke="#ddd"/>${label}`
    }),
    text(WIDTH / 2, HEIGHT - 14, of, 'middle'),
  ]
  lines.forEach((line, i) => {
    const color = COLORS[i % COLORS.length]!
    const at = line.points.map((point): [string, string] => [x.at(point.x).toFixed(1), y.at(point.y).toFixed(1)])
    parts.push(
      `<path d="M${at.map((pair) => pair.join(' ')).join('L')}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...at.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${color}"/>`),
      text(MARGIN.left + 12, MARGIN.top + 16 + i * 18, line.name, 'start', `fill="${color}"`),
    )
  })
  return [...parts, '</g>'].join('\n')
}

/** A logarithmic scale over all values; both its ends are whole powers of ten. */
function scale(values: readonly number[], from: number, to: number): { at(value: number): number; ticks: number[] } {
  const low = Math.floor(Math.log10(Math.min(...values)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))))
  return {
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
  }
}

function text(x: number | string, y: number, content: string, anchor: string, more = ''): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more}>${escape(content)}</text>`
}

function escape(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
