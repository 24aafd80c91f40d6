// Sets spawn keys, which let a client match its own entity with the server's.
import { requireNetwork } from '../world/inbound-queue.js'
import { entityExists, hasComponent } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { utf8Length } from '../protocol/bytes.js'
import { ArgumentError, UsageError } from '../protocol/errors.js'
import { MAX_SPAWN_KEY_BYTES } from '../protocol/limits.js'
import { checkInteger, checkOneOf } from '../protocol/check-options.js'
import { type ClientState, isShownOpen, serverTick } from '../world/client/client-state.js'
import type { ServerState } from '../world/server/server-state.js'
import { resolveSide } from '../world/host/sides.js'
import { clientState, type ClientWorld, networkOf, type NetworkWorld, type ServerWorld } from '../world/state.js'

/** Options of {@link setSpawnKey} on a server. */
export interface ServerSpawnKeyOptions {
  /**
   * What the key is for.
   *
   * - `scene`, the default: entities of clients' scenes match it. When the entity ends, every client is notified, also
   *   those that it is hidden from, and, for the last 1,024 such entities, clients that join later.
   * - `predicted`: only the client that predicted the entity has the key, so no other client is notified.
   */
  kind?: 'scene' | 'predicted'
}

/** Options of {@link setSpawnKey} on a client. */
export interface SpawnKeyOptions {
  /**
   * What the key is for.
   *
   * - `scene`, the default: the entity belongs to the client's scene. It becomes the server's entity whenever that
   *   spawns here. When that is hidden or the connection ends, it loses `Networked` and lives on, to be matched again.
   *   When the server destroys it, it is removed, also when it was hidden. If it had ended before this client joined,
   *   it is removed in the first frame after both.
   * - `predicted`: the client made the entity before the server did. It is matched once and is an ordinary networked
   *   entity from then on.
   */
  kind?: 'scene' | 'predicted'
  /**
   * Server ticks that a predicted entity waits. Then, or when the connection ends, `drain(world, UnmatchedSpawns)`
   * yields it, and it is removed before the next frame, unless the game removed `Predicted` from it. Default 60.
   */
  waitTicks?: number
}

/**
 * Gives an entity a key, 1 to 64 bytes of text, by which both sides know it before it has spawned.
 *
 * On the server, the entity's spawn carries the key to every client. No two entities have the same key at a time. Set
 * it before the spawn is sent: before `Networked` is added, or in the same tick. A key that a client has chosen may be
 * taken, so ask `entityOfKey` first. Include the client's number in the key, so that no client can claim another's.
 *
 * On a client, a local entity claims the key: the server's entity with that key spawns on this entity instead of a new
 * one. It gets the values of the server's entity, and its replicated components: those that the server's entity lacks
 * are removed. A `scene` entity may be made after the spawn. Then the copy that was made for the spawn ends, with the
 * reason `replaced`, and everything of it begins on this entity.
 *
 * In a host's world the code of the client's side claims the key. The server's entity, which is in the same world,
 * replaces the client's: that is removed when the client begins to observe the server's.
 *
 * @throws UsageError when there is no such entity or it is a connection; when another entity has the key; on the server
 * when the entity has been sent to clients already; on a client when it is networked or has another key, or it is
 * `predicted` and the client is not connected; in a host's world when nothing says which side is meant.
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
  if (network !== undefined && server !== undefined && resolveSide(network, 'setSpawnKey') === 'server') {
    requireUnspawned(server, entity, 'setSpawnKey')
    requireFreeKey(server.replication.origins.entityOf(key), entity, key)
    server.replication.origins.setKey(entity, key, kind === 'predicted')
    return
  }
  const client = clientState(world)
  checkInteger('waitTicks', waitTicks, 1)
  claim(client, entity, key, kind, waitTicks)
}

/** The entity of this world with a spawn key, or 0. On a client also its own entity that still waits for a spawn. */
export function entityOfKey(world: NetworkWorld, key: string): number {
  const { server, client } = requireNetwork(world)
  return server?.replication.origins.entityOf(key) || client?.replication.entityOfKey(key) || 0
}

function claim(client: ClientState, entity: number, key: string, kind: 'scene' | 'predicted', waitTicks: number): void {
  const { locals } = client.replication
  if (client.entities.netIdOf(entity) !== 0) {
    throw new UsageError('networked', `setSpawnKey: entity ${entity} is the server's; give the key to one of your own`)
  }
  const former = locals.keyOf(entity)
  if (former !== undefined) {
    throw new UsageError('has-key', `setSpawnKey: entity ${entity} has the key ${JSON.stringify(former)} already`)
  }
  if (kind === 'scene') {
    requireFreeKey(locals.entityOf(key), entity, key)
    client.replication.claimKey(entity, key)
    return
  }
  requireFreeKey(client.replication.entityOfKey(key), entity, key)
  if (!isShownOpen(client)) {
    throw new UsageError('not-connected', 'a predicted entity needs a connection: await connect(world, …) first')
  }
  locals.add(entity, key, serverTick(client) + waitTicks)
}

/** @throws UsageError when the kind of a key is invalid. */
export function checkKeyKind(name: string, kind: unknown): void {
  checkOneOf(name, kind, ['scene', 'predicted'])
}

/** @throws ArgumentError when the text is not a valid key. */
export function requireKey(key: string): void {
  if (typeof key !== 'string') throw new ArgumentError('key', `must be a text, got ${String(key)}`)
  const bytes = utf8Length(key)
  if (bytes === 0 || bytes > MAX_SPAWN_KEY_BYTES) {
    throw new ArgumentError('key', `must take 1 to ${MAX_SPAWN_KEY_BYTES} bytes, takes ${bytes}`)
  }
}

/** @throws UsageError when another entity than `entity` has the key. */
export function requireFreeKey(holder: number, entity: number, key: string): void {
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
 * A spawn is sent once, so everything that it contains must be set before.
 *
 * @throws UsageError when the entity has been sent to clients.
 */
export function requireUnspawned(server: ServerState, entity: number, verb: string): void {
  const { entities } = server.replication
  const slot = entities.slotOfEntity(entity)
  if (slot !== 0 && entities.spawned[slot] === 1) {
    throw new UsageError(
      'already-spawned',
      `${verb}: clients know entity ${entity} already; call it before Networked is added, or in the same tick`,
    )
  }
}
