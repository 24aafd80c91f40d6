// Cleans texts that players write before others see them.

/** Returns one line without control characters, shortened to the limit without splitting a character. */
export function tidy(text: string, characters: number): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return Array.from(line).slice(0, characters).join('')
}
