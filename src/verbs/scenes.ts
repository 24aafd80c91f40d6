// Changes scenes on the server, and loads and lists them on both sides.
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
import { type NetworkWorld, serverState, type ServerWorld } from '../world/state.js'

/** The connections whose scenes change: all, including later ones; one connection; or those of a list. */
export type SceneTarget = number | 'all' | Iterable<number>

/** Options of {@link changeScene}, {@link loadScene} and {@link unloadScene}. */
export interface SceneOptions {
  /**
   * Default `'all'`. Scenes of single connections affect only them, and the server's own loader does not run for them.
   */
  to?: SceneTarget
}

/** The arguments of a scene, which are optional when none is required, and options. */
export type SceneArguments<S extends Schema> = CallArguments<S, [options?: SceneOptions]>

/**
 * Changes the scene (Mirror's ServerChangeScene). The addressed clients lose `Ready`, get `Loading`, unload their
 * scenes and load `scene`. They become ready again once the server has loaded too. Packets to them wait meanwhile, in
 * order. Entities that `setScene` added to a scene of the world are despawned when it ends; all others stay.
 *
 * @throws UsageError when the scene is not listed, or `to` names no open connection.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function changeScene<S extends Schema>(
  world: ServerWorld,
  scene: Scene<S>,
  ...[args, options]: SceneArguments<S>
): void {
  change(serverState(world), SceneAction.Replace, scene, args, options)
}

/**
 * Adds a scene to the loaded ones (an additive scene of Mirror). The addressed clients get `Loading` and stay `Ready`;
 * packets to them wait until they have loaded.
 *
 * @throws UsageError when the scene is not listed, is loaded already, or `to` names no open connection.
 * @throws ArgumentError when an argument cannot be represented; it names the field.
 */
export function loadScene<S extends Schema>(
  world: ServerWorld,
  scene: Scene<S>,
  ...[args, options]: SceneArguments<S>
): void {
  const server = serverState(world)
  requireLoaded(server, scene, options, false)
  change(server, SceneAction.Load, scene, args, options)
}

/**
 * Ends one scene and leaves the others. The addressed clients get `Loading` and stay `Ready`; packets to them wait
 * until they have unloaded it.
 *
 * @throws UsageError when the scene is not listed, is not loaded, or `to` names no open connection.
 */
export function unloadScene(world: ServerWorld, scene: Scene, options?: SceneOptions): void {
  const server = serverState(world)
  requireLoaded(server, scene, options, true)
  change(server, SceneAction.Unload, scene, undefined, options)
}

/**
 * The scenes that are loaded or being loaded, in their order. On the server these are the scenes of the world, or of
 * one connection; on a client its own. In a host's world they are those of `side`, or of the side whose systems run, or
 * of the server.
 *
 * @throws UsageError when the world has no network, or `connection` is not an open connection of this server.
 */
export function scenesOf(world: NetworkWorld, connection?: number, { side }: SideOptions = {}): LoadedScene[] {
  const network = requireNetwork(world)
  const { server, client } = network
  if (connection !== undefined) return [...(findPeer(serverState(world), connection)?.scenes.current ?? [])]
  const ofServer = client === undefined || (server !== undefined && (side ?? network.side) !== 'client')
  return [...(ofServer ? server!.scenes.current : client.scenes.current)]
}

/**
 * Makes a networked entity a member of a scene of the world: it is despawned when that scene ends for everyone. An
 * entity is a member of one scene at a time. With `undefined` it stays in every scene, as entities do by default.
 *
 * @throws UsageError when the entity is not networked, or the scene is not one of the world.
 */
export function setScene(world: ServerWorld, entity: number, scene: Scene | undefined): void {
  const { replication, scenes, protocol } = serverState(world)
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
 * Sets the function that loads and unloads the scenes of this side; without a loader they load at once. `undefined`
 * removes it. The loader runs within the tick, one scene at a time, and its promise is awaited.
 *
 * If it throws or rejects, the change has failed, and `NetworkErrors` has `scene-failed`. The server closes a client
 * that fails. If the server's own loader fails, all clients stay `Loading` until the game changes scenes again.
 *
 * In a host's world it is the loader of `side`, or of the side whose systems run. Without either it serves both sides,
 * each with its own `side`.
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
  server: ServerState,
  action: SceneAction,
  scene: Scene,
  args: Readonly<Record<string, unknown>> = {},
  { to = 'all' }: SceneOptions = {},
): void {
  const id = requireId(server.protocol, scene)
  if (action !== SceneAction.Unload) scene.codec.check(args)
  if (to === 'all') changeAllScenes(server, action, id, args)
  else changeScenesOf(server, peersOf(server, to), action, id, args)
}

/**
 * Checks the world's scenes, or those of one connection. A list is not checked: each of its connections is skipped if
 * it does not have the scene.
 */
function requireLoaded(server: ServerState, scene: Scene, { to = 'all' }: SceneOptions = {}, wanted: boolean): void {
  const id = requireId(server.protocol, scene)
  if (to !== 'all' && typeof to !== 'number') return
  const loaded = typeof to === 'number' ? findPeer(server, to)?.scenes.current : server.scenes.current
  if (loaded === undefined || loaded.some((one) => one.scene === scene) === wanted) return
  const name = server.protocol.sceneNames[id]!
  if (wanted) throw new UsageError('scene-not-loaded', `${name} is not loaded: nothing to unload`)
  throw new UsageError('scene-loaded', `${name} is loaded already: unload it first, or change to it`)
}

function requireId(protocol: Protocol, scene: Scene): number {
  const id = protocol.sceneList.indexOf(scene)
  if (id >= 0) return id
  throw new UsageError('not-listed', 'this scene is not listed in the protocol of this world; add it under scenes')
}

/**
 * Returns undefined for a connection that has ended in this tick.
 *
 * @throws UsageError when it is no connection.
 */
function findPeer(server: ServerState, connection: number): ServerPeer | undefined {
  requireOpen(server, connection)
  return server.peerOfConnection.get(connection)
}

/** A list that was made earlier may name clients that have left since. They are skipped. */
function peersOf(server: ServerState, to: Exclude<SceneTarget, 'all'>): ServerPeer[] {
  if (typeof to === 'number') {
    const peer = findPeer(server, to)
    return peer === undefined ? [] : [peer]
  }
  if (typeof to === 'string') {
    throw new UsageError('no-target', `to is 'all', a connection or a list, got '${String(to)}'`)
  }
  const peers: ServerPeer[] = []
  for (const connection of new Set(to)) {
    const peer = server.peerOfConnection.get(connection)
    if (peer !== undefined) peers.push(peer)
    else if (!hasComponent(server.world, connection, Connection)) server.counters.unsentCalls++
  }
  return peers
}
