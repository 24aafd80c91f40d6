// What players write, before others read it.

/** One line without control characters, of at most so many characters; none is cut in two. */
export function tidy(text: string, characters: number): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return Array.from(line).slice(0, characters).join('')
}
