// Checks the names of fields, which are part of a protocol's description.
import { ProtocolError } from '../errors.js'

/** @throws ProtocolError when a name has a character that the description uses itself. */
export function requireFieldName(name: string): void {
  if (/^[^\s:,(){}"\\]+$/.test(name) && name !== '__proto__') return
  const text = `field ${JSON.stringify(name)}: a name has none of : , ( ) { } " \\ and no space, and is not __proto__`
  throw new ProtocolError('bad-definition', text)
}
