// Describes the server's scenes, and what it knows of each client's.
import type { ErrorLog } from '../../connection/error-log.js'
import type { SceneAction } from '../../remote/scene-section.js'
import { type LoadedScene, SceneEventQueue } from '../scene-events.js'
import { SceneRunner } from '../scene-runner.js'
import { SceneMembers } from './scene-members.js'

/** Milliseconds that a client may take to load a scene. */
export const DEFAULT_SCENE_TIMEOUT_MS = 60_000

/** A scene as clients are notified of it. */
export interface NotifiedScene extends LoadedScene {
  readonly id: number
  /** Its arguments, encoded. */
  readonly payload: Uint8Array
}

/** A change of scenes that a client is notified of with this tick's packets. */
export interface UnsentChange {
  readonly number: number
  readonly action: SceneAction
  readonly id: number
  readonly args: Uint8Array
  /** How many calls the game had made in this tick before the change. They are sent first. */
  readonly callsBefore: number
}

/** One client's scenes. */
export class PeerScenes {
  /** The scenes that it was notified of. */
  current: NotifiedScene[] = []
  /** Changes that leave with this tick. */
  readonly unsent: UnsentChange[] = []
  /** Whether it was ready when the first of these was made. */
  wasReady = false
  isLoading = false
  /** A change that it is loading ends all its former scenes: it is not ready until it has loaded. */
  isReplacing = false
  hasFailed = false
  /** It has reported that the newest change is loaded. */
  hasLoaded = false
  /** Numbers of the newest change, and of the oldest whose reports still count. */
  newest = 0
  oldest = 0
  /** When the newest change was made. */
  since = 0
  /** Calls, and bytes of them, that arrived while the server itself is loading. */
  heldCalls = 0
  heldBytes = 0
}

/** The server's scenes. */
export interface ServerScenes {
  readonly events: SceneEventQueue
  /** Runs the server's own loaders. */
  readonly runner: SceneRunner
  /** Entities that end with a scene. */
  readonly members: SceneMembers
  /** Milliseconds that a client may take to load. */
  timeout: number
  /** The scenes of all clients, also of those that connect later. */
  current: readonly NotifiedScene[]
  /** Number of the newest change. */
  changes: number
  /** Whether the network entity has Loading. */
  isLoading: boolean
  /** Changes in progress: the first one is running, and its observers have made the others meanwhile. */
  readonly running: (() => void)[]
}

export function createServerScenes(errors: ErrorLog): ServerScenes {
  const events = new SceneEventQueue()
  return {
    events,
    runner: new SceneRunner('server', events, errors),
    members: new SceneMembers(),
    timeout: DEFAULT_SCENE_TIMEOUT_MS,
    current: [],
    changes: 0,
    isLoading: false,
    running: [],
  }
}
