// Stops the process on a signal: the first requests a stop, a later one speeds it up or forces it.
import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
export type StopSignal = (typeof SIGNALS)[number]

/**
 * A second signal within this time, in milliseconds, counts as the first: npm passes on a Ctrl+C that the process
 * already got from the terminal.
 */
const SAME_SIGNAL_MS = 300

export interface StopRequest {
  /** Resolves with the first signal. Never rejects. */
  readonly requested: Promise<StopSignal>
  /** The next signal resolves this instead of forcing the stop. Never rejects. */
  next(): Promise<StopSignal>
  /** Removes the signal listeners from the process. */
  dispose(): void
}

/** The part of the process that stopping needs; tests pass their own. */
export interface SignalSource {
  on(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  off(signal: StopSignal, listener: (signal: StopSignal) => void): unknown
  exit(code: number): void
}

/** Listens for the given signals, which end a process. */
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
