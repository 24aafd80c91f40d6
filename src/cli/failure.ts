// Logs failures outside of the systems' guards, such as a rejected promise that the game does not await, and ends the
// run.
import type { Log } from './log.js'
import { firstLine } from './user-error.js'

/** Resolves, with nothing, at the first such failure: the game's state is unknown from then on. Never rejects. */
export function untilFailure(log: Log): Promise<undefined> {
  return new Promise((resolve) => {
    process.on('uncaughtException', (error) => {
      log.fatal({ err: error }, `uncaught: ${firstLine(error)}`)
      resolve(undefined)
    })
  })
}
