// Records changes of scenes as events, with the arguments of each scene.
import type { Infer, Schema } from '../protocol/types/schema.js'
import type { Scene } from '../protocol/scenes.js'

/** A scene and the arguments that it was loaded with. */
export interface LoadedScene<S extends Schema = Schema> {
  readonly scene: Scene<S>
  /** Its name in the protocol. */
  readonly name: string
  readonly args: Readonly<Infer<S>>
}

/** A change of a scene on this side. */
export interface SceneEvent<S extends Schema = Schema> extends LoadedScene<S> {
  /**
   * `changing`: it is about to be loaded (Mirror's OnServerChangeScene, OnClientChangeScene). `changed`: it is loaded
   * (OnServerSceneChanged, OnClientSceneChanged). `unloaded`: it was unloaded. `failed`: its loader threw.
   */
  readonly kind: 'changing' | 'changed' | 'unloaded' | 'failed'
}

/**
 * The changes of this side's scenes, to be drained: `for (const { kind, name } of drain(world, SceneEvents))`. On the
 * server these are the world's scenes. The loading of single clients shows as `Loading` on their connections.
 */
export const SceneEvents = { kind: 'scene-events' } as const

/** Whether a loaded scene, an event or a load is of `scene`. In TypeScript its `args` then have that scene's types. */
export function isScene<S extends Schema, What extends LoadedScene>(
  what: What,
  scene: Scene<S>,
): what is What & LoadedScene<S> {
  return (what.scene as Scene) === scene
}

/** Limits events that are not published because the world does not tick. */
const MAX_GATHERED = 1024

/** Gathers events and publishes them to all systems of a tick, like lifecycle events. */
export class SceneEventQueue {
  /** Events lost because the world did not tick. */
  dropped = 0
  private gathering: SceneEvent[] = []
  private published: readonly SceneEvent[] = []

  push(kind: SceneEvent['kind'], { scene, name, args }: LoadedScene): void {
    if (this.gathering.length >= MAX_GATHERED) this.dropped++
    else this.gathering.push({ kind, scene, name, args })
  }

  /** Publishes the gathered events in place of the last ones. */
  publish(): void {
    if (this.gathering.length === 0 && this.published.length === 0) return
    this.published = this.gathering
    this.gathering = []
  }

  read(): readonly SceneEvent[] {
    return this.published
  }
}
