// Decides which entities each client sees, and which values go first, as "bitecs-net/interest".
export {
  allOf,
  anyOf,
  type CombinedPolicy,
  everyone,
  type EveryonePolicy,
  type InterestPolicy,
  type PredicatePolicy,
} from './replication/interest/policies.js'
export { type Axis, grid, type GridOptions, type GridPolicy } from './replication/interest/grid-policy.js'
export { type RoomName, rooms, type RoomsOptions, type RoomsPolicy } from './replication/interest/rooms-policy.js'
export type { ObserverEvent, ObserverRemovedEvent } from './replication/server/observer-events.js'
export { setMaxBytesPerSecond, setPriority } from './verbs/budgets.js'
export { ObserversAdded, ObserversRemoved } from './verbs/drain.js'
export {
  hideFrom,
  joinRoom,
  leaveRoom,
  predicate,
  type PredicateOptions,
  resetVisibility,
  roomOf,
  roomsOf,
  setInterest,
  setRoom,
  setViewpoint,
  showTo,
  type Viewpoint,
} from './verbs/interest.js'
export { observersOf } from './verbs/ownership.js'
