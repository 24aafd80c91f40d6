// Watches what one tick takes of memory: nothing may be allocated by a length that somebody claims.
import { getHeapStatistics } from 'node:v8'
import { Escape } from './steps.js'

/**
 * Bytes outside of the heap (array buffers) that a tick may take: inboxes, packets, messages that have really arrived.
 */
const MAX_EXTERNAL = 12 << 20
/** Bytes on the heap. A tick of the game, with all that it sends, takes less than one. */
const MAX_HEAP = 64 << 20

/** Runs `act`; what it took above the limits is an escape. */
export function watchMemory(what: string, act: () => void): void {
  const before = getHeapStatistics()
  act()
  const after = getHeapStatistics()
  const external = after.external_memory - before.external_memory
  const heap = after.used_heap_size - before.used_heap_size
  if (external > MAX_EXTERNAL) throw new Escape(`${what} took ${external} bytes outside of the heap`)
  if (heap > MAX_HEAP) throw new Escape(`${what} took ${heap} bytes of the heap`)
}

/** What a process keeps between runs: hours of them must not add up. Needs `--expose-gc`. */
export class KeptMemory {
  private first = 0
  private last = 0

  /** Every table has what it keeps: from here on nothing is added. */
  begin(): void {
    this.first = keptBytes()
  }

  /** The growth in bytes since it began; 0 when it has not. */
  measure(): number {
    if (this.first === 0) return 0
    this.last = keptBytes()
    return this.last - this.first
  }

  toString(): string {
    return `${mebibytes(this.first)} kept after the warm-up, ${mebibytes(this.last)} at the end`
  }
}

function keptBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const mebibytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(1)} MiB`
