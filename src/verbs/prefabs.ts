// Spawns entities of prefabs on the server, and builds their local side on a client.
import { requireNetwork } from '../world/inbound-queue.js'
import { addComponent } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import type { Prefab } from '../protocol/prefab.js'
import type { Protocol } from '../protocol/protocol.js'
import type { CallArguments, Infer, Schema } from '../protocol/types/schema.js'
import { heldIdsOf } from '../replication/held-ids.js'
import type { BuildHook } from '../replication/client/prefab-instances.js'
import { requireOpen, setOwner, type SetOwnerOptions } from './ownership.js'
import { checkKeyKind, requireEntity, requireFreeKey, requireKey, requireUnspawned } from './spawn-keys.js'
import type { HandleOptions } from './handle.js'
import { clientState, type ClientWorld, type NetworkWorld, serverState, type ServerWorld } from '../world/state.js'

/** Options of {@link spawn}. */
export interface SpawnOptions extends SetOwnerOptions {
  /** The connection that owns it. Default: none. `onLeave` says what happens to it when that connection ends. */
  owner?: number
  /** The entity's spawn key, see `setSpawnKey`. Default: none. */
  key?: string
  /** What the key is for; see `setSpawnKey`. Default `scene`. */
  keyKind?: 'scene' | 'predicted'
  /** Writes the entity's values. Runs when it has the prefab's components and is not networked yet. */
  set?: (entity: number) => void
}

/** The arguments after the prefab in {@link spawn}: the payload, which is optional where all of its fields are. */
export type SpawnArguments<S extends Schema> = CallArguments<S, [options?: SpawnOptions]>

/** The arguments after the prefab in {@link usePrefab}. */
export type PayloadArgument<S extends Schema> = CallArguments<S>

/** An entity of a prefab that has spawned on a client. */
export interface Spawned<S extends Schema> {
  readonly entity: number
  /** The payload of its spawn. Unlike the arguments of a call, it may be kept. */
  readonly args: Readonly<Infer<S>>
}

/**
 * Spawns an entity of a prefab on the server: a new entity gets the prefab's components, then `options.set` writes its
 * values, then it gets `Networked`, then its owner. It is sent with this tick's `serverSend`. Returns the entity.
 *
 * If anything throws, `set` included, no entity is left.
 *
 * @throws UsageError when the protocol does not list the prefab, `owner` is not an open connection, another entity has
 * the key, or `keyKind` is invalid.
 * @throws ArgumentError when the payload or the key cannot be represented; it names the field.
 */
export function spawn<S extends Schema>(
  world: ServerWorld,
  prefab: Prefab<S>,
  ...[payload, options = {}]: SpawnArguments<S>
): number {
  const server = serverState(world)
  const id = requirePrefab(server.protocol, prefab)
  prefab.codec.check(payload ?? {})
  const { owner = 0, key, keyKind, set, ...ownerOptions } = options
  checkKeyKind('keyKind', keyKind)
  if (owner !== 0) requireOpen(server, owner)
  if (key !== undefined) {
    requireKey(key)
    requireFreeKey(server.replication.origins.entityOf(key), 0, key)
  }
  const held = heldIdsOf(world)
  const entity = held.add()
  try {
    for (const component of prefab.components) addComponent(world, entity, component)
    server.replication.origins.setPrefab(entity, id, payload ?? {})
    if (key !== undefined) server.replication.origins.setKey(entity, key, keyKind === 'predicted')
    set?.(entity)
    addComponent(world, entity, Networked)
    if (owner !== 0) setOwner(world, entity, owner, ownerOptions)
  } catch (error) {
    held.remove(entity)
    throw error
  }
  return entity
}

/**
 * Makes an entity of the server one of a prefab: it gets those of the prefab's components that it lacks, and its spawn
 * names the prefab. Call it before the spawn is sent: before `Networked` is added, or in the same tick.
 *
 * @throws UsageError when the protocol does not list the prefab, there is no such entity, it is a connection, or it has
 * been sent to clients already.
 * @throws ArgumentError when the payload cannot be represented; it names the field.
 */
export function usePrefab<S extends Schema>(
  world: ServerWorld,
  entity: number,
  prefab: Prefab<S>,
  ...[payload]: PayloadArgument<S>
): void {
  const server = serverState(world)
  const id = requirePrefab(server.protocol, prefab)
  prefab.codec.check(payload ?? {})
  requireEntity(world, entity, 'usePrefab')
  requireUnspawned(server, entity, 'usePrefab')
  for (const component of prefab.components) addComponent(world, entity, component)
  server.replication.origins.setPrefab(entity, id, payload ?? {})
}

/**
 * Builds the local side of every entity of a prefab on a client: its sprite, its body.
 *
 * `build` runs when the entity has its components and values, but not `Networked` yet. The function that it returns
 * runs when `Networked` has been removed and the components and values are still there. Both run for spawns and for
 * entities that the client starts to observe, and for every kind of end: destroyed, hidden, or disconnected. A hook
 * that throws is reported in `NetworkErrors` and stops nothing.
 *
 * In a host's world the entity is the server's. `build` runs when the own client starts to observe it, with `Networked`
 * already there, and the teardown runs while `Networked` is being removed.
 *
 * Each prefab has one hook per world. A hook set late builds the entities that live already. Returns a function that
 * removes the hook and tears down what it has built. As with `handle`, a new hook replaces the old, which tears down
 * what it has built, and `NetworkErrors` has `handler-replaced`, unless `replace` is true.
 *
 * @throws UsageError when the protocol does not list the prefab.
 */
export function onSpawn<S extends Schema>(
  world: ClientWorld,
  prefab: Prefab<S>,
  build: (spawned: Spawned<S>) => (() => void) | void,
  { replace = false }: HandleOptions = {},
): () => void {
  const { errors, protocol, replication } = clientState(world)
  const id = requirePrefab(protocol, prefab)
  const { prefabs } = replication.copies
  if (prefabs.hasHook(id) && !replace) {
    const name = protocol.prefabNames[id]!
    const text = `${name} had a hook, which another has replaced; with { replace: true } that is meant`
    errors.push('handler-replaced', text, { name })
  }
  // A separate function for each call of this verb: removing a hook must not remove a later one, even if it is the
  // same.
  return prefabs.hook(id, (spawned) => (build as unknown as BuildHook)(spawned))
}

/**
 * The prefab of a networked entity, or undefined when it has none. On the server also before the entity is networked.
 */
export function prefabOf(world: NetworkWorld, entity: number): Prefab | undefined {
  const { server, client } = requireNetwork(world)
  if (server !== undefined) return server.protocol.prefabList[server.replication.origins.of(entity).prefab]
  return client!.protocol.prefabList[client!.replication.copies.prefabs.of(entity)]
}

function requirePrefab(protocol: Protocol, prefab: Prefab): number {
  const id = protocol.prefabIds.get(prefab)
  if (id === undefined) {
    throw new UsageError(
      'not-listed',
      'this prefab is not listed in the protocol of this world; add it to prefabs of defineProtocol',
    )
  }
  return id
}
