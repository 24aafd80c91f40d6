// Reads a CPU profile and sums the self time of each function, with its position in the sources.
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './run.mjs'

/** Samples in which the program waited. They do not count towards the total. */
const WAITING = '(idle)'

/**
 * Lists the functions of a profile, those with the most self time first.
 *
 * @returns {{ totalMs: number, functions: { name: string, place: string, selfMs: number, share: number }[] }}
 */
export function summarize(profile) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]))
  const places = new Places()
  const found = new Map()
  let total = 0
  for (const [i, id] of profile.samples.entries()) {
    const frame = nodes.get(id)
    // The time after a sample counts for that sample, as in the DevTools.
    const micros = profile.timeDeltas[i + 1] ?? 0
    if (frame.functionName === WAITING) continue
    total += micros
    const key = `${frame.scriptId}:${frame.lineNumber}:${frame.columnNumber}:${frame.functionName}`
    const entry = found.get(key)
    if (entry === undefined) found.set(key, { frame, micros })
    else entry.micros += micros
  }
  const functions = [...found.values()]
    .sort((a, b) => b.micros - a.micros)
    .map(({ frame, micros }) => ({
      name: frame.functionName || '(anonymous)',
      place: places.of(frame),
      selfMs: micros / 1000,
      share: total > 0 ? micros / total : 0,
    }))
  return { totalMs: total / 1000, functions }
}

/** Whether a function was written in the library, not in a peer, a package, the benchmark or Node. */
export function isOurs({ place }) {
  return /^(src\/(?!cli\/)|systems\/|components\/)/.test(place)
}

/** Formats the first `count` functions as a table. */
export function formatFunctions(title, functions, count) {
  const rows = functions.slice(0, count)
  const width = Math.max(...rows.map(({ name }) => name.length), title.length)
  const lines = rows.map(({ name, place, selfMs, share }) => {
    const percent = `${(share * 100).toFixed(1)} %`
    return `${selfMs.toFixed(1).padStart(9)} ms ${percent.padStart(7)}  ${name.padEnd(width)}  ${place}`.trimEnd()
  })
  return [`${'self time'.padStart(12)} ${'share'.padStart(7)}  ${title}`, ...lines].join('\n')
}

/** Finds where a function of a bundle was written. */
class Places {
  maps = new Map()

  of({ url, lineNumber, columnNumber }) {
    if (!url.startsWith('file:')) return url
    const entry = this.mapOf(url)?.findEntry(lineNumber, columnNumber)
    if (entry?.originalSource === undefined) return `${relative(root, fileURLToPath(url))}:${lineNumber + 1}`
    const source = fileURLToPath(new URL(entry.originalSource, url))
    return `${relative(root, source)}:${entry.originalLine + 1}`
  }

  mapOf(url) {
    if (!this.maps.has(url)) this.maps.set(url, readMap(fileURLToPath(url)))
    return this.maps.get(url)
  }
}

function readMap(file) {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
  } catch {
    // This file is not one of our bundles.
    return undefined
  }
}
