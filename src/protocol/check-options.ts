// Checks options: refuses one that is out of range by its name, before anything is started.
import { UsageError } from './errors.js'

const describe = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))

const count = (value: number): string => value.toLocaleString('en-US')

/** The error for an option: `name` must be `range`, and not `value`. */
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

/** @throws UsageError when `value` is given and is not a function. */
export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw badOption(name, 'a function', value)
}

/** @throws UsageError when `value` is given and is not true or false. */
export function checkBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw badOption(name, 'true or false', value)
}

/** @throws UsageError when `value` is given and is not a text with at least one character. */
export function checkText(name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw badOption(name, 'a text that is not empty', value)
  }
}

/** @throws UsageError when `value` is given and is not a list of texts. */
export function checkTexts(name: string, value: unknown): void {
  if (value === undefined) return
  if (!Array.isArray(value)) throw badOption(name, 'a list of texts', value)
  for (const entry of value) checkText(`each of ${name}`, entry ?? null)
}

/** @throws UsageError when `value` is given and is not an object, or has properties beyond `names`. */
export function checkObject(name: string, value: unknown, names: readonly string[]): void {
  if (value === undefined) return
  const range = `an object of ${names.join(', ')}`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badOption(name, range, value)
  const unknown = Object.keys(value).find((key) => !names.includes(key))
  if (unknown !== undefined) throw badOption(name, range, unknown)
}

/** The names of all options of a type: the compiler refuses a list that lacks one. */
export function namesOf<T>(names: Readonly<Record<keyof T, true>>): readonly string[] {
  return Object.keys(names)
}
