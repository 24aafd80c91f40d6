// The soak as a picture: a row for each process of each phase, a small chart for each metric, from zero up, with the
// warm-up in grey.
import { METRICS, type Metric } from './meter.js'
import { format, type Series, WARM_UP } from './series.js'

const WIDTH = 210
const HEIGHT = 130
const TOP = 34
const LEFT = 12
const FONT = 'font-family="sans-serif" font-size="11"'

export function plotSoak(series: readonly Series[], title: string): string {
  const rows = series.map((one, row) => {
    const y = TOP + row * (HEIGHT + 34)
    const charts = METRICS.map((metric, column) => chart(one, metric, LEFT + column * (WIDTH + 12), y + 18))
    return [text(LEFT, y + 10, `${one.phase}: ${one.process}`, 'font-weight="bold"'), ...charts].join('\n')
  })
  const width = LEFT + METRICS.length * (WIDTH + 12)
  const height = TOP + series.length * (HEIGHT + 34)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ${FONT}>`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(LEFT, 20, title, 'font-size="13"'),
    ...rows,
    '</svg>',
    '',
  ].join('\n')
}

function chart({ points, unit }: Series, metric: Metric, left: number, top: number): string {
  const values = points.map(({ sample }) => sample[metric])
  const most = Math.max(...values, 1) * 1.1
  const end = points.at(-1)?.at ?? 1
  const base = top + HEIGHT - 18
  const x = (at: number): string => (left + (at / end) * WIDTH).toFixed(1)
  const y = (value: number): string => (base - (value / most) * (HEIGHT - 34)).toFixed(1)
  const line = points.map(({ at, sample }) => `${x(at)} ${y(sample[metric])}`).join('L')
  return [
    `<rect x="${left}" y="${top}" width="${(WARM_UP * WIDTH).toFixed(1)}" height="${HEIGHT - 18}" fill="#eee"/>`,
    `<path d="M${left} ${base}H${left + WIDTH}" stroke="#999"/>`,
    `<path d="M${line}" fill="none" stroke="#1f77b4" stroke-width="1.5"/>`,
    text(
      left + 3,
      top + 11,
      `${metric}: ${format(metric, values.at(-1) ?? 0)} of at most ${format(metric, most / 1.1)}`,
    ),
    text(left + WIDTH - 3, base + 13, `${Math.round(end * 10) / 10} ${unit}s`, 'text-anchor="end" fill="#666"'),
  ].join('\n')
}

function text(x: number, y: number, content: string, more = ''): string {
  return `<text x="${x}" y="${y}" ${more}>${content.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</text>`
}
