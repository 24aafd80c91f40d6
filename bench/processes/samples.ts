// Summarizes a process's measurements in a few numbers to send, and gives all processes of a machine the same clock.
import { summarize } from '../../src/cli/bench/harness.js'

export interface Numbers {
  readonly median: number
  readonly p99: number
  readonly max: number
  readonly count: number
}

export function numbersOf(samples: readonly number[]): Numbers {
  const { median, p99 } = summarize(samples)
  return { median, p99, max: samples.reduce((most, value) => Math.max(most, value), 0), count: samples.length }
}

/** Milliseconds since the machine began: the same in every process of it. */
export function sharedNow(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

/** Milliseconds between two ticks of every server. */
export const TICK_MS = 50
/** Bytes of a tick, for those that send nothing but bytes. */
export const PAYLOAD = 1024

/**
 * Runs `tick` at a steady rate for a while, and says how it went. `count` clients, of whom `sent` says what they got.
 */
export async function serveFor(
  milliseconds: number,
  count: number,
  tick: () => void,
  sent: () => { bytes: number; packets: number },
): Promise<{
  ticks: number
  missed: number
  tickMs: Numbers
  cpuMicros: number
  bytes: number
  packets: number
}> {
  const before = sent()
  const cpu = process.cpuUsage()
  const times: number[] = []
  const begin = performance.now()
  let missed = 0
  for (let n = 1; n * TICK_MS <= milliseconds; n++) {
    const due = begin + n * TICK_MS
    const wait = due - performance.now()
    // So late that the next one is due: this one did not take place.
    if (wait < -TICK_MS) {
      missed++
      continue
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)))
    const start = performance.now()
    tick()
    times.push(performance.now() - start)
  }
  // What the tick handed to the network is sent by other threads.
  await new Promise((resolve) => setTimeout(resolve, TICK_MS))
  const { user, system } = process.cpuUsage(cpu)
  const after = sent()
  const shares = Math.max(1, times.length * count)
  return {
    ticks: times.length,
    missed,
    tickMs: numbersOf(times),
    cpuMicros: (user + system) / shares,
    bytes: (after.bytes - before.bytes) / shares,
    packets: (after.packets - before.packets) / shares,
  }
}
