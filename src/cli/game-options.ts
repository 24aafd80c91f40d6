// Checks the options that a game module exports: `listen` would silently ignore a name that it does not know.
import { closestMatch } from 'leven'
import type { ListenOptions } from '../server.js'
import { UserError } from './user-error.js'

/** The options of `listen` that a game may set; the operator decides where the server listens. */
export type GameOptions = Omit<ListenOptions, 'port' | 'host' | 'server'>

const NAMES = Object.keys({
  authenticate: true,
  authenticationTimeout: true,
  authorizationTimeout: true,
  authorize: true,
  bindAddress: true,
  candidates: true,
  cors: true,
  duplicateUsers: true,
  errorBudget: true,
  handshakes: true,
  handshakeTimeout: true,
  iceServers: true,
  inbound: true,
  interruptedPerAddress: true,
  maxBytesPerSecond: true,
  maxConnections: true,
  portRange: true,
  resumeTime: true,
  sceneTimeout: true,
  spawnBytesPerTick: true,
  stalledAfter: true,
  timeout: true,
  trustProxy: true,
  unknownCalls: true,
  userKey: true,
} satisfies Record<keyof GameOptions, true>)

/** The most wrong letters in a name for which a similar one is suggested. */
const MOST_WRONG = 3

/** @throws UserError that names an unknown option of the module at `path`. */
export function checkGameOptions(options: object, path: string): void {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name))
  if (unknown === undefined) return
  const guess = closestMatch(unknown, NAMES, { maxDistance: MOST_WRONG })
  const hint = guess === undefined ? '' : `; did you mean ${guess}?`
  throw new UserError(`the export options of ${path} has ${unknown}, which is not an option of listen${hint}`)
}
