// Checks of the options that a user gives: what is out of range is refused by its name, before anything is begun.
import { UsageError } from '../protocol/errors.js'

const describe = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))

const count = (value: number): string => value.toLocaleString('en-US')

/** Refuses an option: `name` is `range`, and not `value`. */
export function badOption(name: string, range: string, value: unknown): UsageError {
  return new UsageError('bad-option', `${name} is ${range}, got ${describe(value)}`)
}

/** @throws UsageError when `value` is given and is not a finite number above 0. */
export function checkMilliseconds(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value > 0)) return
  throw badOption(name, 'a finite number of milliseconds above 0', value)
}

/** @throws UsageError when `value` is given and is none of `values`. */
export function checkOneOf(name: string, value: unknown, values: readonly string[]): void {
  if (value === undefined || (typeof value === 'string' && values.includes(value))) return
  throw badOption(name, values.map((one) => `'${one}'`).join(' or '), value)
}

/** @throws UsageError when `value` is given and is not a number from `min` to `max`. */
export function checkNumber(name: string, value: number | undefined, min: number, max: number, unit?: string): void {
  if (value === undefined || (Number.isFinite(value) && value >= min && value <= max)) return
  throw badOption(name, `a number from ${count(min)} to ${count(max)}${unit === undefined ? '' : ` ${unit}`}`, value)
}

/** @throws UsageError when `value` is given and is not a whole number from `min` to `max`. */
export function checkInteger(name: string, value: number | undefined, min: number, max = Infinity): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return
  throw badOption(name, `a whole number ${max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`}`, value)
}
