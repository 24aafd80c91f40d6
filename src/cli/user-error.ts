// Errors that the user of the command can mend: one sentence, no stack.
import { NetworkError } from '../protocol/errors.js'

/** What went wrong and what to do, in one sentence. Ends the command with exit code 1. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** What to print for an error: its sentence; for a defect of ours, the stack as well. */
export function explain(error: unknown): string {
  if (error instanceof UserError || error instanceof NetworkError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** The first line of what was thrown. */
export function firstLine(error: unknown): string {
  return textOf(error instanceof Error ? error.message : error)
    .split('\n', 1)[0]!
    .trim()
}

/** What was thrown as text: anything may be, also what has none. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'a value that cannot be converted to text'
  }
}
