// Declares which components are replicated, which of their fields, and how each is sent.
import type { CollectionField, CollectionType, CollectionTypeOf } from './types/collection-types.js'
import { ProtocolError } from './errors.js'
import { requireFieldName } from './types/field-names.js'
import { FieldStore, isTypedStore, type TypedStore } from './field-store.js'
import type { QuaternionField, QuaternionPart } from './types/quaternion.js'
import { type BoolType, ColumnKind, type ColumnType } from './types/schema.js'

export type { TypedStore } from './field-store.js'

/** The side that writes a component's values: the server, or the client that owns the entity. */
export type Authority = 'server' | 'client'

/** Options of {@link replicate}. */
export interface ReplicateOptions<A extends Authority = Authority> {
  /**
   * The side that writes its values. `'client'`: the owner of an entity writes the component there, and the server
   * passes the values on to all other observers (Mirror's Sync Direction, client to server). The server may check each
   * value with `validateWrites`, and overrule it with `correct`. It writes the component of entities without an owner.
   * Default `'server'`.
   */
  authority?: A
  /**
   * The clients that get the component: all `'observers'` of the entity, or only its `'owner'` (Mirror's Sync Mode,
   * owner). The owner gets it before `Owned` is added, and loses it after `Owned` was removed. No other client
   * receives it, or learns that it exists. Default `'observers'`.
   */
  to?: 'observers' | 'owner'
  /**
   * Whether clients interpolate the component: they show it a fixed delay after the server, and move it between
   * received values. Floats and quantized numbers move; others switch. Default false.
   */
  interpolate?: boolean
  /**
   * Whether its changes can be drained, with the values before and after: `drain(world, changed(Health))`. Each
   * changed value costs a comparison with the old one. Applies to this side only. Default false.
   */
  trackChanges?: boolean
  /**
   * How the server finds changed values. `'scan'`: it compares all of them, once per tick. `'marked'`: it checks only
   * those that game code marked with `markChanged` or `writeComponent`, so unchanged values cost nothing. A change
   * that is not marked is not sent. Applies to this side only. Default `'scan'`.
   */
  track?: 'scan' | 'marked'
  /**
   * When values are sent. `'onChange'`: whenever they change. `'once'`: with the entity's spawn, or with the component
   * when it is added later. Later changes are not looked for or sent, so constant values (a look, a seed) cost
   * nothing. A client that observes the entity again gets its values at that time. Default `'onChange'`.
   */
  send?: 'onChange' | 'once'
  /**
   * The number of ticks of the writing side, from 1 to 10,000, of which only one sends the component's changes.
   * Changes in the other ticks wait for it, and only the newest value is sent (Mirror's Sync Interval). Components
   * with the same interval take turns. Spawns do not wait. With `interpolate`, clients show the component that much
   * later, so that it moves evenly. Default 1.
   */
  interval?: number
}

/** The longest `interval` of a component. */
const MAX_INTERVAL_TICKS = 10_000

export interface ReplicatedField {
  readonly name: string
  readonly type: ColumnType & { readonly quaternion?: QuaternionPart }
  readonly store: FieldStore
}

/** A component of the game and its replicated fields. A component without fields is a tag. */
export interface ReplicatedComponent<
  C extends object = object,
  Field extends PropertyKey = PropertyKey,
  A extends Authority = Authority,
> {
  readonly kind: 'component'
  /** The component that bitECS knows. */
  readonly store: C
  /** The fields that are columns of numbers, sorted by name. */
  readonly fields: readonly ReplicatedField[]
  /** Their names in the order in which they were declared. */
  readonly declared: readonly Field[]
  /** The fields that are synchronised collections, sorted by name. */
  readonly collections: readonly CollectionField[]
  readonly authority: A
  readonly to: 'observers' | 'owner'
  readonly interpolate: boolean
  readonly trackChanges: boolean
  readonly track: 'scan' | 'marked'
  readonly send: 'onChange' | 'once'
  readonly interval: number
  readonly text: string
}

/** An array with a number for each entity: typed, plain, or tagged by `bitecs/serialization`. */
export type NumberArray = TypedStore | number[]

/** The shape of one entity's values: the element of an array of structs, otherwise the component itself. */
type ShapeOf<C> = C extends readonly (infer Struct)[] ? Extract<Struct, object> : C

/** The names of a component's fields that are columns of numbers; `value` for a component that is itself an array. */
export type NumberFields<C> = C extends NumberArray
  ? 'value'
  : {
      [K in keyof ShapeOf<C>]: ShapeOf<C>[K] extends NumberOf<C> ? K : never
    }[keyof ShapeOf<C>]

/** Arrays of numbers have a type and no fields. */
type NotNumbers<C> = C extends NumberArray ? never : unknown

/** The type of a field of numbers: a number in a struct, otherwise an array of them. */
type NumberOf<C> = C extends readonly unknown[] ? number : NumberArray

/** The fields of a store that can be replicated, each with its type. */
export type ReplicatedFields<C extends object> = {
  readonly [K in keyof ShapeOf<C>]?: ShapeOf<C>[K] extends NumberOf<C>
    ? ColumnType | BoolType | QuaternionField
    : CollectionTypeOf<ShapeOf<C>[K]>
}

/** Whether an array can hold entity ids, which are whole numbers of up to 32 bits. A 32-bit float holds only 24. */
function holdsEntities(array: TypedStore): boolean {
  return array instanceof Uint32Array || array instanceof Int32Array || array instanceof Float64Array
}

/** Describes a replicated field of numbers. */
function columnField(name: string, type: ColumnType | undefined, store: FieldStore): ReplicatedField {
  if (type?.column === undefined) {
    throw new ProtocolError('bad-definition', `replicate: ${name} cannot be ${type?.text}; use a type of numbers`)
  }
  if (type.column.kind === ColumnKind.Entity && store.typed !== undefined && !holdsEntities(store.typed)) {
    const text = `replicate: ${name} holds entities, whose ids need a Uint32Array, Int32Array or Float64Array`
    throw new ProtocolError('bad-definition', text)
  }
  return { name, type, store }
}

/** Whether this is a plain array that is empty or has only elements of this type. */
function holdsOnly(array: unknown, type: 'number' | 'object'): boolean {
  return Array.isArray(array) && array.every((value) => value === undefined || typeof value === type)
}

/** The store of a field of an object of arrays. */
function arrayStore(store: object, name: string): FieldStore {
  const array = (store as Record<string, unknown>)[name]
  if (!isTypedStore(array) && !holdsOnly(array, 'number')) {
    throw new ProtocolError('bad-definition', `replicate: field ${name} is not an array of numbers of the component`)
  }
  return new FieldStore(store, name)
}

/** Checks that all four fields of each rotation are listed. */
function requireWholeRotations(fields: readonly ReplicatedField[]): void {
  for (const { type } of fields) {
    const { quaternion } = type
    quaternion?.names.forEach((name, part) => {
      const other = fields.find((field) => field.name === name)?.type.quaternion
      if (other?.names === quaternion.names && other.part === part) return
      const text = `replicate: ${type.text} needs ${name} beside it; spread what unitQuaternion.fields returned`
      throw new ProtocolError('bad-definition', text)
    })
  }
}

/** Describes a replicated field of collections. Its store is a plain array that the library fills. */
function collectionField(name: string, type: CollectionType, array: unknown): CollectionField {
  if (!Array.isArray(array)) {
    const text = `replicate: field ${name} is ${type.text}, whose store is a plain array: [] as Sync…<…>[]`
    throw new ProtocolError('bad-definition', text)
  }
  return { name, type, array }
}

/** Checks that a component without fields has no data, so that it is a tag. */
function requireFields(store: object, names: readonly string[]): void {
  const had = Object.keys(store).join(', ')
  for (const name of names) {
    if (name in store) continue
    const text = `replicate: the component has no field ${name}; it has ${had === '' ? 'none' : had}`
    throw new ProtocolError('bad-definition', text)
  }
  if (names.length === 0 && had !== '') {
    const text =
      `replicate: lists no fields, but the component has ${had}; list those to ` +
      'replicate, or give a component without data to make a tag'
    throw new ProtocolError('bad-definition', text)
  }
}

/**
 * Checks that a client can write the fields. Its values are sent unreliably, whole and absolute, which works for
 * numbers and not for operations on collections.
 */
function requireWritable(columns: readonly ReplicatedField[], collections: readonly CollectionField[]): void {
  if (columns.length > 0 && collections.length === 0) return
  const what = collections.length > 0 ? `has the collection ${collections[0]!.name}` : 'has no fields of numbers'
  const text = `replicate: a component with authority 'client' has fields of numbers alone, and this one ${what}`
  throw new ProtocolError('bad-definition', text)
}

/** Whether the second argument of `replicate` is the type of a component that is itself an array. */
function isType(fields: object): fields is ColumnType {
  return typeof (fields as Partial<ColumnType>).read === 'function'
}

/**
 * Declares that a component is replicated: which of its fields, and how each is packed. A component without data is a
 * tag, and needs no fields.
 *
 * ```ts
 * replicate(Position, { x: f32, y: f32 }) //    { x: new Float32Array(MAX), y: … } or { x: [] as number[], y: … }
 * replicate(Health, u16) //                     new Uint16Array(MAX) or [] as number[]
 * replicate(Velocity, { x: f32, y: f32 }) //    [] as { x: number; y: number }[]
 * ```
 *
 * Arrays of numbers may be typed, plain, or tagged by `bitecs/serialization`; typed ones are the fastest. Plain ones
 * grow by themselves. The game replaces a typed one that is too small (`Position.x = larger`), which the next tick
 * finds. Where a client has no struct for an entity, it makes one. A field may also be an array of collections, with
 * {@link listOf}, {@link mapOf} or {@link setOf}.
 *
 * @throws ProtocolError when a field is neither, its type cannot be replicated, its array cannot hold its values, or a
 *   component with data lists no fields. Also when an option has a value that its docs do not list, or does not fit
 *   the fields.
 */
export function replicate<C extends NumberArray, A extends Authority = 'server'>(
  store: C,
  type: ColumnType | BoolType,
  options?: ReplicateOptions<A>,
): ReplicatedComponent<C, 'value', A>
export function replicate<
  C extends object,
  Field extends keyof ReplicatedFields<C> = never,
  A extends Authority = 'server',
>(
  store: C & NotNumbers<C>,
  fields?: Pick<ReplicatedFields<C>, Field>,
  options?: ReplicateOptions<A>,
): ReplicatedComponent<C, Extract<Field, NumberFields<C>>, A>
export function replicate(
  store: object,
  fields: object = {},
  options: ReplicateOptions = {},
): ReplicatedComponent<object, string> {
  if (store === null || typeof store !== 'object') {
    throw new ProtocolError('bad-definition', 'replicate: the first argument is a component, an object or an array')
  }
  const isArray = Array.isArray(store) || ArrayBuffer.isView(store)
  if (isType(fields)) {
    if (!isTypedStore(store) && !holdsOnly(store, 'number')) {
      throw new ProtocolError('bad-definition', 'replicate: only an array of numbers has a type; others have fields')
    }
    const column = columnField('value', fields, new FieldStore(store, undefined))
    return component(store, { fields: [column], declared: ['value'], collections: [], text: fields.text }, options)
  }
  const declared = Object.keys(fields)
  const names = [...declared].sort()
  if (isTypedStore(store) || (isArray && names.length === 0)) {
    const text =
      'replicate: a component that is an array needs a type, as in replicate(Health, u16), or fields of its structs'
    throw new ProtocolError('bad-definition', text)
  }
  if (!isArray) requireFields(store, names)
  const columns: ReplicatedField[] = []
  const collections: CollectionField[] = []
  const texts: string[] = []
  for (const name of names) {
    requireFieldName(name)
    const type = (fields as Record<string, ColumnType | CollectionType | undefined>)[name]
    if (type === undefined || !('collection' in type)) {
      const values = isArray ? new FieldStore(store, name, declared) : arrayStore(store, name)
      columns.push(columnField(name, type, values))
    } else if (isArray) {
      throw new ProtocolError('bad-definition', `replicate: ${name} is ${type.text}, which structs cannot hold`)
    } else collections.push(collectionField(name, type, (store as Record<string, unknown>)[name]))
    texts.push(`${name}:${type?.text}`)
  }
  requireWholeRotations(columns)
  const numbers = declared.filter((name) => columns.some((column) => column.name === name))
  const text = `{${texts.join(',')}}`
  return component(store, { fields: columns, declared: numbers, collections, text }, options)
}

/** Checks that the options about the time of sending fit each other. */
function requireSending(options: ReplicateOptions, fields: readonly ReplicatedField[]): void {
  const { send = 'onChange', interval = 1, authority, interpolate, trackChanges } = options
  if (send !== 'onChange' && send !== 'once') {
    throw new ProtocolError('bad-definition', `replicate: send is 'onChange' or 'once', got ${String(send)}`)
  }
  if (!Number.isInteger(interval) || interval < 1 || interval > MAX_INTERVAL_TICKS) {
    const got = String(interval)
    const text = `replicate: interval is a whole number of ticks, from 1 to ${MAX_INTERVAL_TICKS}, got ${got}`
    throw new ProtocolError('bad-definition', text)
  }
  if (send === 'onChange' && interval === 1) return
  if (fields.length === 0) {
    const text = 'replicate: send and interval are about values, and a component without fields of numbers has none'
    throw new ProtocolError('bad-definition', text)
  }
  if (send === 'onChange') return
  if (interval > 1 || authority === 'client' || interpolate === true || trackChanges === true) {
    const text =
      "replicate: with send 'once' no change travels: it goes with none of " +
      "interval, interpolate, trackChanges and authority 'client'"
    throw new ProtocolError('bad-definition', text)
  }
}

/** The fields of a component. */
interface Shape {
  readonly fields: readonly ReplicatedField[]
  /** The names of the fields of numbers, in the order of their declaration. */
  readonly declared: readonly string[]
  readonly collections: readonly CollectionField[]
  /** The shape as both sides must agree on it. */
  readonly text: string
}

/** Makes the result of `replicate`. */
function component(
  store: object,
  { fields, declared, collections, text }: Shape,
  options: ReplicateOptions,
): ReplicatedComponent<object, string> {
  const { authority = 'server', to = 'observers', interpolate = false, trackChanges = false, track = 'scan' } = options
  if (track !== 'scan' && track !== 'marked') {
    throw new ProtocolError('bad-definition', `replicate: track is 'scan' or 'marked', got ${String(track)}`)
  }
  requireSending(options, fields)
  const { send = 'onChange', interval = 1 } = options
  if (to !== 'observers' && to !== 'owner') {
    throw new ProtocolError('bad-definition', `replicate: to is 'observers' or 'owner', got ${String(to)}`)
  }
  if (authority !== 'server' && authority !== 'client') {
    throw new ProtocolError('bad-definition', `replicate: authority is 'server' or 'client', got ${String(authority)}`)
  }
  if (authority === 'client') requireWritable(fields, collections)
  if (interpolate && fields.length === 0) {
    const problem = 'replicate: a component without fields of numbers has nothing to interpolate'
    throw new ProtocolError('bad-definition', problem)
  }
  if (trackChanges && fields.length === 0) {
    const problem = 'replicate: a component without fields of numbers has no values that could change'
    throw new ProtocolError('bad-definition', problem)
  }
  // The options that both sides must agree on. `interpolate`, `track` and `trackChanges` apply to one side only.
  const agreed = [
    text,
    authority === 'client' ? ' by owner' : '',
    to === 'owner' ? ' to owner' : '',
    send === 'once' ? ' once' : '',
    interval > 1 ? ` every ${interval}` : '',
  ]
  return {
    kind: 'component',
    store,
    fields,
    declared,
    collections,
    authority,
    to,
    interpolate,
    trackChanges,
    track,
    send,
    interval,
    text: agreed.join(''),
  }
}
