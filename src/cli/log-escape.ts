// Escapes untrusted text for the log, so that it cannot begin a new line, colour the terminal, or hide later text.

/**
 * Control characters, invisible characters, those that change the direction of writing, separators of lines and
 * paragraphs, and lone surrogates. The second pattern allows line breaks.
 */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const HARMFUL_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** The longest text; its author may send anything, again and again. */
const LONGEST_TEXT = 2000
const LONGEST_STACK = 8000

/** Writes `text` in one line, with each harmful character as `\u{…}`. */
export function harmless(text: string): string {
  return escape(text, HARMFUL, LONGEST_TEXT)
}

/**
 * The same for texts of several lines, such as stacks. Later lines are indented, so that they do not look like log
 * lines.
 */
export function harmlessLines(text: string): string {
  return escape(text, HARMFUL_IN_LINES, LONGEST_STACK).replace(/\n(?! {4})/g, '\n    ')
}

/** Escapes all texts of a log entry, nested ones included. */
export function harmlessFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, harmlessValue(value, 0)]))
}

function harmlessValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return harmless(value)
  // Errors have their own serializer.
  if (typeof value !== 'object' || value === null || value instanceof Error || depth > 3) return value
  if (Array.isArray(value)) return value.map((item) => harmlessValue(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [harmless(key), harmlessValue(item, depth + 1)]))
}

function escape(text: string, harmful: RegExp, longest: number): string {
  const whole = text.length > longest ? `${text.slice(0, longest)}…` : text
  return whole.replace(harmful, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
