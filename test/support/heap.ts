// How much memory a piece of code takes for each thing that it does. Needs `--expose-gc`.
import { setFlagsFromString } from 'node:v8'

// On a busy machine code that is optimized in the background is ready at another time, and with other things inlined,
// in every run; then numbers are boxed in one run and not in the next. So it is optimized where it runs.
setFlagsFromString('--no-concurrent-recompilation')
// And what is inlined depends on what else has used up the room for it: here there is room for all.
setFlagsFromString('--max-inlined-bytecode-size=4000')
setFlagsFromString('--max-inlined-bytecode-size-cumulative=8000')

/**
 * Turns between two looks at the heap: what the engine allocates after each collection, some kilobytes, is not theirs.
 */
const TURNS = 8

/**
 * Bytes on the heap for each of `count` events that `turn` handles, once its code is optimized, which may take a while:
 * it is tried until it is no more than `enough`, 200 times at most.
 */
export function bytesPerEvent(count: number, turn: (count: number) => void, enough = 0.5): number {
  // Until the code is optimized, the engine itself allocates numbers.
  for (let i = 0; i < 60; i++) turn(count)
  const total = TURNS * count
  let least = Infinity
  for (let i = 0; i < 200 && least > total * enough; i++) {
    globalThis.gc!()
    const before = process.memoryUsage().heapUsed
    for (let k = 0; k < TURNS; k++) turn(count)
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return least / total
}
