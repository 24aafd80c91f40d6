// The server's part of scenes: which are played, what each client has been told, and who has loaded them.
import { addComponent, removeComponent, type World } from 'bitecs'
import { Connection, Loading, Ready } from '../../../components/connection.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { Session } from '../../connection/session.js'
import { ByteWriter } from '../../protocol/bytes.js'
import { PART_WINDOW } from '../../protocol/limits.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { Scene } from '../../protocol/scenes.js'
import type { InboundCalls } from '../../remote/inbound-calls.js'
import { SceneAction, SceneReport } from '../../remote/scene-section.js'
import type { EndedKeys } from '../../replication/server/ended-keys.js'
import type { ServerEntities } from '../../replication/server/server-entities.js'
import { type LoadedScene, SceneEventQueue } from '../scene-events.js'
import { SceneMembers } from './scene-members.js'
import { SceneRunner } from '../scene-runner.js'

/** How long a client may take to load, in milliseconds. */
export const DEFAULT_SCENE_TIMEOUT = 60_000
/** Calls, and bytes of them, that wait for one client while the server loads. */
const MAX_HELD_CALLS = 4096
const MAX_HELD_BYTES = 1 << 18

/** A scene as the server tells it. */
interface ToldScene extends LoadedScene {
  readonly id: number
  /** Its arguments as they travel. */
  readonly payload: Uint8Array
}

/** A change that a client is to be told of in this tick. */
export interface UnsentChange {
  readonly number: number
  readonly action: SceneAction
  readonly id: number
  readonly args: Uint8Array
  /** How many calls the game had made in this tick before it: they go first. */
  readonly callsBefore: number
}

/** What the server knows of one client's scenes. */
export class PeerScenes {
  /** The scenes that it was told to have. */
  told: ToldScene[] = []
  /** Changes that leave with this tick. */
  readonly unsent: UnsentChange[] = []
  /** It was ready when the first of them was made. */
  wasReady = false
  isLoading = false
  /** A change under way ends all its scenes: it takes no part until it has loaded. */
  isReplacing = false
  hasFailed = false
  /** It has reported the newest change as loaded. */
  hasLoaded = false
  /** The newest change, and the oldest whose reports still count. */
  newest = 0
  oldest = 0
  /** When it was told of the newest change. */
  since = 0
  heldCalls = 0
  heldBytes = 0
}

interface ScenePeer {
  readonly session: Session
  readonly scenes: PeerScenes
}

/** What scenes need of the server's role. */
export interface ServerScenesContext {
  readonly world: World
  readonly protocol: Protocol
  readonly errors: ErrorLog
  readonly inbound: InboundCalls
  readonly outgoing: { readonly count: number }
  readonly replication: { readonly entities: ServerEntities; readonly endedKeys: EndedKeys }
  sessionsOf(session: Session): ServerSessions | undefined
  readonly options: { readonly now: () => number }
  readonly tick: number
  readonly networkEntity: number
  readonly peers: readonly ScenePeer[]
  /** Runs what may call observers of the game; one that throws is reported. */
  guard(change: () => void): void
  despawn(eid: number): void
  /** Told when a client is about to lose all its scenes, while it still takes part. */
  losesScenes(peer: ScenePeer): void
}

export class ServerScenes {
  readonly events = new SceneEventQueue()
  readonly runner: SceneRunner
  readonly members = new SceneMembers()
  timeout = DEFAULT_SCENE_TIMEOUT
  /** The scenes of everyone, also of who joins later. */
  private told: ToldScene[] = []
  private changes = 0
  private isLoading = false
  /** Changes to be told: the one under way, and those that observers of what it does have made meanwhile. */
  private readonly telling: (() => void)[] = []

  constructor(private readonly role: ServerScenesContext) {
    this.runner = new SceneRunner('server', this.events, role.errors)
  }

  /** The scenes of the world. */
  get ofWorld(): readonly LoadedScene[] {
    return this.told
  }

  /** Changes everyone's scenes, and the server's own. */
  changeAll(action: SceneAction, id: number, args: Readonly<Record<string, unknown>>): void {
    this.inOrder(() => this.tellAll(action, id, args))
  }

  private tellAll(action: SceneAction, id: number, args: Readonly<Record<string, unknown>>): void {
    const scene = this.prepare(action, id, args)
    const number = ++this.changes
    const before = this.told
    this.told = changed(before, action, scene)
    // Members end first, so that clients hear of it before they begin to load.
    for (const one of before) if (!this.told.includes(one)) this.despawnMembers(one.id)
    if (action === SceneAction.Replace) this.role.replication.endedKeys.forgetLater()
    this.runner.add({ number, action, scene })
    for (const peer of this.role.peers) if (concerns(peer, action, scene.scene)) this.tell(peer, action, scene, number)
  }

  /** Changes the scenes of some clients alone. */
  changeFor(
    peers: Iterable<ScenePeer>,
    action: SceneAction,
    id: number,
    args: Readonly<Record<string, unknown>>,
  ): void {
    this.inOrder(() => {
      const scene = this.prepare(action, id, args)
      for (const peer of peers) {
        if (concerns(peer, action, scene.scene)) this.tell(peer, action, scene, ++this.changes)
      }
    })
  }

  /** Tells a client that has just connected of the scenes of the world. */
  join(peer: ScenePeer): void {
    this.inOrder(() => {
      this.told.forEach((scene, i) =>
        this.tell(peer, i === 0 ? SceneAction.Replace : SceneAction.Load, scene, ++this.changes),
      )
    })
  }

  /**
   * Telling of a change runs observers, of members that end and of tags that come and go. A change that one of them makes
   * comes behind, whole: everyone must hear of the two in the same order.
   */
  private inOrder(change: () => void): void {
    const { telling } = this
    if (telling.push(change) > 1) return
    try {
      for (; telling.length > 0; telling.shift()) telling[0]!()
    } finally {
      telling.length = 0
    }
  }

  /** Takes a client's report; false for one that no honest client makes. */
  report({ session, scenes }: ScenePeer, change: number, report: number): boolean {
    if (change === 0 || change > scenes.newest) return false
    if (!scenes.isLoading || change < scenes.oldest) return true
    if (report === SceneReport.Failed) scenes.hasFailed = true
    else if (report !== SceneReport.Loaded) Connection.progress[session.entity] = report / 100
    else if (change === scenes.newest) scenes.hasLoaded = true
    return true
  }

  /** Whether a call of this client may wait while the server loads. */
  mayHold({ scenes }: { readonly scenes: PeerScenes }, bytes: number): boolean {
    scenes.heldCalls++
    // Of a message in parts no more than a window arrives meanwhile.
    scenes.heldBytes += Math.min(bytes, PART_WINDOW)
    return scenes.heldCalls <= MAX_HELD_CALLS && scenes.heldBytes <= MAX_HELD_BYTES
  }

  /** Once per tick: goes on with the server's own loading, and with every client that has loaded, failed or run late. */
  advance(): void {
    this.runner.advance()
    this.showOwnLoading(this.runner.busy)
    const now = this.role.options.now()
    const held = this.runner.busy || this.runner.failed
    for (const peer of this.role.peers) {
      const { scenes, session } = peer
      if (!scenes.isLoading || session.state !== 'open') continue
      if (scenes.hasFailed) this.end(session, 'scene-failed', 'the client could not load the scene')
      else if (!scenes.hasLoaded) {
        if (now - scenes.since > this.timeout) {
          this.end(session, 'scene-timeout', `the scene was not loaded within ${this.timeout} ms`)
        }
      } else if (!held) this.release(peer)
    }
  }

  private prepare(action: SceneAction, id: number, args: Readonly<Record<string, unknown>>): ToldScene {
    const { protocol, replication } = this.role
    const scene = protocol.sceneList[id]!
    const writer = new ByteWriter()
    writer.entities = replication.entities
    if (action !== SceneAction.Unload) scene.codec.write(writer, args)
    const payload = writer.bytes.slice(0, writer.length)
    return { scene, name: protocol.sceneNames[id]!, args: { ...args }, id, payload }
  }

  private tell(peer: ScenePeer, action: SceneAction, scene: ToldScene, number: number): void {
    const { session, scenes } = peer
    const { world, outgoing, options } = this.role
    const { entity } = session
    scenes.told = changed(scenes.told, action, scene)
    if (scenes.unsent.length === 0) scenes.wasReady = session.ready
    scenes.unsent.push({ number, action, id: scene.id, args: scene.payload, callsBefore: outgoing.count })
    scenes.newest = number
    if (action === SceneAction.Replace || !scenes.isLoading) scenes.oldest = number
    scenes.hasLoaded = false
    scenes.since = options.now()
    session.loadsScene = true
    Connection.progress[entity] = 0
    if (action === SceneAction.Replace) {
      scenes.isReplacing = true
      this.role.losesScenes(peer)
      session.ready = false
      this.role.guard(() => removeComponent(world, entity, Ready))
    }
    if (scenes.isLoading) return
    scenes.isLoading = true
    this.role.guard(() => addComponent(world, entity, Loading))
  }

  /** A client has loaded: it takes part again. */
  private release({ session, scenes }: ScenePeer): void {
    const { world } = this.role
    const { entity } = session
    scenes.isLoading = false
    scenes.isReplacing = false
    session.loadsScene = false
    Connection.progress[entity] = 1
    this.role.guard(() => removeComponent(world, entity, Loading))
    // An observer may have changed the scene again.
    if (scenes.isReplacing || !session.wantsReady || session.ready) return
    session.ready = true
    this.role.guard(() => addComponent(world, entity, Ready))
  }

  private end(session: Session, code: string, text: string): void {
    this.role.errors.push(code, text, { connection: session.entity })
    this.role.sessionsOf(session)?.close(session, code, text)
  }

  /** While the server itself loads, calls and messages wait. */
  private showOwnLoading(loading: boolean): void {
    if (loading === this.isLoading) return
    this.isLoading = loading
    const { world, inbound, networkEntity, peers, tick } = this.role
    if (loading) {
      inbound.pause()
      this.role.guard(() => addComponent(world, networkEntity, Loading))
      return
    }
    for (const { scenes } of peers) {
      scenes.heldCalls = 0
      scenes.heldBytes = 0
    }
    inbound.resume(tick)
    this.role.guard(() => removeComponent(world, networkEntity, Loading))
  }

  private despawnMembers(id: number): void {
    for (const eid of this.members.of(id, this.role.replication.entities)) {
      this.role.guard(() => this.role.despawn(eid))
    }
  }
}

/** A list of scenes after a change. */
function changed(scenes: readonly ToldScene[], action: SceneAction, scene: ToldScene): ToldScene[] {
  if (action === SceneAction.Replace) return [scene]
  const others = scenes.filter((one) => one.scene !== scene.scene)
  return action === SceneAction.Load ? [...others, scene] : others
}

/** A client that has a scene is not told to load it again, and one that has not is not told to unload it. */
function concerns({ scenes, session }: ScenePeer, action: SceneAction, scene: Scene): boolean {
  if (session.state !== 'open') return false
  if (action === SceneAction.Replace) return true
  return scenes.told.some((one) => one.scene === scene) === (action === SceneAction.Unload)
}
