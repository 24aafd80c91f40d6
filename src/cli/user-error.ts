// Defines errors that the user of the command can fix: one sentence, no stack.
import { NetworkError } from '../protocol/errors.js'

/** Says what went wrong and what to do, in one sentence. Ends the command with exit code 1. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

/** The text to print for an error: its sentence, and the stack for a bug of ours. */
export function explain(error: unknown): string {
  if (error instanceof UserError || error instanceof NetworkError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** The first line of a thrown value. */
export function firstLine(error: unknown): string {
  return textOf(error instanceof Error ? error.message : error)
    .split('\n', 1)[0]!
    .trim()
}

/** A thrown value as text. It may be anything, even a value that cannot be converted. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'a value that cannot be converted to text'
  }
}
