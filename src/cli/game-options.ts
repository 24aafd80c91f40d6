// Checks the names of the options that a game module exports, and suggests the right group or spelling.
import type { ListenOptions } from '../server.js'
import { LISTEN_GROUPS } from '../server/listen-options.js'
import { similarName } from './similar-name.js'
import { UserError } from './user-error.js'

/** The options of `listen` that a game may set; the operator decides where the server listens. */
export type GameOptions = Omit<ListenOptions, 'port' | 'host' | 'server'>

/** @throws UserError that names an unknown option of the module at `path`. */
export function checkGameOptions(options: object, path: string): void {
  checkNames(options, [...Object.keys(LISTEN_GROUPS), 'transport'], path)
  for (const [group, names] of Object.entries(LISTEN_GROUPS)) {
    const value = (options as Readonly<Record<string, unknown>>)[group]
    if (typeof value === 'object' && value !== null) checkNames(value, names, path, `${group}.`)
  }
}

function checkNames(options: object, names: readonly string[], path: string, prefix = ''): void {
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const home = Object.entries(LISTEN_GROUPS).find(([, own]) => own.includes(unknown))
  const guess = home === undefined ? similarName(unknown, names) : unknown
  const place = home === undefined ? prefix : `${home[0]}.`
  const hint = guess === undefined ? '' : `; did you mean ${place}${guess}?`
  throw new UserError(`the export options of ${path} has ${prefix}${unknown}, which is not an option of listen${hint}`)
}
