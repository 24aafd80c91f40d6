// Text that others wrote, made fit for a log: it cannot begin a line of its own, colour the terminal, or hide what stands behind it.

/**
 * Control characters, those that are invisible or turn the direction of writing, separators of lines and paragraphs, and
 * halves of characters. A line break is left alone by the second one.
 */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const HARMFUL_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Text longer than this is cut: whoever writes it may say anything, and again and again. */
const LONGEST_TEXT = 2000
const LONGEST_STACK = 8000

/** `text` in one line, each harmful character written as `\u{…}`. */
export function harmless(text: string): string {
  return escape(text, HARMFUL, LONGEST_TEXT)
}

/** The same for what may have several lines: a stack. What follows a line break is indented, so that it is no line of the log. */
export function harmlessLines(text: string): string {
  return escape(text, HARMFUL_IN_LINES, LONGEST_STACK).replace(/\n(?! {4})/g, '\n    ')
}

/** A thing of the log with its texts made harmless, those inside it included. */
export function harmlessFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, harmlessValue(value, 0)]))
}

function harmlessValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return harmless(value)
  // An error has a serializer of its own.
  if (typeof value !== 'object' || value === null || value instanceof Error || depth > 3) return value
  if (Array.isArray(value)) return value.map((item) => harmlessValue(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [harmless(key), harmlessValue(item, depth + 1)]))
}

function escape(text: string, harmful: RegExp, longest: number): string {
  const whole = text.length > longest ? `${text.slice(0, longest)}…` : text
  return whole.replace(harmful, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
