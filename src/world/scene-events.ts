// What a game sees of scenes: each with its arguments, and the events of their changes.
import type { Infer, Schema } from '../protocol/types/schema.js'
import type { Scene } from '../protocol/scenes.js'

/** A scene and the arguments that it was loaded with. */
export interface LoadedScene<S extends Schema = Schema> {
  readonly scene: Scene<S>
  /** Its name in the protocol. */
  readonly name: string
  readonly args: Readonly<Infer<S>>
}

/** What happened to a scene on this side. */
export interface SceneEvent<S extends Schema = Schema> extends LoadedScene<S> {
  /**
   * `changing`: it is about to be loaded (Mirror's OnServerChangeScene, OnClientChangeScene). `changed`: it is loaded
   * (OnServerSceneChanged, OnClientSceneChanged). `unloaded`: it is gone. `failed`: its loader threw.
   */
  readonly kind: 'changing' | 'changed' | 'unloaded' | 'failed'
}

/**
 * The changes of this side's scenes, to be drained: `for (const { kind, name } of drain(world, SceneEvents))`. On the
 * server those of the world; what single clients load shows as `Loading` on their connections.
 */
export const SceneEvents = { kind: 'scene-events' } as const

/** Whether a scene, an event or a loader's order is about `scene`; in TypeScript its `args` have that scene's types then. */
export function isScene<S extends Schema, What extends LoadedScene>(
  what: What,
  scene: Scene<S>,
): what is What & LoadedScene<S> {
  return (what.scene as Scene) === scene
}

/** Events that nobody publishes, since nothing ticks, are bounded. */
const MAX_GATHERED = 1024

/** Events as lifecycle events are shown: gathered, then published for all systems of a tick. */
export class SceneEventQueue {
  /** Events lost because the world did not tick. */
  dropped = 0
  private gathering: SceneEvent[] = []
  private published: readonly SceneEvent[] = []

  push(kind: SceneEvent['kind'], { scene, name, args }: LoadedScene): void {
    if (this.gathering.length >= MAX_GATHERED) this.dropped++
    else this.gathering.push({ kind, scene, name, args })
  }

  /** Shows what was gathered, in place of what was shown. */
  publish(): void {
    if (this.gathering.length === 0 && this.published.length === 0) return
    this.published = this.gathering
    this.gathering = []
  }

  read(): readonly SceneEvent[] {
    return this.published
  }
}
