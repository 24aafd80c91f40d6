// Runs systems at a fixed rate, catches up after a stall up to a limit, and reports the steps that it skipped.
import type { World } from 'bitecs'
import { checkSynchronous } from './async-systems.js'

/** A bitECS system. It is synchronous: a loop reports one that returns a promise. */
export type System<W = World> = (world: W) => void

/** Options of {@link startLoop}. */
export interface LoopOptions {
  /** Steps per second. */
  rate: number
  /** Steps that one wake-up may run to catch up; further missing steps are skipped and counted. Default 5. */
  maxCatchUp?: number
  /**
   * Called when a system throws or returns a promise, with the name of its function; the loop continues with the next
   * one. Default: `console.error`.
   */
  onError?: (error: unknown, system: string) => void
  /** Called with the number of skipped steps. */
  onOverrun?: (skipped: number) => void
  /** Called after every step, with its duration in milliseconds. */
  onStep?: (milliseconds: number) => void
  /** The clock, in milliseconds. Default `performance.now`. */
  now?: () => number
}

/** A running loop. */
export interface Loop {
  /** Steps that ran, and steps skipped because the machine was too slow. */
  readonly steps: number
  readonly skipped: number
  /** Stops the loop; no step runs after this returns. */
  stop(): void
}

/**
 * Runs `systems` on `world`, one after another, `rate` times a second. Steps stay on the time grid of the first one, so
 * a late step is followed by an early one.
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
    // Only when the limit ended the catching up: a step that falls due between two readings of the clock simply runs
    // next.
    const behind = run === maxCatchUp ? Math.floor((now() - due) / interval) + 1 : 0
    if (behind > 0) {
      due += behind * interval
      loop.skipped += behind
      onOverrun?.(behind)
    }
    if (loop.running) loop.timer = setTimeout(wake, Math.max(0, due - now()))
  }
}

/** The loop that runs each world. */
const loops = new WeakMap<object, Loop>()

/** Runs a world's pipelines, and stops the loop that ran them before: a closed world may still have its old loop. */
export function takeOverLoop<W extends object>(world: W, systems: readonly System<W>[], options: LoopOptions): Loop {
  loops.get(world)?.stop()
  const loop = startLoop(world, systems, options)
  loops.set(world, loop)
  return loop
}
