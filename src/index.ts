// Exports what both sides share: definitions, verbs and types, as "bitecs-net". No input or output.
export type { CloseCode, CloseReason } from './connection/close-reason.js'
export type { ErrorBudget, InboundLimits, Violation } from './connection/server/client-limits.js'
export type { DuplicateUsers } from './connection/server/user-sessions.js'
export type { Counters } from './connection/counters.js'
export type { NetworkErrorEntry } from './connection/error-log.js'
export {
  type AnswerOptions,
  type Authority,
  type ChannelName,
  type ClientRpc,
  type ClientRpcOptions,
  type Command,
  type CommandOptions,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineTargetRpc,
  type Definition,
  type Message,
  type MessageOptions,
  type MessageOrigin,
  type NumberArray,
  type NumberFields,
  type RateLimit,
  type RemoteDefinition,
  replicate,
  type ReplicatedComponent,
  type ReplicatedFields,
  type ReplicateOptions,
  type TargetRpc,
  type TargetRpcOptions,
  type TypedStore,
} from './protocol/definitions.js'
export {
  type CollectionKey,
  type DeepReadonly,
  listOf,
  type ListType,
  mapOf,
  type MapType,
  setOf,
  type SetType,
  type SyncList,
  type SyncMap,
  type SyncSet,
} from './protocol/types/collection-types.js'
export { angle } from './protocol/types/angle.js'
export type { ByteReader, ByteWriter } from './protocol/bytes.js'
export {
  ArgumentError,
  AuthenticationError,
  ConnectionError,
  NetworkError,
  ProtocolError,
  RequestAbortedError,
  RequestDespawnedError,
  RequestDisconnectedError,
  RequestError,
  RequestLostAuthorityError,
  RequestRefusedError,
  RequestRejectedError,
  RequestTimedOutError,
  SaveError,
  UsageError,
} from './protocol/errors.js'
export { type Quaternion, type QuaternionField, unitQuaternion } from './protocol/types/quaternion.js'
export { definePrefab, type Prefab, type PrefabInput } from './protocol/prefab.js'
export { defineProtocol, type Protocol, type ProtocolInput, WIRE_VERSION } from './protocol/protocol.js'
export type { ReplicatedRelation } from './protocol/relations.js'
export { defineScene, type NoArguments, type Scene } from './protocol/scenes.js'
export { array, bytes, custom, type CustomType, enumOf, optional, struct } from './protocol/types/composite-types.js'
export {
  bool,
  entity,
  f32,
  f64,
  i16,
  i32,
  i8,
  type CallArguments,
  type Infer,
  quantized,
  type Schema,
  type SchemaType,
  string,
  u16,
  u32,
  u8,
  varint,
} from './protocol/types/schema.js'
export type { CallId, CallIdOf } from './remote/call-id.js'
export type { LifecycleEvent } from './remote/event-queue.js'
export type { ChangeEvent } from './replication/change-log.js'
export type { ListOperation, MapOperation, SetOperation } from './replication/collections/operation-queue.js'
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
export type { UnmatchedSpawn } from './replication/client/local-spawns.js'
export type { TransportCounters } from './transport/transport.js'
export type { AuthenticationRequest, AuthenticationResult, Authenticator } from './world/server/authenticator.js'
export { accept, deny, userOf } from './verbs/authentication.js'
export { sendCommand, sendRpc, type SendRpcOptions, sendTargetRpc, type SendTargetRpcOptions } from './verbs/calls.js'
export { sendMessage, type SendMessageOptions } from './verbs/messages.js'
export { group, groupsOf, joinGroup, leaveGroup, membersOf } from './verbs/groups.js'
export type { Connections, GroupTarget, MessageTarget, RpcTarget } from './world/targets.js'
export { correct, validateWrites } from './verbs/authority.js'
export { type Ban, ban, type BanOptions, bans, type BanTarget, unban } from './verbs/bans.js'
export type { Write, WriteCheck } from './replication/authority/write-view.js'
export { setMaxBytesPerSecond, setPriority, violationsOf } from './verbs/budgets.js'
export { type ComponentValues, markChanged, writeComponent } from './verbs/changes.js'
export { close } from './verbs/close.js'
export { handle, type HandleOptions, type Handler, ignore } from './verbs/handle.js'
export {
  type ClientWorldOptions,
  createClientWorld,
  createHostWorld,
  createServerWorld,
  type HostWorldOptions,
  type ServerWorldOptions,
  type WorldOptions,
} from './verbs/create.js'
export {
  added,
  type AnyCall,
  changed,
  type Changes,
  type CommandCall,
  drain,
  type MessageCall,
  NetworkErrors,
  ObserversAdded,
  ObserversRemoved,
  removed,
  type RpcCall,
  transitions,
  UnmatchedSpawns,
} from './verbs/drain.js'
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
export type { LifecycleComponent, LifecycleEvents } from './world/lifecycle.js'
export {
  type CollectionFieldOf,
  type CollectionOperations,
  type OperationOf,
  operations,
} from './verbs/collection-operations.js'
export { connectionOf, entityOf, hasAuthority, netIdOf, serverTick } from './verbs/lookup.js'
export { type ConnectionStates, type NetworkStats, type QueueLengths, type RoundTrips, stats } from './verbs/stats.js'
export { retire, type RetireOptions } from './verbs/close.js'
export { clearOwner, despawn, kick, observersOf, setOwner, type SetOwnerOptions, setReady } from './verbs/ownership.js'
export type { OnLeave } from './world/server/left-behind.js'
export {
  type FormerPlayer,
  removePlayer,
  type RemovePlayerOptions,
  setPlayer,
  type SetPlayerOptions,
} from './verbs/players.js'
export {
  isWaiting,
  refusalOf,
  refuse,
  reply,
  request,
  type RequestOptions,
  type TargetRequestOptions,
} from './verbs/requests.js'
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
export { isScene, type LoadedScene, type SceneEvent, SceneEvents } from './world/scene-events.js'
export type { SceneLoad, SceneLoader } from './world/scene-runner.js'
export {
  changeScene,
  loadScene,
  type SceneArguments,
  type SceneOptions,
  scenesOf,
  type SceneTarget,
  setScene,
  setSceneLoader,
  unloadScene,
} from './verbs/scenes.js'
export { clientSystems, serverSystems, type SideOptions, withSide } from './world/host/sides.js'
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
export type { ClientWorld, HostWorld, NetworkWorld, ServerWorld, Side } from './world/state.js'
export { type Transfer, transfers } from './verbs/transfers.js'
