// Saves a world to bytes, and loads it again.
import { hasComponent } from 'bitecs'
import { Connection } from '../../components/connection.js'
import { Networked } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import { string } from '../protocol/types/schema.js'
import { fitSave } from '../replication/save/fit-save.js'
import { readSave } from '../replication/save/read-save.js'
import { restoreWorld } from '../replication/save/restore.js'
import { MAX_OWNER_BYTES } from '../replication/save/save-format.js'
import type { SavedWorld } from '../replication/save/saved-world.js'
import { writeSave } from '../replication/save/write-save.js'
import { checkInteger } from '../protocol/check-options.js'
import { removeWholly } from '../world/server/entity-steps.js'
import type { ServerState } from '../world/server/server-state.js'
import { requireFreeKey } from './spawn-keys.js'
import { serverState, type ServerWorld } from '../world/state.js'

export type { SavedComponent, SavedOrigin, SavedOwner, SavedPair, SavedWorld } from '../replication/save/saved-world.js'

/** Options of {@link saveWorld}. */
export interface SaveOptions {
  /**
   * The game's own version of the save, which a migration can read; a whole number from 0 to 4,294,967,295. Default 0.
   */
  version?: number
  /** The networked entities to save, in this order, each once. Default: all of them. */
  entities?: Iterable<number>
  /**
   * Returns a permanent name for the owner of an entity, up to 256 bytes of UTF-8, such as the user's id: `(connection)
   * => userOf(world, connection).id`. Connections end with the process, so without it loaded entities have no owner.
   * Return undefined for an owner without a name.
   */
  ownerKey?: (connection: number) => string | undefined
}

/** Options of {@link loadWorld}. */
export interface LoadOptions {
  /**
   * Changes the save before it is checked and loaded, so that it fits the current protocol. It gets everything as plain
   * data, by the names of the save. To rename a component, delete it from `components` and set it under its new name.
   * To drop a field, delete it from the component's `fields`. Values that it leaves alone are converted to the current
   * types afterwards, or refused. It runs for every save; check `saved.version` to decide what to change.
   */
  migrate?: (saved: SavedWorld) => void
}

/** The entities of one owner. */
export interface LoadedOwner {
  /** The entity that was its player, or 0. */
  readonly player: number
  /** All entities that it owned, including its player if it owned that. */
  readonly entities: readonly number[]
}

/** The result of {@link loadWorld}. */
export interface LoadedWorld {
  /** The game's own version of the save. */
  readonly version: number
  /** In the order in which they were saved. */
  readonly entities: readonly number[]
  /**
   * By the name that `ownerKey` returned. When its user connects again, give the entities to the connection with
   * `setOwner` and `setPlayer`.
   */
  readonly owners: ReadonlyMap<string, LoadedOwner>
}

const ownerName = string(MAX_OWNER_BYTES)

/**
 * Saves the networked entities of a server's world to bytes: their replicated components and collections, with the
 * values that clients would get, relations, prefabs with their payloads, and spawn keys. References to entities that
 * are not saved become none. Works at any time, also in a system, and in a host's world.
 *
 * @throws UsageError when an option is out of range, or an entity is listed twice or is not networked.
 * @throws ArgumentError when `ownerKey` does not return a text of up to 256 bytes.
 */
export function saveWorld(world: ServerWorld, options: SaveOptions = {}): Uint8Array {
  const server = serverState(world)
  const { version = 0, ownerKey } = options
  checkInteger('version', version, 0, 0xffffffff)
  const entities = options.entities === undefined ? networkedEntities(server) : [...options.entities]
  if (options.entities !== undefined) requireNetworked(server, entities)
  const owners = entities.map((eid) => ownerOf(eid, ownerKey))
  const { entities: netIds, origins } = server.replication
  return writeSave({ world, protocol: server.protocol, netIds, origins, entities, version, owners })
}

/**
 * Adds the entities of a save to a server's world. They are networked, and clients get them with the next tick.
 * Entities that are in the world already stay. Returns the former owners, since connections do not survive the process.
 *
 * The save is matched with the protocol by names. Components and fields that only the protocol has start with zeros.
 * Values are converted to another type if it means the same and can hold them. Any other difference is an error that
 * lists the differences, unless `migrate` resolves it. Calls, messages and scenes are not saved and need not match.
 *
 * It loads all or nothing: if anything throws, an observer of the game included, none of its entities is left.
 *
 * @throws SaveError `not-a-save`, `newer-format`, `corrupt-save`, or `save-mismatch` with `differences`.
 * @throws UsageError when a spawn key is taken, or an array of the game has no room (`store-too-small`).
 */
export function loadWorld(world: ServerWorld, bytes: Uint8Array, { migrate }: LoadOptions = {}): LoadedWorld {
  const server = serverState(world)
  const { protocol, replication } = server
  const { origins } = replication
  const read = readSave(bytes, protocol)
  migrate?.(read.saved)
  const saved = fitSave(read, protocol, migrate !== undefined)
  for (const { key } of saved.origins) if (key !== '') requireFreeKey(origins.entityOf(key), 0, key)
  const remove = (eid: number): void => removeWholly(server, eid)
  const entities = restoreWorld({ world, protocol, origins, remove }, saved)
  return { version: saved.version, entities, owners: ownersOf(saved, entities) }
}

/** In the order of their slots. In a loaded world that is the order of the save. */
function networkedEntities({ replication }: ServerState): number[] {
  const { eidOf, slots } = replication.entities
  const eids: number[] = []
  for (let slot = 1; slot < slots; slot++) if (eidOf[slot] !== 0) eids.push(eidOf[slot]!)
  return eids
}

function requireNetworked({ world, replication }: ServerState, entities: readonly number[]): void {
  const seen = new Set<number>()
  for (const eid of entities) {
    if (replication.entities.netIdOf(eid) === 0 || !hasComponent(world, eid, Networked)) {
      throw new UsageError('not-networked', `saveWorld: entity ${eid} is not networked; add Networked to it`)
    }
    if (seen.has(eid)) throw new UsageError('bad-option', `saveWorld: entity ${eid} is listed twice`)
    seen.add(eid)
  }
}

function ownerOf(eid: number, ownerKey: SaveOptions['ownerKey']): { owner: string; isPlayer: boolean } {
  const connection = Networked.owner[eid]!
  const owner = connection === 0 ? '' : (ownerKey?.(connection) ?? '')
  ownerName.check(owner, 'ownerKey')
  return { owner, isPlayer: owner !== '' && Connection.player[connection] === eid }
}

function ownersOf(saved: SavedWorld, entities: readonly number[]): ReadonlyMap<string, LoadedOwner> {
  const owners = new Map<string, { player: number; entities: number[] }>()
  for (const { entity, owner, isPlayer } of saved.owners) {
    const eid = entities[entity - 1]!
    const of = owners.get(owner) ?? { player: 0, entities: [] }
    owners.set(owner, of)
    of.entities.push(eid)
    if (isPlayer) of.player = eid
  }
  return owners
}
