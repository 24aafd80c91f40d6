// Measures how much memory the process uses, and the cost of that measurement.
import { summarize } from './harness.js'

export function heapBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The bytes that one measurement allocates itself. */
export function lookCost(): number {
  const costs = Array.from({ length: 32 }, () => {
    const start = heapBytes()
    return heapBytes() - start
  })
  return summarize(costs.filter((cost) => cost >= 0)).median
}
