// Saves a world to bytes and loads it again, as "bitecs-net/saves".
export { SaveError } from './protocol/errors.js'
export {
  type LoadedOwner,
  type LoadedWorld,
  type LoadOptions,
  loadWorld,
  type SavedComponent,
  type SavedOrigin,
  type SavedOwner,
  type SavedPair,
  type SavedWorld,
  type SaveOptions,
  saveWorld,
} from './verbs/save.js'
