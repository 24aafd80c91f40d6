// Changes the scenes of the server and its clients, and follows which clients have loaded them.
import { addComponent, removeComponent } from 'bitecs'
import { Connection, Loading, Ready } from '../../../components/connection.js'
import type { Session } from '../../connection/session.js'
import { ByteWriter } from '../../protocol/bytes.js'
import { PART_WINDOW_BYTES } from '../../protocol/limits.js'
import type { Scene } from '../../protocol/scenes.js'
import { SceneAction, SceneReport } from '../../remote/scene-section.js'
import { sessionsOf } from './connections.js'
import { endEntity } from './entity-steps.js'
import type { ServerPeer } from './server-peer.js'
import type { NotifiedScene } from './server-scenes.js'
import type { ServerState } from './server-state.js'
import { reportUnspawned } from './write-calls.js'

/** Calls, and bytes of them, that the server keeps for one client while it loads a scene itself. */
const MAX_HELD_CALLS = 4096
const MAX_HELD_BYTES = 1 << 18

type SceneArgs = Readonly<Record<string, unknown>>

/** Changes the scenes of all clients, and the server's own. */
export function changeAllScenes(server: ServerState, action: SceneAction, id: number, args: SceneArgs): void {
  inOrder(server, () => {
    const { scenes, peers, replication } = server
    const scene = encodeScene(server, action, id, args)
    const number = ++scenes.changes
    const before = scenes.current
    scenes.current = changed(before, action, scene)
    // Members end first, so that clients are notified of that before they begin to load.
    for (const one of before) if (!scenes.current.includes(one)) endMembers(server, one.id)
    if (action === SceneAction.Replace) replication.endedKeys.forgetLater()
    scenes.runner.add({ number, action, scene })
    for (const peer of peers) if (concerns(peer, action, scene.scene)) notify(server, peer, action, scene, number)
  })
}

/** Changes the scenes of some clients. */
export function changeScenesOf(
  server: ServerState,
  peers: Iterable<ServerPeer>,
  action: SceneAction,
  id: number,
  args: SceneArgs,
): void {
  inOrder(server, () => {
    const scene = encodeScene(server, action, id, args)
    for (const peer of peers) {
      if (concerns(peer, action, scene.scene)) notify(server, peer, action, scene, ++server.scenes.changes)
    }
  })
}

/** Has a client that has just connected load the scenes of all clients. */
export function joinScenes(server: ServerState, peer: ServerPeer): void {
  inOrder(server, () => {
    const { scenes } = server
    scenes.current.forEach((scene, i) =>
      notify(server, peer, i === 0 ? SceneAction.Replace : SceneAction.Load, scene, ++scenes.changes),
    )
  })
}

/**
 * Makes one change after another. A change runs observers, of members that end and of tags that are added and removed.
 * A change that one of them makes follows the whole one in progress, so that all clients get the two in the same
 * order.
 */
function inOrder({ scenes: { running } }: ServerState, change: () => void): void {
  if (running.push(change) > 1) return
  try {
    for (; running.length > 0; running.shift()) running[0]!()
  } finally {
    running.length = 0
  }
}

function encodeScene(
  { protocol, replication }: ServerState,
  action: SceneAction,
  id: number,
  args: SceneArgs,
): NotifiedScene {
  const scene = protocol.sceneList[id]!
  const writer = new ByteWriter()
  writer.entities = replication.entities
  if (action !== SceneAction.Unload) scene.codec.write(writer, args)
  const payload = writer.bytes.slice(0, writer.length)
  return { scene, name: protocol.sceneNames[id]!, args: { ...args }, id, payload }
}

/** Puts a change into a client's packets, and marks its connection. */
function notify(
  server: ServerState,
  peer: ServerPeer,
  action: SceneAction,
  scene: NotifiedScene,
  number: number,
): void {
  const { session, scenes } = peer
  const { world, outgoing, options, guarded } = server
  const { entity } = session
  scenes.current = changed(scenes.current, action, scene)
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
    reportUnspawned(server, peer)
    session.ready = false
    guarded.make(() => removeComponent(world, entity, Ready))
  }
  if (scenes.isLoading) return
  scenes.isLoading = true
  guarded.make(() => addComponent(world, entity, Loading))
}

/** Notes what a client reports of its loading. Returns false for a report that no honest client makes. */
export function noteReport({ session, scenes }: ServerPeer, change: number, report: number): boolean {
  if (change === 0 || change > scenes.newest) return false
  if (!scenes.isLoading || change < scenes.oldest) return true
  if (report === SceneReport.Failed) scenes.hasFailed = true
  else if (report !== SceneReport.Loaded) Connection.progress[session.entity] = report / 100
  else if (change === scenes.newest) scenes.hasLoaded = true
  return true
}

/** Whether one more call of a client, of `bytes` bytes, may wait until the server has loaded. */
export function mayHold({ scenes }: ServerPeer, bytes: number): boolean {
  scenes.heldCalls++
  // Of a message in parts no more than a window arrives meanwhile.
  scenes.heldBytes += Math.min(bytes, PART_WINDOW_BYTES)
  return scenes.heldCalls <= MAX_HELD_CALLS && scenes.heldBytes <= MAX_HELD_BYTES
}

/** Continues the server's own loading, and finds the clients that have loaded, failed or run out of time. */
export function advanceServerScenes(server: ServerState): void {
  const { scenes, peers } = server
  scenes.runner.advance()
  showOwnLoading(server, scenes.runner.busy)
  const now = server.options.now()
  const isHeld = scenes.runner.busy || scenes.runner.failed
  for (const peer of peers) {
    const { session } = peer
    if (!peer.scenes.isLoading || session.state !== 'open') continue
    if (peer.scenes.hasFailed) closeFor(server, session, 'scene-failed', 'the client could not load the scene')
    else if (!peer.scenes.hasLoaded) {
      if (now - peer.scenes.since > scenes.timeout) {
        closeFor(server, session, 'scene-timeout', `the scene was not loaded within ${scenes.timeout} ms`)
      }
    } else if (!isHeld) finishLoading(server, peer)
  }
}

/** While the server itself loads, received calls and messages wait in their queues. */
function showOwnLoading(server: ServerState, isLoading: boolean): void {
  const { scenes, world, inbound, networkEntity, peers, tick, guarded } = server
  if (isLoading === scenes.isLoading) return
  scenes.isLoading = isLoading
  if (isLoading) {
    inbound.pause()
    guarded.make(() => addComponent(world, networkEntity, Loading))
    return
  }
  for (const peer of peers) {
    peer.scenes.heldCalls = 0
    peer.scenes.heldBytes = 0
  }
  inbound.resume(tick)
  guarded.make(() => removeComponent(world, networkEntity, Loading))
}

/** Makes a client that has loaded ready again. */
function finishLoading({ world, guarded }: ServerState, { session, scenes }: ServerPeer): void {
  const { entity } = session
  scenes.isLoading = false
  scenes.isReplacing = false
  session.loadsScene = false
  Connection.progress[entity] = 1
  guarded.make(() => removeComponent(world, entity, Loading))
  // An observer may have changed the scene again.
  if (scenes.isReplacing || !session.wantsReady || session.ready) return
  session.ready = true
  guarded.make(() => addComponent(world, entity, Ready))
}

function closeFor(server: ServerState, session: Session, code: string, text: string): void {
  server.errors.push(code, text, { connection: session.entity })
  sessionsOf(server, session)?.close(session, code, text)
}

function endMembers(server: ServerState, id: number): void {
  const { scenes, replication, guarded } = server
  for (const eid of scenes.members.of(id, replication.entities)) guarded.make(() => endEntity(server, eid))
}

/** A list of scenes after a change. */
function changed(scenes: readonly NotifiedScene[], action: SceneAction, scene: NotifiedScene): NotifiedScene[] {
  if (action === SceneAction.Replace) return [scene]
  const others = scenes.filter((one) => one.scene !== scene.scene)
  return action === SceneAction.Load ? [...others, scene] : others
}

/** Whether a client is notified of a change: it loads scenes that it does not have, and unloads scenes that it has. */
function concerns({ scenes, session }: ServerPeer, action: SceneAction, scene: Scene): boolean {
  if (session.state !== 'open') return false
  if (action === SceneAction.Replace) return true
  return scenes.current.some((one) => one.scene === scene) === (action === SceneAction.Unload)
}
