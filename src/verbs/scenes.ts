// The verbs of scenes: the server changes them, both sides load them and ask for them.
import { Connection } from '../../components/connection.js'
import { Networked } from '../../components/networked.js'
import { hasComponent } from 'bitecs'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import type { CallArguments, Schema } from '../protocol/types/schema.js'
import type { Scene } from '../protocol/scenes.js'
import { SceneAction } from '../remote/scene-section.js'
import { requireNetwork } from '../world/inbound-queue.js'
import { requireOpen } from './ownership.js'
import type { LoadedScene } from '../world/scene-events.js'
import type { SceneLoader } from '../world/scene-runner.js'
import type { ServerPeer } from '../world/server/server-peer.js'
import { changeAllScenes, changeScenesOf } from '../world/server/change-scenes.js'
import type { ServerState } from '../world/server/server-state.js'
import { isHost, type SideOptions } from '../world/host/sides.js'
import { type NetworkWorld, serverRole, type ServerWorld } from '../world/state.js'

/** Whose scenes change: everyone's, also of who joins later; one connection's; or those of a list. */
export type SceneTarget = number | 'all' | Iterable<number>

/** Options of {@link changeScene}, {@link loadScene} and {@link unloadScene}. */
export interface SceneOptions {
  /** Default `'all'`. Scenes of single connections are theirs alone, and the server's own loader is not asked for them. */
  to?: SceneTarget
}

/** The arguments of a scene, which may be left out when none is required, and options. */
export type SceneArguments<S extends Schema> = CallArguments<S, [options?: SceneOptions]>

/**
 * Changes the scene (Mirror's ServerChangeScene): those addressed lose `Ready`, get `Loading`, unload what they have, load
 * `scene`, and are made ready again, once the server has loaded too. What is sent to them meanwhile waits, in order.
 * Entities that `setScene` gave to a scene of the world that ends are despawned; all others stay.
 *
 * @throws UsageError when the scene is not listed, or `to` names no open connection.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function changeScene<S extends Schema>(
  world: ServerWorld,
  scene: Scene<S>,
  ...[args, options]: SceneArguments<S>
): void {
  change(serverRole(world), SceneAction.Replace, scene, args, options)
}

/**
 * Adds a scene to those that are loaded (an additive scene of Mirror). Those addressed get `Loading` and stay `Ready`; what
 * is sent to them waits until they have loaded.
 *
 * @throws UsageError when the scene is not listed, is loaded already, or `to` names no open connection.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function loadScene<S extends Schema>(
  world: ServerWorld,
  scene: Scene<S>,
  ...[args, options]: SceneArguments<S>
): void {
  const role = serverRole(world)
  requireLoaded(role, scene, options, false)
  change(role, SceneAction.Load, scene, args, options)
}

/**
 * Ends one scene and leaves the others. Those addressed get `Loading` and stay `Ready`; what is sent to them waits until
 * they have unloaded it.
 *
 * @throws UsageError when the scene is not listed, is not loaded, or `to` names no open connection.
 */
export function unloadScene(world: ServerWorld, scene: Scene, options?: SceneOptions): void {
  const role = serverRole(world)
  requireLoaded(role, scene, options, true)
  change(role, SceneAction.Unload, scene, undefined, options)
}

/**
 * The scenes that are loaded or being loaded, in their order: on the server those of the world, or of one connection; on a
 * client its own. In a host's world those of the side whose systems run, or of `side`; the server's when neither says.
 *
 * @throws UsageError when the world has no network, or `connection` is not an open connection of this server.
 */
export function scenesOf(world: NetworkWorld, connection?: number, { side }: SideOptions = {}): LoadedScene[] {
  const network = requireNetwork(world)
  const { server, client } = network
  if (connection !== undefined) return [...(findPeer(serverRole(world), connection)?.scenes.current ?? [])]
  const ofServer = client === undefined || (server !== undefined && (side ?? network.side) !== 'client')
  return [...(ofServer ? server!.scenes.current : client.scenes.current)]
}

/**
 * Makes a networked entity part of a scene of the world: it is despawned when that scene ends for everyone. An entity is
 * part of one scene at a time; `undefined` makes it stay whatever scene is played, as entities do by default.
 *
 * @throws UsageError when the entity is not networked, or the scene is not one of the world.
 */
export function setScene(world: ServerWorld, entity: number, scene: Scene | undefined): void {
  const { replication, scenes, protocol } = serverRole(world)
  const netId = replication.entities.netIdOf(entity)
  if (netId === 0 && replication.isSlotless(entity)) return
  if (netId === 0 || !hasComponent(world, entity, Networked)) {
    throw new UsageError('not-networked', `entity ${entity} is not networked: add Networked first`)
  }
  if (scene === undefined) return scenes.members.delete(netId)
  const id = requireId(protocol, scene)
  if (!scenes.current.some((one) => one.scene === scene)) {
    const name = protocol.sceneNames[id]!
    throw new UsageError('scene-not-loaded', `${name} is not a scene of the world: change to it, or load it, first`)
  }
  scenes.members.add(netId, id)
}

/**
 * Says how this side loads and unloads scenes; without a loader they load at once. `undefined` takes it away. The loader is
 * called from the tick, one scene at a time, and what it returns is awaited. In one that throws or rejects the change has
 * failed: `NetworkErrors` says so as `scene-failed`; a client is closed for it, and on the server everyone stays `Loading`
 * until the game changes scenes again. In a host's world it is the loader of the side whose systems run, or of `side`; of
 * both, each with a `side` of its own, when neither says.
 *
 * @throws UsageError when the world has no network.
 */
export function setSceneLoader(
  world: NetworkWorld,
  loader: SceneLoader | undefined,
  { side: asked }: SideOptions = {},
): void {
  const network = requireNetwork(world)
  const side = isHost(network) ? (asked ?? network.side) : undefined
  if (network.server !== undefined && side !== 'client') network.server.scenes.runner.loader = loader
  if (network.client !== undefined && side !== 'server') network.client.scenes.runner.loader = loader
}

function change(
  role: ServerState,
  action: SceneAction,
  scene: Scene,
  args: Readonly<Record<string, unknown>> = {},
  { to = 'all' }: SceneOptions = {},
): void {
  const id = requireId(role.protocol, scene)
  if (action !== SceneAction.Unload) scene.codec.check(args)
  if (to === 'all') changeAllScenes(role, action, id, args)
  else changeScenesOf(role, peersOf(role, to), action, id, args)
}

/** Whether the scene is loaded is asked of the world, or of the one connection; in a list each is passed over by itself. */
function requireLoaded(role: ServerState, scene: Scene, { to = 'all' }: SceneOptions = {}, wanted: boolean): void {
  const id = requireId(role.protocol, scene)
  if (to !== 'all' && typeof to !== 'number') return
  const loaded = typeof to === 'number' ? findPeer(role, to)?.scenes.current : role.scenes.current
  if (loaded === undefined || loaded.some((one) => one.scene === scene) === wanted) return
  const name = role.protocol.sceneNames[id]!
  if (wanted) throw new UsageError('scene-not-loaded', `${name} is not loaded: nothing to unload`)
  throw new UsageError('scene-loaded', `${name} is loaded already: unload it first, or change to it`)
}

function requireId(protocol: Protocol, scene: Scene): number {
  const id = protocol.sceneList.indexOf(scene)
  if (id >= 0) return id
  throw new UsageError('not-listed', 'this scene is not listed in the protocol of this world; add it under scenes')
}

/**
 * Undefined for a connection that has ended in this tick.
 *
 * @throws UsageError when it is no connection.
 */
function findPeer(role: ServerState, connection: number): ServerPeer | undefined {
  requireOpen(role, connection)
  return role.peerOfConnection.get(connection)
}

/** A list that was made earlier may name who has left since: those are passed over. */
function peersOf(role: ServerState, to: Exclude<SceneTarget, 'all'>): ServerPeer[] {
  if (typeof to === 'number') {
    const peer = findPeer(role, to)
    return peer === undefined ? [] : [peer]
  }
  if (typeof to === 'string') {
    throw new UsageError('no-target', `to is 'all', a connection or a list, got '${String(to)}'`)
  }
  const peers: ServerPeer[] = []
  for (const connection of new Set(to)) {
    const peer = role.peerOfConnection.get(connection)
    if (peer !== undefined) peers.push(peer)
    else if (!hasComponent(role.world, connection, Connection)) role.counters.unsentCalls++
  }
  return peers
}
