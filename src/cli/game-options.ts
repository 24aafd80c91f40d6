// The options that a game module exports: a name that `listen` does not know would set nothing, and nobody would be told.
import { closestMatch } from 'leven'
import type { ListenOptions } from '../server.js'
import { UserError } from './user-error.js'

/** What a game may ask of `listen`; where the server listens is the operator's to say. */
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

/** How many letters may be wrong in a name that is guessed at. */
const MOST_WRONG = 3

/** @throws UserError that names an option of the module at `path` that there is not. */
export function checkGameOptions(options: object, path: string): void {
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name))
  if (unknown === undefined) return
  const guess = closestMatch(unknown, NAMES, { maxDistance: MOST_WRONG })
  const hint = guess === undefined ? '' : `; did you mean ${guess}?`
  throw new UserError(`the export options of ${path} has ${unknown}, which is not an option of listen${hint}`)
}
