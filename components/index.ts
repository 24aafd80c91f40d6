// Exports every component that the library adds to a world.
export type { Tag } from './connection.js'
export {
  Authenticating,
  Connected,
  Connection,
  Draining,
  Interrupted,
  Joined,
  Listening,
  Loading,
  LocalConnection,
  Ready,
  Stalled,
} from './connection.js'
export { LocalPlayer, Networked, Owned } from './networked.js'
export { Predicted, SpawnOrigin } from './spawning.js'
