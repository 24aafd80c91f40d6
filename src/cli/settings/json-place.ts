// Finds where a text stops being JSON. The message of JSON.parse depends on the version, often has no position, and
// quotes the text, which may be secret.

const SPACE = /[ \t\r\n]*/y
/** JSON forbids only the first 32 control characters. */
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/uy
const ATOM = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?/y

/** The deepest nesting; real settings never reach it, and deeper ones count as errors. */
const DEEPEST = 100

/**
 * The line and the column, both from 1, of the error in a text that is not JSON. For a text that ends too early, its
 * end.
 */
export function placeOfError(text: string): { line: number; column: number } {
  const scanner = new Scanner(text)
  // Nothing may follow the value.
  scanner.value()
  const before = text.slice(0, scanner.at).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

/** Reads the grammar of RFC 8259; `at` stays at the first error. */
class Scanner {
  at = 0
  private depth = 0

  constructor(private readonly text: string) {}

  value(): boolean {
    this.take(SPACE)
    if (this.takes('{')) return this.list('}', () => this.takeString() && this.takes(':') && this.value())
    if (this.takes('[')) return this.list(']', () => this.value())
    return (this.take(STRING) || this.take(ATOM)) && this.take(SPACE)
  }

  /** Reads the rest of an array or object. */
  private list(end: string, item: () => boolean): boolean {
    if (this.takes(end)) return true
    if (++this.depth > DEEPEST) return false
    do {
      if (!item()) return false
    } while (this.takes(','))
    this.depth--
    return this.takes(end)
  }

  private takeString(): boolean {
    return this.take(STRING) && this.take(SPACE)
  }

  private takes(character: string): boolean {
    if (this.text[this.at] !== character) return false
    this.at++
    return this.take(SPACE)
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.text)) return false
    this.at = pattern.lastIndex
    return true
  }
}
