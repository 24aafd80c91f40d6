// Where the log is written: standard output, whatever becomes of it. A full disk, a terminal that is gone or a pipe that nobody reads
// costs lines of the log, and never the server.
import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'

/** How long a pipe that is full is waited for, in milliseconds: the game stands still meanwhile. */
const LONGEST_WAIT_MS = 100
const PAUSE_MS = 10

/** Writes bytes to an open file and says how many it took; `writeSync` of Node, or a test's own. */
export type WriteBytes = (fd: number, bytes: Uint8Array) => number

/**
 * A stream that writes at once, so that nothing is lost when the process exits, and that never fails: what cannot be written
 * is left out. The line after one that was cut short begins anew.
 */
export function createLogOutput(fd: number, write: WriteBytes = writeSync): Writable {
  let isCut = false
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const bytes = isCut ? Buffer.concat([Buffer.from('\n'), chunk]) : chunk
      const written = writeAll(fd, bytes, write)
      // All of it; or some; or nothing, which leaves things as they were.
      if (written === bytes.length) isCut = false
      else if (written > 0) isCut = true
      done()
    },
  })
}

/** Writes as much as can be, and gives how many bytes that were. */
function writeAll(fd: number, bytes: Uint8Array, write: WriteBytes): number {
  let written = 0
  for (let waited = 0; written < bytes.length;) {
    try {
      written += write(fd, bytes.subarray(written))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waited >= LONGEST_WAIT_MS) break
      pause()
      waited += PAUSE_MS
    }
  }
  return written
}

const nothing = new Int32Array(new SharedArrayBuffer(4))

function pause(): void {
  Atomics.wait(nothing, 0, 0, PAUSE_MS)
}
