// Loads and unloads the scenes of one side, one after another, through the game's loader.
//
// A loader may take its time; nothing waits for it but what depends on it. It is called from the tick, and what became of
// it is taken in by the next one, so no game code and no component changes in a promise's callback.
import type { ErrorLog } from '../connection/error-log.js'
import { ArgumentError } from '../protocol/errors.js'
import type { Schema } from '../protocol/types/schema.js'
import { SceneAction } from '../remote/scene-section.js'
import type { LoadedScene, SceneEventQueue } from './scene-events.js'

/** What a loader is asked to do. */
export interface SceneLoad<S extends Schema = Schema> extends LoadedScene<S> {
  readonly action: 'load' | 'unload'
  /** The side that asks; a host's loader is asked by both. */
  readonly side: 'server' | 'client'
  /**
   * Aborted when a newer change of scenes takes the place of this load, or the session ends: stop, and reject. A load that
   * settles normally in spite of it counts as done, and is unloaded like any other. Unloads are not aborted.
   */
  readonly signal: AbortSignal
  /**
   * Says how far it is, from 0 to 1; shown in `Connection.progress`, on both sides for a client's.
   *
   * @throws ArgumentError when it is no number.
   */
  progress(fraction: number): void
}

/** Loads or unloads a scene for the game; what it returns is awaited. One that throws, or rejects, has failed. */
export type SceneLoader = (load: SceneLoad) => void | Promise<void>

/** A change of scenes, in the order in which the server made them. */
export interface SceneChange {
  readonly number: number
  /** `clear` is replacing by nothing: what the end of a session does. */
  readonly action: SceneAction | 'clear'
  /** Of `clear` there is none. */
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
  /** A change failed, and none was asked for since. */
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

  /** Whether changes wait or are under way. */
  get busy(): boolean {
    return this.change !== undefined || this.waiting.length > 0
  }

  /** The number of the change under way, or 0. */
  get changeNumber(): number {
    return this.change?.number ?? 0
  }

  /** How far the loading under way is, from 0 to 1. */
  get progress(): number {
    return this.step?.action === 'load' ? this.step.progress : 0
  }

  /** Queues a change. One that replaces everything takes the place of those before it. */
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

  /** Unloads everything, in the ticks that follow. */
  clear(): void {
    this.failed = false
    if (this.busy || this.loaded.length > 0) this.add({ number: 0, action: 'clear', scene: undefined })
  }

  /** Takes in what became of the loader, and calls it for what comes next. Once per tick. */
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
      // One that was told to stop has done so.
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
