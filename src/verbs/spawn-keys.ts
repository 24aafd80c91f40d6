// The verbs of spawn keys: which entity of a client stands for which of the server, before it has spawned.
import { entityExists, hasComponent } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { utf8Length } from '../protocol/bytes.js'
import { ArgumentError, UsageError } from '../protocol/errors.js'
import { MAX_SPAWN_KEY_BYTES } from '../protocol/limits.js'
import { checkInteger, checkOneOf } from '../world/check-options.js'
import { type ClientState, isShownOpen, serverTick } from '../world/client/client-state.js'
import type { ServerState } from '../world/server/server-state.js'
import { sideOf } from '../world/host/sides.js'
import { clientRole, type ClientWorld, networkOf, type NetworkWorld, type ServerWorld } from '../world/state.js'

/** Options of {@link setSpawnKey} on a server. */
export interface ServerSpawnKeyOptions {
  /**
   * `scene`, the default: entities of clients' scenes may stand for it. When it ends, every client is told, also those that
   * it is hidden from, and, of the last 1,024, those that join later. `predicted`: only whoever made it ahead has
   * the key, so that nobody else need be told.
   */
  kind?: 'scene' | 'predicted'
}

/** Options of {@link setSpawnKey} on a client. */
export interface SpawnKeyOptions {
  /**
   * `scene`, the default: the entity belongs to the client's scene. It stands for the server's entity whenever that is
   * spawned here; when that is hidden or the connection ends it loses `Networked` and lives on, to be matched again; when
   * the server destroys it, it is removed, also when it was hidden, or had ended before this client came: then with its
   * first frame after both. `predicted`: the entity was made ahead of the server's. It is matched once and
   * is an ordinary networked entity from then on.
   */
  kind?: 'scene' | 'predicted'
  /**
   * Ticks of the server that a predicted entity waits. Then, or when the connection ends, it is told in
   * `drain(world, UnmatchedSpawns)` and removed before the next frame, unless `Predicted` was taken from it. Default 60.
   */
  waitTicks?: number
}

/**
 * Gives an entity a key, 1 to 64 bytes of text, by which both sides know it before it has spawned.
 *
 * On the server, the entity's spawn carries the key, to every client; no two entities have the same one at a time. Set it
 * before the spawn leaves: before `Networked` is added, or in the same tick. A key that a client has chosen may be taken:
 * ask `entityOfKey` first, and let it hold the client's number, so that no client can claim another's.
 *
 * On a client, a local entity claims the key: the server's spawn with it begins on this entity instead of a new one. The
 * values become the server's, and so do the replicated components: those that the server's entity has not are removed. A
 * `scene` entity may come after the spawn: then the copy that was made for it ends, with the reason `replaced`, and
 * everything of it begins on this entity.
 *
 * In a host's world the code of the client's side claims the key: its entity gives way to the server's, which is in the same
 * world: it is removed when the client begins to see that one.
 *
 * @throws UsageError when there is no such entity or it is a connection; when another entity has the key; on the server when
 * clients have been told of the entity already; on a client when it is networked or has another key, or it is `predicted`
 * and the client is not connected; in a host's world when nothing says which side is meant.
 * @throws ArgumentError when the key is empty, or longer than 64 bytes of UTF-8.
 */
export function setSpawnKey(world: ServerWorld, entity: number, key: string, options?: ServerSpawnKeyOptions): void
export function setSpawnKey(world: ClientWorld, entity: number, key: string, options?: SpawnKeyOptions): void
export function setSpawnKey(
  world: NetworkWorld,
  entity: number,
  key: string,
  { kind = 'scene', waitTicks = 60 }: SpawnKeyOptions = {},
): void {
  requireKey(key)
  requireEntity(world, entity, 'setSpawnKey')
  checkKeyKind('kind', kind)
  const network = networkOf(world)
  const { server } = network ?? {}
  if (network !== undefined && server !== undefined && sideOf(network, 'setSpawnKey') === 'server') {
    requireUnspawned(server, entity, 'setSpawnKey')
    requireFree(server.replication.origins.entityOf(key), entity, key)
    server.replication.origins.setKey(entity, key, kind === 'predicted')
    return
  }
  const role = clientRole(world)
  checkInteger('waitTicks', waitTicks, 1)
  claim(role, entity, key, kind, waitTicks)
}

/** The entity of this world with a spawn key, or 0. On a client also one of its own that still waits. */
export function entityOfKey(world: NetworkWorld, key: string): number {
  const { server, client } = networkOf(world) ?? {}
  if (server === undefined && client === undefined) {
    throw new UsageError('wrong-side', 'this world has no network; make it with createServerWorld')
  }
  return server?.replication.origins.entityOf(key) || client?.replication.entityOfKey(key) || 0
}

function claim(role: ClientState, entity: number, key: string, kind: 'scene' | 'predicted', waitTicks: number): void {
  const { locals } = role.replication
  if (role.entities.netIdOf(entity) !== 0) {
    throw new UsageError('networked', `setSpawnKey: entity ${entity} is the server's; give the key to one of your own`)
  }
  const former = locals.keyOf(entity)
  if (former !== undefined) {
    throw new UsageError('has-key', `setSpawnKey: entity ${entity} has the key ${JSON.stringify(former)} already`)
  }
  if (kind === 'scene') {
    requireFree(locals.entityOf(key), entity, key)
    role.replication.claimKey(entity, key)
    return
  }
  requireFree(role.replication.entityOfKey(key), entity, key)
  if (!isShownOpen(role)) {
    throw new UsageError('not-connected', 'a predicted entity needs a connection: await connect(world, …) first')
  }
  locals.add(entity, key, serverTick(role) + waitTicks)
}

/** @throws UsageError when the kind of a key is none. */
export function checkKeyKind(name: string, kind: unknown): void {
  checkOneOf(name, kind, ['scene', 'predicted'])
}

/** @throws ArgumentError when the text is no key. */
export function requireKey(key: string): void {
  if (typeof key !== 'string') throw new ArgumentError('key', `must be a text, got ${String(key)}`)
  const bytes = utf8Length(key)
  if (bytes === 0 || bytes > MAX_SPAWN_KEY_BYTES) {
    throw new ArgumentError('key', `must take 1 to ${MAX_SPAWN_KEY_BYTES} bytes, takes ${bytes}`)
  }
}

/** @throws UsageError when another entity than `entity` holds the key. */
export function requireFree(holder: number, entity: number, key: string): void {
  if (holder === 0 || holder === entity) return
  throw new UsageError('key-taken', `the key ${JSON.stringify(key)} is entity ${holder}'s; keys are for one at a time`)
}

/** @throws UsageError when there is no such entity, or it is a connection. */
export function requireEntity(world: NetworkWorld, entity: number, verb: string): void {
  if (!entityExists(world, entity)) throw new UsageError('no-entity', `${verb}: there is no entity ${entity}`)
  if (hasComponent(world, entity, Connection)) {
    throw new UsageError('a-connection', `${verb}: entity ${entity} is a connection`)
  }
}

/**
 * What a spawn says of its entity is said once; so it must be known before.
 *
 * @throws UsageError when clients have been told of the entity.
 */
export function requireUnspawned(role: ServerState, entity: number, verb: string): void {
  const { entities } = role.replication
  const slot = entities.slotOfEntity(entity)
  if (slot !== 0 && entities.spawned[slot] === 1) {
    throw new UsageError(
      'already-spawned',
      `${verb}: clients know entity ${entity} already; call it before Networked is added, or in the same tick`,
    )
  }
}
