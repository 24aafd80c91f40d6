// Suggests the name that a mistyped one probably means.
import { closestMatch } from 'leven'

/** The most wrong letters in a name for which a similar one is suggested. */
const MOST_WRONG = 3

/** The known name that is nearest to `name`, if it is near enough. In a short name fewer letters may be wrong. */
export function similarName(name: string, known: readonly string[]): string | undefined {
  return closestMatch(name, known, { maxDistance: Math.min(MOST_WRONG, name.length >> 1) })
}
