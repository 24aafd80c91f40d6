// Defines the policy of rooms: an entity is in one, a client in any number. Scenes, matches and teams are rooms.
import { UsageError } from '../../protocol/errors.js'

/** Options of {@link rooms}. */
export interface RoomsOptions {
  /** Whether an entity that is in no room is seen by everyone, or by nobody. Default `everyone`. */
  unplaced?: 'everyone' | 'nobody'
}

/** A policy made by {@link rooms}: it stands for its rooms in `setRoom`, `joinRoom` and `leaveRoom`. */
export interface RoomsPolicy {
  readonly kind: 'rooms'
  readonly unplaced: 'everyone' | 'nobody'
}

/** The name of a room: a text, or a whole number such as a match's. */
export type RoomName = string | number

/**
 * A client sees the entities in its rooms: `setRoom` puts an entity into a room, `joinRoom` adds a connection to
 * another. Use several policies with `allOf` where rooms mean different things, such as matches and teams.
 *
 * @throws UsageError when an option is out of range.
 */
export function rooms(options: RoomsOptions = {}): RoomsPolicy {
  const { unplaced = 'everyone' } = options
  requireUnplaced(unplaced)
  return { kind: 'rooms', unplaced }
}

export function requireUnplaced(unplaced: unknown): void {
  if (unplaced === 'everyone' || unplaced === 'nobody') return
  throw new UsageError('bad-option', `unplaced is 'everyone' or 'nobody', got ${String(unplaced)}`)
}
