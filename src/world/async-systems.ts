// Catches what asynchronous systems throw. Systems are synchronous: what one does after an `await` runs between two ticks.
import { UsageError } from '../protocol/errors.js'
import { isThenable } from '../protocol/thenable.js'

type AnySystem = (world: never) => unknown

/** Systems that were reported as asynchronous. */
const reported = new WeakSet<AnySystem>()

/**
 * Looks at what a system returned. Of a promise, `report` gets a UsageError, once for each system, and its rejection: without it
 * a rejection would end the process.
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
