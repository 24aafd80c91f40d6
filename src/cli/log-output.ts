// Writes the log to standard output. A full disk, a closed terminal or a pipe without a reader costs lines, never
// time.
import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'

/** The most bytes that wait for a full pipe. Further lines are dropped. */
const MOST_WAITING = 1 << 20
/** Milliseconds between two attempts to write waiting bytes. */
const RETRY_MS = 20
/** How long an ending process waits for a full pipe, in milliseconds. */
const LONGEST_WAIT_MS = 100
const PAUSE_MS = 10

/** Writes bytes to an open file and returns how many were written; `writeSync` of Node, or a test's own. */
export type WriteBytes = (fd: number, bytes: Uint8Array) => number

/**
 * Makes a stream that writes at once, so that a line before a crash is not lost, and that never fails or blocks. Lines
 * that do not fit a full pipe are written later, at the latest when the process exits. A line after one that was cut
 * short begins on a new line.
 */
export function createLogOutput(fd: number, write: WriteBytes = writeSync): Writable {
  // Node makes a pipe at standard output non-blocking when it is first used. A blocking one would stop the process.
  if (fd === 1) void process.stdout
  const output = new LogOutput(fd, write)
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      output.add(chunk)
      done()
    },
  })
}

class LogOutput {
  private isCut = false
  private waiting: Buffer[] = []
  private waitingBytes = 0
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly fd: number,
    private readonly write: WriteBytes,
  ) {}

  add(line: Buffer): void {
    if (this.waitingBytes > 0) this.wait(line)
    else this.attempt(line)
  }

  /** Writes as much as possible. The rest waits when the pipe is full, and is dropped when writing fails. */
  private attempt(line: Buffer): boolean {
    const bytes = this.isCut ? Buffer.concat([Buffer.from('\n'), line]) : line
    let written = 0
    let isFull = false
    while (written < bytes.length && !isFull) {
      try {
        written += this.write(this.fd, bytes.subarray(written))
      } catch (error) {
        isFull = (error as NodeJS.ErrnoException).code === 'EAGAIN'
        if (!isFull) break
      }
    }
    if (isFull) {
      this.isCut = false
      this.waiting.unshift(bytes.subarray(written))
      this.waitingBytes += bytes.length - written
      this.retryLater()
      return false
    }
    if (written === bytes.length) this.isCut = false
    else if (written > 0) this.isCut = true
    return true
  }

  private wait(line: Buffer): void {
    if (this.waitingBytes + line.length > MOST_WAITING) return
    this.waiting.push(line)
    this.waitingBytes += line.length
  }

  private retryLater(): void {
    if (this.timer !== undefined) return
    process.once('exit', this.writeLast)
    this.timer = setTimeout(() => {
      this.stopRetrying()
      this.writeWaiting()
    }, RETRY_MS)
    this.timer.unref()
  }

  private stopRetrying(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    process.off('exit', this.writeLast)
  }

  private writeWaiting(): void {
    for (let line = this.waiting.shift(); line !== undefined; line = this.waiting.shift()) {
      this.waitingBytes -= line.length
      if (!this.attempt(line)) return
    }
  }

  private readonly writeLast = (): void => {
    for (let waited = 0; waited <= LONGEST_WAIT_MS && this.waitingBytes > 0; waited += PAUSE_MS) {
      if (waited > 0) Atomics.wait(nothing, 0, 0, PAUSE_MS)
      this.writeWaiting()
    }
    this.stopRetrying()
  }
}

const nothing = new Int32Array(new SharedArrayBuffer(4))
