// Makes a parser for an option of the command line from a kind of setting.
import { InvalidArgumentError } from 'commander'
import type { Kind } from './settings/kinds.js'

/**
 * A parser for commander's options that accepts what the kind accepts. It throws commander's `InvalidArgumentError` for
 * every other text.
 */
export function parserOf<T>(kind: Kind<T>): (text: string) => T {
  return (text) => {
    const value = kind.fromText(text)
    if (value === undefined) throw new InvalidArgumentError(`Must be ${kind.expects}.`)
    return value
  }
}
