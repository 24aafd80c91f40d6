// Checks that timed work is the work that was meant: a path that finds nothing to do is the fastest of all.

/** Returns `actual`. @throws Error when it is not what this work has to come to. */
export function requireEqual(actual: number, expected: number, subject: string): number {
  if (actual === expected) return actual
  throw new Error(`${subject} did other work than it should: it came to ${actual}, not ${expected}`)
}
