// Parses the values of the command's options.
import { InvalidArgumentError } from 'commander'

/** A parser of whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`Must be a whole number from ${least} to ${most}.`)
  }
}

/** Steps per second, from 1 to 1,000; fractions are allowed. */
export function rate(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && isRate(value)) return value
  throw new InvalidArgumentError('Must be a number from 1 to 1000, per second.')
}

/** Whether a value is a number of steps per second that the loop can run. */
export function isRate(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= 1000
}

/** A server's address, without a slash at its end. */
export function serverAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, '')
  throw new InvalidArgumentError('Must be an address such as http://127.0.0.1:9208.')
}
