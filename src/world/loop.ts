// A fixed-step loop: runs systems at an even rate, catches up after a stall, never spirals, reports what it could not run.
import type { World } from 'bitecs'
import { checkSynchronous } from './async-systems.js'

/** A system: what bitECS games are made of. It is synchronous: a loop reports one that returns a promise. */
export type System<W = World> = (world: W) => void

/** How a loop runs; see {@link startLoop}. */
export interface LoopOptions {
  /** Steps per second. */
  rate: number
  /** Steps that one wake-up may run to catch up; what is missing beyond is skipped and counted. Default 5. */
  maxCatchUp?: number
  /** Called when a system throws, or returns a promise, with the name of its function; the loop goes on with the next. Default: `console.error`. */
  onError?: (error: unknown, system: string) => void
  /** Called when steps were skipped, with their number. */
  onOverrun?: (skipped: number) => void
  /** Called after every step, with the milliseconds that it took. */
  onStep?: (milliseconds: number) => void
  /** Milliseconds. Default `performance.now`. */
  now?: () => number
}

/** A running loop. */
export interface Loop {
  /** Steps run, and steps skipped because the machine was too slow. */
  readonly steps: number
  readonly skipped: number
  /** Stops it; no step runs after this returns. */
  stop(): void
}

/**
 * Runs `systems` on `world`, one after another, `rate` times a second. Steps keep to the grid of the first one, so that a
 * late step is followed by an early one.
 */
export function startLoop<W>(world: W, systems: readonly System<W>[], options: LoopOptions): Loop {
  const { rate, maxCatchUp = 5, onOverrun, onStep, now = () => performance.now() } = options
  const onError =
    options.onError ?? ((error: unknown, system: string) => console.error(`system ${system} threw:`, error))
  const interval = 1000 / rate
  let due = now() + interval
  const loop = {
    steps: 0,
    skipped: 0,
    running: true,
    timer: setTimeout(wake, interval),
    stop() {
      loop.running = false
      clearTimeout(loop.timer)
    },
  }
  return loop

  function step(): void {
    const start = now()
    loop.steps++
    runSystems()
    onStep?.(now() - start)
  }

  function runSystems(): void {
    for (const system of systems) {
      try {
        checkSynchronous(system, system.name, system(world), (error) => onError(error, system.name))
      } catch (error) {
        onError(error, system.name)
      }
      if (!loop.running) return
    }
  }

  function wake(): void {
    let run = 0
    for (; loop.running && run < maxCatchUp && now() >= due; run++) {
      due += interval
      step()
    }
    // Only when the limit ended the catching up: a step that falls due between two looks at the clock is just next.
    const behind = run === maxCatchUp ? Math.floor((now() - due) / interval) + 1 : 0
    if (behind > 0) {
      due += behind * interval
      loop.skipped += behind
      onOverrun?.(behind)
    }
    if (loop.running) loop.timer = setTimeout(wake, Math.max(0, due - now()))
  }
}

/** By world: what runs it. */
const loops = new WeakMap<object, Loop>()

/** Runs a world's pipelines in the place of what has run them: a world that is closed lives on, with the loop that it had. */
export function takeOverLoop<W extends object>(world: W, systems: readonly System<W>[], options: LoopOptions): Loop {
  loops.get(world)?.stop()
  const loop = startLoop(world, systems, options)
  loops.set(world, loop)
  return loop
}
