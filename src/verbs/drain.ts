// Drains what this side received: calls and messages, lifecycle events, changes, errors.
import type { NetworkErrorEntry } from '../connection/error-log.js'
import { UsageError } from '../protocol/errors.js'
import type {
  ClientRpc,
  Command,
  Definition,
  Message,
  ReplicatedComponent,
  TargetRpc,
  NumberFields,
} from '../protocol/definitions.js'
import type { Infer, Schema } from '../protocol/types/schema.js'
import type { CallId } from '../remote/call-id.js'
import type { LifecycleEvent } from '../remote/event-queue.js'
import type { ChangeEvent } from '../replication/change-log.js'
import type { ObserverEvent, ObserverEvents, ObserverRemovedEvent } from '../replication/server/observer-events.js'
import type { UnmatchedSpawn } from '../replication/client/local-spawns.js'
import type { LifecycleComponent, LifecycleEvents } from '../world/lifecycle.js'
import { type SceneEvent, SceneEvents } from '../world/scene-events.js'
import { type CollectionOperations, operationQueue } from './collection-operations.js'
import { inboundQueue, mergedQueues, requireNetwork } from '../world/inbound-queue.js'
import { eventSide, isHost, lifecycleOf, type SideOptions, resolveSide } from '../world/host/sides.js'
import type { ClientWorld, HostWorld, Network, NetworkWorld, ServerWorld, Side } from '../world/state.js'

/** The id of a call. Where its definition has `returns`, `reply` and `refuse` take it. */
type IdOf<R extends Schema | undefined, Reason extends string> = R extends Schema ? CallId<R, Reason> : number

/**
 * A command as the server receives it. With `runLocally` the calling client drains it too, and `sender` is its own
 * connection. Valid until the next iteration.
 */
export interface CommandCall<
  S extends Schema,
  R extends Schema | undefined = undefined,
  Reason extends string = string,
> {
  /** The entity it was called on. */
  readonly entity: number
  /** The connection entity of the client that called. */
  readonly sender: number
  /** Identifies the call. With `returns`, pass it to `reply` or `refuse`, now or later. */
  readonly id: IdOf<R, Reason>
  /** Increases in the order of arrival, over all commands, requests and messages that this side receives. */
  readonly order: number
  readonly args: Readonly<Infer<S>>
}

/** A client or target RPC as a client receives it, and with `runLocally` the server. Valid until the next iteration. */
export interface RpcCall<S extends Schema, R extends Schema | undefined = undefined, Reason extends string = string> {
  /** The entity it was called on, in this world. */
  readonly entity: number
  /** As in {@link CommandCall}. */
  readonly id: IdOf<R, Reason>
  /** Increases in the order of arrival, over all RPCs, requests and messages that this side receives. */
  readonly order: number
  readonly args: Readonly<Infer<S>>
}

/** A message. Valid until the next iteration. */
export interface MessageCall<S extends Schema> {
  /** The connection entity it came from. */
  readonly sender: number
  readonly id: number
  /** Increases in the order of arrival, over all calls and messages that this side receives. */
  readonly order: number
  readonly args: Readonly<Infer<S>>
}

/** A call, as a loop over several definitions sees it. */
interface WithDefinition<D extends Definition> {
  /** The definition of the call: `if (call.definition === Aim)` narrows `call.args`. */
  readonly definition: D
}

/**
 * Never drained. TypeScript narrows a union by a property only if one of its types has a literal there, and no
 * definition is a literal.
 */
interface NoCall {
  readonly definition: null
  readonly entity: never
  readonly sender: never
  readonly id: never
  readonly order: never
  readonly args: never
}

/** A call of one definition, as a loop over that definition sees it. */
type CallOf<D> =
  D extends Command<infer S, infer R, infer Reason>
    ? CommandCall<S, R, Reason>
    : D extends TargetRpc<infer S, infer R, infer Reason>
      ? RpcCall<S, R, Reason>
      : D extends ClientRpc<infer S>
        ? RpcCall<S>
        : D extends Message<infer S>
          ? MessageCall<S>
          : never

type IdentifiedCall<D extends Definition> = D extends Definition ? CallOf<D> & WithDefinition<D> : never

/**
 * A call of one of several definitions, drained together: `if (call.definition === Aim)` narrows it to a call of `Aim`.
 * Valid until the next iteration.
 */
export type AnyCall<D extends Definition = Definition> = IdentifiedCall<D> | NoCall

/** The combinations asked for so far, in a tree by component, so that asking again allocates nothing. */
class AskedEvents {
  private readonly next = new Map<LifecycleComponent, AskedEvents>()
  private made: LifecycleEvents | undefined

  constructor(private readonly kind: LifecycleEvents['kind']) {}

  of(components: readonly LifecycleComponent[], from = 0): LifecycleEvents {
    if (from === components.length) return (this.made ??= { kind: this.kind, components: [...components] })
    const component = components[from]!
    let asked = this.next.get(component)
    if (asked === undefined) this.next.set(component, (asked = new AskedEvents(this.kind)))
    return asked.of(components, from + 1)
  }
}

const asked = {
  added: new Map<LifecycleComponent, LifecycleEvents>(),
  removed: new Map<LifecycleComponent, LifecycleEvents>(),
  transitions: new AskedEvents('transitions'),
}

function events<C extends LifecycleComponent>(kind: 'added' | 'removed', component: C): LifecycleEvents<C> {
  let made = asked[kind].get(component)
  if (made === undefined) asked[kind].set(component, (made = { kind, components: [component] }))
  return made as LifecycleEvents<C>
}

/**
 * The adds and removes of lifecycle components, in the order in which they happened, to be drained. A game uses them to
 * keep something for each entity or connection: a sprite, a name, a status. Several ticks of the server may arrive in
 * one frame. So the events of one frame may remove and add the same entity, or add and remove it.
 *
 * ```ts
 * for (const { kind, entity } of drain(world, transitions(Networked))) {
 *   if (kind === 'added') sprites.set(entity, makeSprite())
 *   else sprites.delete(entity)
 * }
 * for (const { kind, component } of drain(world, transitions(Connected, Interrupted))) …
 * ```
 *
 * The library does not reuse an id that it frees while an event can still name it. So `entity` of a `removed` is never
 * a newer entity, unless the game removed the old one itself, with `removeEntity` of bitECS. Then `netId` distinguishes
 * them.
 */
export function transitions<Components extends readonly [LifecycleComponent, ...LifecycleComponent[]]>(
  ...components: Components
): LifecycleEvents<Components[number]> {
  return asked.transitions.of(components) as LifecycleEvents<Components[number]>
}

/**
 * The adds of a lifecycle component, to be drained: `for (const { entity } of drain(world, added(Ready)))`. Use it in a
 * system that reacts only to adds. One that also follows removes drains {@link transitions}: two separate loops lose
 * the order between them.
 */
export function added<C extends LifecycleComponent>(component: C): LifecycleEvents<C> {
  return events('added', component)
}

/**
 * The removes of a lifecycle component, to be drained; `reason` is the reason, if there is one. Use it in a system that
 * reacts only to removes; see {@link added}.
 */
export function removed<C extends LifecycleComponent>(component: C): LifecycleEvents<C> {
  return events('removed', component)
}

/** Changes of one component's values, made by {@link changed}. */
export interface Changes<Field extends PropertyKey = PropertyKey> {
  readonly kind: 'changed'
  readonly component: object
  /** The names of the fields. It exists only in the type. */
  readonly fields?: Field
}

const changeEvents = new WeakMap<object, Changes>()

/**
 * The changes of a replicated component's values, to be drained (Mirror's SyncVar hooks): `for (const { entity, before,
 * after } of drain(world, changed(Health))) flash(entity, after.hp - before.hp)`. Takes the component, or the result of
 * `replicate`, which must have `trackChanges: true`.
 *
 * On a client a change is a received value that differs from the one before. The first values of an entity or a
 * component are none. With `interpolate` it is the received value, not the shown one. On the server it is what the last
 * tick sent to clients, as they see it.
 */
export function changed<C extends object, Field extends PropertyKey>(
  component: ReplicatedComponent<C, Field>,
): Changes<Field>
export function changed<C extends object>(component: C): Changes<NumberFields<C>>
export function changed(component: object): Changes {
  let made = changeEvents.get(component)
  if (made === undefined) changeEvents.set(component, (made = { kind: 'changed', component }))
  return made
}

/**
 * On the server, to be drained: which connections started to observe which entities in the last tick. `for (const {
 * entity, connection } of drain(world, ObserversAdded))`. See `observersOf` for the current observers.
 */
export const ObserversAdded = { kind: 'observers-added' } as const

/**
 * On the server, to be drained: which connections stopped observing which entities in the last tick, and why. A
 * connection that ended stopped observing everything; that is reported in the tick in which `Connected` is removed.
 */
export const ObserversRemoved = { kind: 'observers-removed' } as const

/** All errors and warnings, to be drained: `for (const { code, message } of drain(world, NetworkErrors))`. */
export const NetworkErrors = { kind: 'errors' } as const

/**
 * On a client: predicted entities that the server never confirmed, see `setSpawnKey`, to be drained: `for (const {
 * entity, key } of drain(world, UnmatchedSpawns))`. Every system of one frame sees them. The next frame begins by
 * removing them, except those that lost `Predicted` meanwhile: they are the game's own.
 */
export const UnmatchedSpawns = { kind: 'unmatched-spawns' } as const

/** The sources that {@link drain} accepts. */
export type DrainSource =
  | Definition
  | readonly Definition[]
  | LifecycleEvents
  | Changes
  | CollectionOperations<unknown>
  | typeof ObserversAdded
  | typeof ObserversRemoved
  | typeof NetworkErrors
  | typeof SceneEvents
  | typeof UnmatchedSpawns

/** The items that {@link drain} yields for each source. */
export type Drained<S> = S extends readonly Definition[]
  ? AnyCall<S[number]>
  : S extends LifecycleEvents<infer C>
    ? LifecycleEvent<C>
    : S extends Changes<infer Field>
      ? ChangeEvent<Field>
      : S extends CollectionOperations<infer Operation>
        ? Readonly<Operation>
        : S extends { readonly kind: keyof DrainedOfKind }
          ? DrainedOfKind[S['kind']]
          : CallOf<S>

/** The items that {@link drain} yields for constant sources, such as `NetworkErrors`. */
interface DrainedOfKind {
  readonly 'observers-added': ObserverEvent
  readonly 'observers-removed': ObserverRemovedEvent
  readonly errors: NetworkErrorEntry
  readonly 'scene-events': SceneEvent
  readonly 'unmatched-spawns': UnmatchedSpawn
}

/** The sides that a world certainly has. */
type SidesOf<W> = [W] extends [ServerWorld] ? 'server' : [W] extends [ClientWorld] ? 'client' : Side

/** The sides that drain a source. It asks for single properties, so that a generic `Command<S>` has an answer too. */
type DrainSidesOf<S> = S extends { readonly runLocally: true } | { readonly from: 'both' }
  ? Side
  : S extends
        | { readonly kind: 'command' | 'observers-added' | 'observers-removed' }
        | { readonly from: 'client' | 'both' }
    ? 'server'
    : S extends
          | { readonly kind: 'client-rpc' | 'target-rpc' | 'unmatched-spawns' }
          | { readonly from: 'server' | 'both' }
      ? 'client'
      : S extends { readonly kind: 'message' }
        ? never
        : Side

/** The compiler's message for a source that the world does not drain. */
type WrongSideText<S> = S extends { readonly kind: infer Kind }
  ? [Kind] extends ['command']
    ? 'a command: clients send it, servers drain it'
    : [Kind] extends ['client-rpc']
      ? 'a client RPC: servers send it, clients drain it'
      : [Kind] extends ['target-rpc']
        ? 'a target RPC: servers send it, clients drain it'
        : [Kind] extends ['message']
          ? S extends { readonly from: 'client' }
            ? 'a message: clients send it, servers drain it'
            : S extends { readonly from: 'server' }
              ? 'a message: servers send it, clients drain it'
              : 'a message: this world may be of the side that sends it'
          : [Kind] extends ['unmatched-spawns']
            ? 'only clients drain it'
            : 'only servers drain it'
  : never

/** The messages about the sources that a world does not drain; `never` when it drains them all. */
type Misuse<W, S> = S extends readonly (infer D)[]
  ? Misuse<W, D>
  : [SidesOf<W>] extends [DrainSidesOf<S>]
    ? never
    : WrongSideText<S>

/** Accepts a source that the world drains; otherwise a message that says which side drains it. */
export type Drainable<W, S> = [W] extends [HostWorld]
  ? unknown
  : [Misuse<W, S>] extends [never]
    ? unknown
    : Misuse<W, S>

/** The options of {@link drain}: only a host's world has two sides to choose from. */
export type DrainOptions<W, S> = [W] extends [HostWorld]
  ? S extends typeof ObserversAdded | typeof ObserversRemoved | typeof UnmatchedSpawns
    ? []
    : [options?: SideOptions]
  : []

/**
 * Drains what arrived since the last call: calls, messages, lifecycle and scene events, changes, operations on
 * collections, or errors.
 *
 * Calls, messages and errors are consumed: one loop sees each, and those left after a `break` stay queued. Events are
 * not consumed: every system sees all events of a tick. Each iteration yields the same object with new contents; copy
 * what you keep.
 *
 * A list of definitions yields their calls in the order in which they arrived, and `call.definition` is the definition
 * of each: `for (const call of drain(world, [Aim, Fire])) if (call.definition === Aim) turn(call.entity,
 * call.args.yaw)`. A server reads its clients one after another, and the reliable channel of each first.
 *
 * A side that calls a command or client RPC with `runLocally` drains its own calls too.
 *
 * A host's world drains definitions that both sides receive from the queue of the side whose systems run, or of `side`.
 * The same holds for events, with the server as default, and for errors, with both sides as default.
 *
 * @throws UsageError when the definition is not listed, or the other side drains it, or the component does not track
 * its changes; `which-side` when both sides drain it and nothing says which is meant.
 */
export function drain<W extends NetworkWorld, const S extends DrainSource>(
  world: W,
  source: S & Drainable<W, S>,
  ...options: DrainOptions<W, S>
): Iterable<Drained<S>>
export function drain(world: NetworkWorld, source: DrainSource, { side }: SideOptions = {}): Iterable<unknown> {
  const network = requireNetwork(world)
  if ('length' in source) return mergedQueues(network, source, side)
  if (source.kind === 'errors') return takeErrors(network, side)
  if (source.kind === SceneEvents.kind) return network[eventSide(network, side)]!.scenes.events.read()
  if (source.kind === ObserversAdded.kind) return observerEvents(network, 'ObserversAdded').added
  if (source.kind === ObserversRemoved.kind) return observerEvents(network, 'ObserversRemoved').removed
  if (source.kind === 'changed') return network[eventSide(network, side)]!.replication.changes.of(source.component)
  if (source.kind === 'operations') return operationQueue(network, source, side)
  if (source.kind === 'unmatched-spawns') return unmatchedSpawns(network)
  if ('components' in source) return lifecycleOf(network, side).of(source)
  return inboundQueue(network, source, side)
}

function observerEvents({ server }: Network, name: string): ObserverEvents {
  if (server !== undefined) return server.replication.observerEvents
  throw new UsageError('wrong-side', `${name}: only servers drain it, and this is the world of a client`)
}

function unmatchedSpawns({ client }: Network): readonly UnmatchedSpawn[] {
  if (client !== undefined) return client.replication.locals.unmatched
  throw new UsageError('wrong-side', 'UnmatchedSpawns: only clients drain it, and this is the world of a server')
}

function takeErrors(network: Network, wanted: Side | undefined): NetworkErrorEntry[] {
  const side = wanted ?? network.side
  if (isHost(network) && side === undefined) return [...network.server!.errors.take(), ...network.client!.errors.take()]
  return network[resolveSide(network, 'errors', side)]!.errors.take()
}
