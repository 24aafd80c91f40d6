// Spawns entities by prefab, with a payload, hooks and spawn keys, as "bitecs-net/prefabs".
export { definePrefab, type Prefab, type PrefabInput } from './protocol/prefab.js'
export type { UnmatchedSpawn } from './replication/client/local-spawns.js'
export { UnmatchedSpawns } from './verbs/drain.js'
export {
  onSpawn,
  type PayloadArgument,
  prefabOf,
  spawn,
  type SpawnArguments,
  type Spawned,
  type SpawnOptions,
  usePrefab,
} from './verbs/prefabs.js'
export { entityOfKey, type ServerSpawnKeyOptions, setSpawnKey, type SpawnKeyOptions } from './verbs/spawn-keys.js'
