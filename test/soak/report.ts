// Formats the human-readable report of the soak: two bars for each metric of each process, the first tenth of a phase
// and the last.
import { format, formatSlope, type Verdict } from './series.js'

const BAR = 24

export function report(verdicts: readonly Verdict[]): string {
  const lines: string[] = []
  let heading = ''
  for (const verdict of verdicts) {
    const { phase, process, metric, first, last, slope, unit, flat } = verdict
    const own = `${phase}: ${process}`
    if (own !== heading) lines.push('', own)
    heading = own
    const most = Math.max(first, last, 1)
    const name = metric.padEnd(8)
    const growth = `${formatSlope(metric, slope)} each ${unit}`
    lines.push(
      `  ${name} first ${bar(first / most)} ${format(metric, first)}`,
      `  ${' '.repeat(8)} last  ${bar(last / most)} ${format(metric, last)}   ${flat ? 'flat' : 'GROWS'}  (${growth})`,
    )
  }
  return lines.join('\n')
}

function bar(share: number): string {
  const full = Math.round(share * BAR)
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`
}
