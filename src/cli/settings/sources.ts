// Reads settings from options, the environment and a file, in this order of precedence. Errors contain name and place.
import { closeSync, openSync, readSync } from 'node:fs'
import { similarName } from '../similar-name.js'
import { firstLine, UserError } from '../user-error.js'
import { placeOfError } from './json-place.js'
import type { Kind } from './kinds.js'
import { SETTING_NAMES, type SettingName, SETTINGS, type Settings, variableName } from './settings.js'

export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'BITECS_NET_'
/** In bytes: 64 KiB. */
const LARGEST_FILE = 1 << 16

/**
 * Reads all settings. `options` are those of the command line, `file` is the path of `--config`. Without it the
 * environment's `BITECS_NET_CONFIG` is used.
 *
 * @throws UserError with the setting, its place, its value and the expected values.
 */
export function gatherSettings(options: Settings, file: string | undefined, environment: Environment): Settings {
  const path = file ?? (environment[variableName('config')] || undefined)
  const settings: Settings = path === undefined ? {} : readFile(path)
  return Object.assign(settings, readEnvironment(environment), options)
}

/** The settings of the environment. Empty variables count as unset: that is how compose files leave one out. */
export function readEnvironment(environment: Environment): Settings {
  const settings: Settings = {}
  for (const name of SETTING_NAMES) {
    for (const variable of variablesOf(name)) {
      const value = environment[variable]
      if (value === undefined || value === '') continue
      put(settings, name, SETTINGS[name].kind.fromText(value), `the environment variable ${variable}`, value)
      break
    }
  }
  return settings
}

/** Many hosting services set `PORT`; our own name takes precedence. */
function variablesOf(name: SettingName): string[] {
  return name === 'port' ? [variableName(name), 'PORT'] : [variableName(name)]
}

/**
 * Variables that look like a typing error: nearly the name of a setting. Others with our prefix belong to other
 * programs, such as those that Kubernetes makes from a service's name.
 */
export function suspectVariables(environment: Environment): { name: string; guess: string }[] {
  const known = [...SETTING_NAMES, 'config'].map(variableName)
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .flatMap((name) => {
      const guess = similarName(name, known)
      return guess === undefined ? [] : [{ name, guess }]
    })
}

/** Settings that only work together with another, and the other. */
const NEEDS = { metricsHost: 'metricsPort', drainText: 'drainTime' } as const satisfies Partial<
  Record<SettingName, SettingName>
>

/** Settings without effect, because the setting that they need is missing. */
export function idleSettings(settings: Settings): { name: SettingName; needs: SettingName }[] {
  return Object.entries(NEEDS)
    .map(([name, needs]) => ({ name: name as keyof typeof NEEDS, needs }))
    .filter(({ name, needs }) => settings[name] !== undefined && settings[needs] === undefined)
}

/** Reads a file of settings: a JSON object. */
export function readFile(path: string): Settings {
  const read = parse(path, readText(path))
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw new UserError(`${path} must contain a JSON object of settings, as in { "maxConnections": 64 }`)
  }
  const settings: Settings = {}
  for (const [key, value] of Object.entries(read)) {
    const name = SETTING_NAMES.find((known) => known === key)
    if (name === undefined) throw new UserError(`${path}: unknown setting ${shown(key)}${hint(key)}`)
    put(settings, name, SETTINGS[name].kind.fromJson(value), `${name} in ${path}`, value)
  }
  return settings
}

function readText(path: string): string {
  const bytes = readBytes(path)
  if (bytes.length > LARGEST_FILE) throw new UserError(`${path} is larger than 64 KiB: is it the right file?`)
  return bytes.toString().replace(/^\uFEFF/, '')
}

function readBytes(path: string): Buffer {
  try {
    return readUpTo(path, LARGEST_FILE + 1)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'it does not exist' : firstLine(error)
    throw new UserError(`cannot read the settings file ${path}: ${why}`, { cause: error })
  }
}

/** Reads the first bytes of a file: one that was named by mistake may be of any size, or never end. */
function readUpTo(path: string, most: number): Buffer {
  const bytes = Buffer.alloc(most)
  const file = openSync(path, 'r')
  try {
    let length = 0
    for (let got = -1; got !== 0 && length < most; length += got)
      got = readSync(file, bytes, length, most - length, null)
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const { line, column } = placeOfError(text)
    throw new UserError(`${path} is not valid JSON: error at line ${line}, column ${column}`)
  }
}

function put(settings: Settings, name: SettingName, read: unknown, where: string, value: unknown): void {
  const { kind }: { kind: Kind<unknown> } = SETTINGS[name]
  if (read === undefined) throw new UserError(`${where} must be ${kind.expects}, not ${shown(value, kind.isSecret)}`)
  Object.assign(settings, { [name]: read })
}

/** The value as it was written, shortened to fit a line. */
function shown(value: unknown, isSecret = false): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'this array' : 'this object'
  if (isSecret) return 'the given value'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function hint(key: string): string {
  const guess = similarName(key, SETTING_NAMES)
  return guess === undefined ? '; see bitecs-net serve --help' : `; did you mean ${guess}?`
}
