// Exports what both sides share: definitions, verbs and types, as "bitecs-net". No input or output.
export type { CloseCode, CloseReason } from './connection/close-reason.js'
export type { NetworkErrorEntry } from './connection/error-log.js'
export {
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
export { angle } from './protocol/types/angle.js'
export type { ByteReader, ByteWriter } from './protocol/bytes.js'
export { ArgumentError, ConnectionError, NetworkError, ProtocolError, UsageError } from './protocol/errors.js'
export { type Quaternion, type QuaternionField, unitQuaternion } from './protocol/types/quaternion.js'
export { defineProtocol, type Protocol, type ProtocolInput, WIRE_VERSION } from './protocol/protocol.js'
export type { ReplicatedRelation } from './protocol/relations.js'
export type { NoArguments } from './protocol/scenes.js'
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
export { sendCommand, sendRpc, type SendRpcOptions, sendTargetRpc, type SendTargetRpcOptions } from './verbs/calls.js'
export { sendMessage, type SendMessageOptions } from './verbs/messages.js'
export type { Connections, MessageTarget, RpcTarget } from './world/targets.js'
export { type ComponentValues, markChanged, writeComponent } from './verbs/changes.js'
export { close } from './verbs/close.js'
export { handle, type HandleOptions, type Handler, ignore } from './verbs/handle.js'
export {
  type ClientWorldOptions,
  createClientWorld,
  createServerWorld,
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
  removed,
  type RpcCall,
  transitions,
} from './verbs/drain.js'
export type { LifecycleComponent, LifecycleEvents } from './world/lifecycle.js'
export { connectionOf, entityOf, hasAuthority, netIdOf, serverTick } from './verbs/lookup.js'
export { retire, type RetireOptions } from './verbs/close.js'
export { clearOwner, despawn, kick, setOwner, type SetOwnerOptions, setReady } from './verbs/ownership.js'
export type { OnLeave } from './world/server/left-behind.js'
export {
  type FormerPlayer,
  removePlayer,
  type RemovePlayerOptions,
  setPlayer,
  type SetPlayerOptions,
} from './verbs/players.js'
export type { ClientWorld, NetworkWorld, ServerWorld } from './world/state.js'
