// Loads and unloads the scenes of one side, one after another, through the game's loader.
//
// A loader may take its time; only code that depends on it waits. It is called within the tick, and the next tick reads
// its result. So no game code runs, and no component changes, in a promise's callback.
import type { ErrorLog } from '../connection/error-log.js'
import { ArgumentError } from '../protocol/errors.js'
import type { Schema } from '../protocol/types/schema.js'
import { SceneAction } from '../remote/scene-section.js'
import type { LoadedScene, SceneEventQueue } from './scene-events.js'

/** A load or unload, as the loader gets it. */
export interface SceneLoad<S extends Schema = Schema> extends LoadedScene<S> {
  readonly action: 'load' | 'unload'
  /** The side that calls; a host's loader is called by both. */
  readonly side: 'server' | 'client'
  /**
   * Aborted when a newer change of scenes replaces this load, or the session ends: stop, and reject. A load that
   * fulfils anyway counts as loaded, and is unloaded like any other. Unloads are not aborted.
   */
  readonly signal: AbortSignal
  /**
   * Reports the progress, from 0 to 1. `Connection.progress` shows it; for a client's, on both sides.
   *
   * @throws ArgumentError when it is not a number.
   */
  progress(fraction: number): void
}

/**
 * Loads or unloads a scene for the game; the promise that it returns is awaited. One that throws or rejects has failed.
 */
export type SceneLoader = (load: SceneLoad) => void | Promise<void>

/** A change of scenes. Changes run in the order in which the server made them. */
export interface SceneChange {
  readonly number: number
  /** `clear` replaces all scenes by nothing, at the end of a session. */
  readonly action: SceneAction | 'clear'
  /** Undefined for `clear`. */
  readonly scene: LoadedScene | undefined
}

/** One call of the loader. */
class Step {
  readonly controller = new AbortController()
  state: 'running' | 'done' | 'failed' = 'running'
  cause: unknown
  progress = 0

  constructor(
    readonly action: 'load' | 'unload',
    readonly scene: LoadedScene,
  ) {}

  fail(cause: unknown): void {
    this.state = 'failed'
    this.cause = cause
  }
}

export class SceneRunner {
  loader: SceneLoader | undefined
  /** In the order in which they were loaded. */
  readonly loaded: LoadedScene[] = []
  /** Whether the last change failed. A new change resets it. */
  failed = false
  private readonly waiting: SceneChange[] = []
  private change: SceneChange | undefined
  private superseded = false
  private step: Step | undefined

  constructor(
    private readonly side: 'server' | 'client',
    private readonly events: SceneEventQueue,
    private readonly errors: ErrorLog,
  ) {}

  /** Whether changes are queued or in progress. */
  get busy(): boolean {
    return this.change !== undefined || this.waiting.length > 0
  }

  /** The number of the change in progress, or 0. */
  get changeNumber(): number {
    return this.change?.number ?? 0
  }

  /** The progress of the current loading, from 0 to 1. */
  get progress(): number {
    return this.step?.action === 'load' ? this.step.progress : 0
  }

  /** Queues a change. One that replaces everything also replaces the changes queued before it. */
  add(change: SceneChange): void {
    this.failed = false
    if (change.action === SceneAction.Replace || change.action === 'clear') {
      this.waiting.length = 0
      this.superseded = this.change !== undefined
      if (this.step?.action === 'load') this.step.controller.abort()
    }
    if (change.scene !== undefined && change.action !== SceneAction.Unload) this.events.push('changing', change.scene)
    this.waiting.push(change)
  }

  /** Unloads everything, in the following ticks. */
  clear(): void {
    this.failed = false
    if (this.busy || this.loaded.length > 0) this.add({ number: 0, action: 'clear', scene: undefined })
  }

  /** Reads the loader's result, and calls it for the next step. Runs once per tick. */
  advance(): void {
    for (;;) {
      if (this.step !== undefined) {
        if (this.step.state === 'running') return
        this.takeIn(this.step)
      }
      if (this.change === undefined) {
        this.change = this.waiting.shift()
        this.superseded = false
        if (this.change === undefined) return
      }
      this.next(this.change)
    }
  }

  /** Begins the next step of a change, or ends it. */
  private next({ action, scene }: SceneChange): void {
    if (this.superseded) return this.end()
    const replaces = action === SceneAction.Replace || action === 'clear'
    const old = replaces ? this.loaded.at(-1) : this.loaded.find((one) => one.scene === scene?.scene)
    if (old !== undefined) this.begin('unload', old)
    else if (scene !== undefined && action !== SceneAction.Unload) this.begin('load', scene)
    else this.end()
  }

  private begin(action: Step['action'], scene: LoadedScene): void {
    const step = new Step(action, scene)
    this.step = step
    const { loader, side } = this
    try {
      const pending = loader?.({
        scene: scene.scene,
        name: scene.name,
        args: scene.args,
        action,
        side,
        signal: step.controller.signal,
        progress: (fraction) => {
          if (typeof fraction !== 'number' || Number.isNaN(fraction)) {
            throw new ArgumentError('fraction', `must be a number from 0 to 1, got ${String(fraction)}`)
          }
          step.progress = Math.min(1, Math.max(0, fraction))
        },
      })
      if (pending === undefined) step.state = 'done'
      else {
        Promise.resolve(pending).then(
          () => (step.state = 'done'),
          (cause: unknown) => step.fail(cause),
        )
      }
    } catch (cause) {
      step.fail(cause)
    }
  }

  private takeIn(step: Step): void {
    this.step = undefined
    const { action, scene } = step
    if (action === 'unload') this.loaded.splice(this.loaded.indexOf(scene), 1)
    if (step.state === 'failed') {
      // An aborted load has ended as asked, so it has not failed.
      if (!step.controller.signal.aborted) this.fail(step)
      return this.end()
    }
    if (action === 'unload') {
      this.events.push('unloaded', scene)
      return
    }
    this.loaded.push(scene)
    if (!this.superseded) this.events.push('changed', scene)
    this.end()
  }

  private fail({ action, scene, cause }: Step): void {
    if (!this.superseded) this.failed = true
    this.events.push('failed', scene)
    const why = cause instanceof Error ? cause.message : String(cause)
    this.errors.push('scene-failed', `the loader threw at the ${action} of scene ${scene.name}: ${why}`, {
      name: scene.name,
      cause,
    })
  }

  private end(): void {
    this.change = undefined
  }
}
