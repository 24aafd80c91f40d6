// Catches errors of asynchronous systems. Systems must be synchronous: code after an `await` runs between two ticks.
import { UsageError } from '../protocol/errors.js'
import { isThenable } from '../protocol/thenable.js'

type AnySystem = (world: never) => unknown

/** Systems that were reported as asynchronous. */
const reported = new WeakSet<AnySystem>()

/**
 * Checks what a system returned. For a promise, `report` gets a UsageError, once for each system, and later its
 * rejection. Otherwise a rejection would end the process.
 */
export function checkSynchronous(
  system: AnySystem,
  name: string,
  returned: unknown,
  report: (error: unknown) => void,
): void {
  if (!isThenable(returned)) return
  returned.then(undefined, report)
  if (reported.has(system)) return
  reported.add(system)
  report(asynchronous(name))
}

/** @throws UsageError when a system returned a promise. */
export function requireSynchronous(name: string, returned: unknown): void {
  if (!isThenable(returned)) return
  returned.then(undefined, () => {})
  throw asynchronous(name)
}

function asynchronous(name: string): UsageError {
  const text =
    `the system ${name} returned a promise: systems are synchronous; ` +
    'start the work in one tick, keep its result, and use it in a later tick'
  return new UsageError('async-system', text)
}
