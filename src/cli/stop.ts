// Stopping on a signal: the first asks, a later one hurries or forces.
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
  /** The next signal resolves this in place of forcing. Never rejects. */
  next(): Promise<StopSignal>
  /** Gives the signals back to the process. */
  dispose(): void
}

/** What stopping needs of the process; a test brings its own. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  exit(code: number): void
}

/** Listens for the signals that end a process; `signals`: which those are. */
export function stopOnSignals(
  source: SignalSource = process,
  now: () => number = () => performance.now(),
  signals: readonly StopSignal[] = SIGNALS,
): StopRequest {
  let heardAt = -Infinity
  let waiting: ((signal: StopSignal) => void) | undefined
  const next = (): Promise<StopSignal> => new Promise((done) => (waiting = done))
  const requested = next()
  const listener = (signal: StopSignal): void => {
    if (now() - heardAt < SAME_SIGNAL_MS) return
    if (waiting === undefined) {
      source.exit(128 + constants.signals[signal])
      return
    }
    heardAt = now()
    waiting(signal)
    waiting = undefined
  }
  for (const signal of signals) source.on(signal, listener)
  return {
    requested,
    next,
    dispose() {
      for (const signal of signals) source.off(signal, listener)
    },
  }
}
