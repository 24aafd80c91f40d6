// How much memory the process uses, and what it costs to ask.
import { summarize } from './harness.js'

export function heapBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** What looking at the heap allocates by itself. */
export function lookCost(): number {
  const costs = Array.from({ length: 32 }, () => {
    const start = heapBytes()
    return heapBytes() - start
  })
  return summarize(costs.filter((cost) => cost >= 0)).median
}
