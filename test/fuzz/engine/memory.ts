// Measures the memory that one tick allocates: it must not depend on a length that a packet claims.
import { getHeapStatistics } from 'node:v8'
import { Escape } from './steps.js'

/**
 * Bytes outside of the heap (array buffers) that a tick may take: inboxes, packets, messages that have really arrived.
 */
const MAX_EXTERNAL = 12 << 20
/** Bytes on the heap. A tick of the game, with all that it sends, takes less than one. */
const MAX_HEAP = 64 << 20

/** Runs `act`. @throws Escape when it allocates more than the limits. */
export function watchMemory(what: string, act: () => void): void {
  const before = getHeapStatistics()
  act()
  const after = getHeapStatistics()
  const external = after.external_memory - before.external_memory
  const heap = after.used_heap_size - before.used_heap_size
  if (external > MAX_EXTERNAL) throw new Escape(`${what} took ${external} bytes outside of the heap`)
  if (heap > MAX_HEAP) throw new Escape(`${what} took ${heap} bytes of the heap`)
}

/** Measures the memory that a process keeps between runs, which must not add up. Needs `--expose-gc`. */
export class KeptMemory {
  private first = 0
  private last = 0

  /** Begins to measure, when every table has its lasting size. */
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
