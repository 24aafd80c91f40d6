// Stopping on a signal: the first asks, a second one forces.
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof SIGNALS)[number]

/**
 * A second signal this soon, in milliseconds, is the first one again: npm passes Ctrl+C on to a process that has it
 * from the terminal already.
 */
const SAME_SIGNAL_MS = 300

export interface StopRequest {
  /** Resolves with the first signal. Never rejects. */
  readonly requested: Promise<StopSignal>
  /** Gives the signals back to the process. */
  dispose(): void
}

/** What stopping needs of the process; a test brings its own. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  exit(code: number): void
}

/** Listens for the signals that end a process. */
export function stopOnSignals(
  source: SignalSource = process,
  now: () => number = () => performance.now(),
): StopRequest {
  let firstAt: number | undefined
  let resolve: (signal: StopSignal) => void
  const requested = new Promise<StopSignal>((done) => (resolve = done))
  const listener = (signal: StopSignal): void => {
    if (firstAt === undefined) {
      firstAt = now()
      resolve(signal)
    } else if (now() - firstAt >= SAME_SIGNAL_MS) source.exit(128 + constants.signals[signal])
  }
  for (const signal of SIGNALS) source.on(signal, listener)
  return {
    requested,
    dispose() {
      for (const signal of SIGNALS) source.off(signal, listener)
    },
  }
}
