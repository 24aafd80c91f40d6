// Sets the policy that decides what each client observes, rooms, viewpoints, and entities that are always shown or
// hidden.
import type { World } from 'bitecs'
import { UsageError } from '../protocol/errors.js'
import type { GridPolicy } from '../replication/interest/grid-policy.js'
import { GridLeaf, type Viewpoint } from '../replication/interest/grid.js'
import { type InterestPolicy, type PredicatePolicy, requirePolicy } from '../replication/interest/policies.js'
import type { RoomName, RoomsPolicy } from '../replication/interest/rooms-policy.js'
import { RoomsLeaf } from '../replication/interest/rooms.js'
import { checkInteger } from '../protocol/check-options.js'
import { MAX_NAME_LENGTH } from './groups.js'
import { requireSlot } from './ownership.js'
import type { ServerPeer } from '../world/server/server-peer.js'
import { serverState, type ServerWorld } from '../world/state.js'
import { isAuthenticating, requireConnection } from '../world/targets.js'

/** Options of {@link predicate}. */
export interface PredicateOptions {
  /** Ticks after which the same pair is checked again; at least 1. Default 5. */
  interval?: number
}

export type { Viewpoint } from '../replication/interest/grid.js'

/**
 * Replaces the policy that decides which entities each client observes. The differences are spawned and despawned in
 * this tick. A `rooms()` or `grid()` that both policies contain keeps its rooms and viewpoints.
 *
 * @throws UsageError when it is not a policy.
 */
export function setInterest(world: ServerWorld, policy: InterestPolicy): void {
  requirePolicy(policy)
  serverState(world).replication.visibility.setPolicy(policy)
}

/**
 * A policy of the game's own: `isVisible` decides whether a connection sees an entity. It runs when a connection or
 * entity is added, and again every `interval` ticks, for each client and each entity that the other policies leave
 * open. To keep these few, combine it with other policies: `allOf(grid({ … }), predicate(isLit))`. Changes of the
 * entities that it shows are encoded for each client separately. It must not change anything. If it throws, the pair
 * stays as it was, and the error is reported once.
 *
 * @throws UsageError when `isVisible` is not a function, or an option is out of range.
 */
export function predicate(
  isVisible: (world: ServerWorld, connection: number, entity: number) => boolean,
  options: PredicateOptions = {},
): PredicatePolicy {
  const { interval = 5 } = options
  if (typeof isVisible !== 'function') {
    throw new UsageError('bad-option', 'predicate: the first argument is a function of world, connection and entity')
  }
  checkInteger('interval', interval, 1)
  const decide = isVisible as (world: World, connection: number, entity: number) => boolean
  return { kind: 'predicate', isVisible: decide, interval }
}

/**
 * Moves a networked entity from its room to another, or with `undefined` to none. When the world's policy has several
 * `rooms()`, `policy` selects one.
 *
 * @throws UsageError when the entity is not networked, or the world's policy has no such rooms. Also when the room's
 * name is not a text of 1 to 64 characters or a whole number.
 */
export function setRoom(world: ServerWorld, entity: number, room: RoomName | undefined, policy?: RoomsPolicy): void {
  const leaf = roomsLeaf(world, policy)
  const slot = requireSlot(serverState(world), entity)
  if (room !== undefined) requireRoom(room)
  if (slot !== 0) leaf.assign(slot, room)
}

/**
 * The room that a networked entity is in, or `undefined`.
 *
 * @throws UsageError when the entity is not networked, or the world's policy has no such rooms.
 */
export function roomOf(world: ServerWorld, entity: number, policy?: RoomsPolicy): RoomName | undefined {
  const leaf = roomsLeaf(world, policy)
  const slot = requireSlot(serverState(world), entity)
  return slot === 0 ? undefined : leaf.roomOf(slot)
}

/**
 * Lets a connection see the entities of a room, in addition to the rooms that it is in. It leaves them all when it
 * ends.
 *
 * @throws UsageError when the entity is no connection or is still being authenticated, or the world's policy has no
 * such rooms. Also when the room's name is not a text of 1 to 64 characters or a whole number.
 */
export function joinRoom(world: ServerWorld, connection: number, room: RoomName, policy?: RoomsPolicy): void {
  const leaf = roomsLeaf(world, policy)
  requireRoom(room)
  const peer = requirePeer(world, connection)
  if (peer !== undefined) leaf.enter(connection, peer.observer, room)
}

/**
 * Takes a connection out of a room. Does nothing if it is not in it.
 *
 * @throws UsageError as {@link joinRoom} does.
 */
export function leaveRoom(world: ServerWorld, connection: number, room: RoomName, policy?: RoomsPolicy): void {
  const leaf = roomsLeaf(world, policy)
  requireRoom(room)
  const peer = requirePeer(world, connection)
  if (peer !== undefined) leaf.exit(connection, peer.observer, room)
}

/**
 * The rooms of a connection, in the order in which it joined them.
 *
 * @throws UsageError when the world's policy has no such rooms.
 */
export function roomsOf(world: ServerWorld, connection: number, policy?: RoomsPolicy): RoomName[] {
  return roomsLeaf(world, policy).roomsOf(connection)
}

/**
 * Sets the centre of a connection's view, for the grids of the policy. `policy` selects one `grid()`; default: all.
 *
 * - An entity with a position, networked or not: the view follows it. When it ends or loses its position, its last
 *   place stays in view.
 * - A place: an array of its coordinates in the order of the grid's axes.
 * - `undefined`: the connection's player again.
 *
 * @throws UsageError when the entity is no connection or is still being authenticated, or the world's policy has no
 * such grid. Also when a place does not have one finite coordinate for each axis of the grid.
 */
export function setViewpoint(
  world: ServerWorld,
  connection: number,
  viewpoint: Viewpoint | undefined,
  policy?: GridPolicy,
): void {
  const leaves = gridLeaves(world, policy)
  const place = typeof viewpoint === 'object' ? [...viewpoint] : undefined
  for (const leaf of leaves) if (place !== undefined) requirePlace(place, leaf.policy)
  if (requirePeer(world, connection) === undefined) return
  for (const leaf of leaves) leaf.look(connection, place ?? viewpoint)
}

/**
 * Shows a networked entity to a connection, or to `'all'`, regardless of the policy, until `resetVisibility`. A
 * decision for one connection takes precedence over one for `'all'`; a later decision for `'all'` cancels earlier ones
 * for single connections.
 *
 * @throws UsageError when the entity is not networked, or the other no connection.
 */
export function showTo(world: ServerWorld, entity: number, connection: number | 'all'): void {
  force(world, entity, connection, true)
}

/**
 * Hides a networked entity from a connection, or from `'all'`, regardless of the policy, until `resetVisibility`. Its
 * owner still sees it. While it is hidden from single connections, its changes are encoded separately for each of the
 * others.
 *
 * @throws UsageError when the entity is not networked, or the other no connection.
 */
export function hideFrom(world: ServerWorld, entity: number, connection: number | 'all'): void {
  force(world, entity, connection, false)
}

/**
 * Lets the policy decide again whether a connection sees a networked entity, or, for `'all'` (the default), whether
 * anyone does.
 *
 * @throws UsageError when the entity is not networked, or the other no connection.
 */
export function resetVisibility(world: ServerWorld, entity: number, connection: number | 'all' = 'all'): void {
  force(world, entity, connection, undefined)
}

function force(world: ServerWorld, entity: number, connection: number | 'all', shown: boolean | undefined): void {
  const server = serverState(world)
  const slot = requireSlot(server, entity)
  if (slot === 0) return
  if (connection === 'all') server.replication.visibility.forceAll(slot, shown)
  else if (requirePeer(world, connection) !== undefined) server.replication.visibility.force(slot, connection, shown)
}

/** The peer of a connection; `undefined` for one that has just ended, which exists for the systems of one more tick. */
function requirePeer(world: ServerWorld, connection: number): ServerPeer | undefined {
  const server = serverState(world)
  requireConnection(world, connection)
  if (isAuthenticating(server, connection)) {
    const text = `connection ${connection} is still being authenticated: wait until it has Connected`
    throw new UsageError('not-authenticated', text)
  }
  return server.peerOfConnection.get(connection)
}

function roomsLeaf(world: ServerWorld, policy: RoomsPolicy | undefined): RoomsLeaf {
  const found = serverState(world).replication.visibility.cells.filter((leaf) => {
    return leaf instanceof RoomsLeaf && (policy === undefined || leaf.policy === policy)
  })
  if (found.length === 1) return found[0] as RoomsLeaf
  const text =
    found.length === 0
      ? 'the policy of this world has no such rooms: set one with setInterest(world, rooms())'
      : 'the policy of this world has several rooms(): name the one that is meant in the last argument'
  throw new UsageError('no-rooms', text)
}

function gridLeaves(world: ServerWorld, policy: GridPolicy | undefined): GridLeaf[] {
  const found: GridLeaf[] = []
  for (const leaf of serverState(world).replication.visibility.cells) {
    if (leaf instanceof GridLeaf && (policy === undefined || leaf.policy === policy)) found.push(leaf)
  }
  if (found.length > 0) return found
  throw new UsageError(
    'no-grid',
    'the policy of this world has no such grid: set one with setInterest(world, grid({ … }))',
  )
}

function requirePlace(place: readonly number[], { axes }: GridPolicy): void {
  if (place.length === axes.length && place.every((value) => Number.isFinite(value))) return
  const text = `a place is an array of ${axes.length} finite numbers, ${axes.join(', ')}; got [${place.join(', ')}]`
  throw new UsageError('bad-place', text)
}

function requireRoom(room: RoomName): void {
  if (typeof room === 'string' ? room.length >= 1 && room.length <= MAX_NAME_LENGTH : Number.isSafeInteger(room)) return
  const got = typeof room === 'string' ? `a text of ${room.length}` : String(room)
  const text = `the name of a room is a text of 1 to ${MAX_NAME_LENGTH} characters, or a whole number, got ${got}`
  throw new UsageError('bad-room', text)
}
