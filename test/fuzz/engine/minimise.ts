// Removes steps of a failing run and shortens its packets, while it keeps failing.
//
// Delta debugging: leave out halves of the remaining steps, then quarters, and so on (Zeller and Hildebrandt,
// "Simplifying and Isolating Failure-Inducing Input", 2002).
import { replay, type Target } from '../targets/target.js'
import type { Run, Step } from './steps.js'

/** The error of a run, in one line without numbers; '' if it does not fail. */
export function failureOf(target: Target, run: Run): string {
  try {
    replay(target, run)
    return ''
  } catch (error) {
    return String(error).split('\n')[0]!.replaceAll(/\d+/g, '#')
  }
}

export function minimise(target: Target, run: Run, milliseconds: number): Run {
  const end = performance.now() + milliseconds
  const reason = failureOf(target, run)
  // A failure that cannot be repeated is not reduced.
  if (reason === '') return run
  const fails = (steps: readonly Step[]): boolean =>
    performance.now() < end && failureOf(target, { ...run, steps }) === reason
  let steps = leaveOut(run.steps, fails)
  steps = shorten(steps, fails)
  return { ...run, steps }
}

/** The smallest found list of items that still fails. */
function leaveOut<T>(items: readonly T[], fails: (items: readonly T[]) => boolean): readonly T[] {
  let left = items
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length;) {
      const without = [...left.slice(0, at), ...left.slice(at + size)]
      if (without.length < left.length && fails(without)) left = without
      else at += size
    }
  }
  return left
}

/** The same steps with shorter packets. */
function shorten(steps: readonly Step[], fails: (steps: readonly Step[]) => boolean): readonly Step[] {
  let left = steps
  for (let i = 0; i < left.length; i++) {
    const step = left[i]!
    if (step.kind !== 'packet') continue
    const withBytes = (bytes: readonly number[]): readonly Step[] => {
      const changed = [...left]
      changed[i] = { ...step, bytes: Uint8Array.from(bytes) }
      return changed
    }
    const bytes = leaveOut([...step.bytes], (shorter) => fails(withBytes(shorter)))
    left = withBytes(bytes)
  }
  return left
}
