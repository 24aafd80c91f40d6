// Components whose values clients get: which of their fields, and how each travels.
import type { CollectionField, CollectionType, CollectionTypeOf } from './collection-types.js'
import { ProtocolError } from './errors.js'
import { type BoolType, ColumnKind, type ColumnType } from './schema.js'

/** The arrays that a component's store may have. */
export type TypedStore =
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array

/** Who writes a component's values: the server, or the client that owns the entity. */
export type Authority = 'server' | 'client'

/** Options of {@link replicate}. */
export interface ReplicateOptions<A extends Authority = Authority> {
  /**
   * Who writes its values. `'client'`: the client that owns an entity writes the component there, and its values travel to
   * the server and from there to everyone else (Mirror's Sync Direction, client to server). The server may look at each
   * value before it takes it, with `validateWrites`, and has the last word with `correct`. Of entities that nobody owns the
   * server writes it. Default `'server'`.
   */
  authority?: A
  /**
   * Clients show the component between the values received, a fixed delay behind the server, instead of jumping from one
   * to the next. Numbers that are floats or quantized move; the others switch. Default false.
   */
  interpolate?: boolean
  /**
   * Changes of its values can be drained, with the values before and after: `drain(world, changed(Health))`. It costs a
   * look at the old value for each one that changes. Default false. Only this side's business.
   */
  trackChanges?: boolean
  /**
   * How the server learns that values changed. `'scan'`: it compares all of them, once per tick. `'marked'`: it looks only
   * at what game code says it has changed, with `markChanged` or `writeComponent`, so that what stands still costs nothing;
   * a change that nobody marks is not sent. Default `'scan'`. Only this side's business.
   */
  track?: 'scan' | 'marked'
}

export interface ReplicatedField {
  readonly name: string
  readonly type: ColumnType
  readonly array: TypedStore
}

/** A component of the game and what of it is replicated. A component without fields is a tag. */
export interface ReplicatedComponent<
  C extends object = object,
  Field extends PropertyKey = PropertyKey,
  A extends Authority = Authority,
> {
  readonly kind: 'component'
  /** The component as bitECS knows it. */
  readonly store: C
  /** The fields that are columns of numbers, sorted by name. */
  readonly fields: readonly ReplicatedField[]
  /** Their names in the order in which they were declared. */
  readonly declared: readonly Field[]
  /** The fields that are synchronised collections, sorted by name. */
  readonly collections: readonly CollectionField[]
  readonly authority: A
  readonly interpolate: boolean
  readonly trackChanges: boolean
  readonly track: 'scan' | 'marked'
  readonly text: string
}

/** The fields of a store that can be replicated, each with its type. */
export type ReplicatedFields<C extends object> = {
  readonly [K in keyof C]?: C[K] extends TypedStore ? ColumnType | BoolType : CollectionTypeOf<C[K]>
}

/** Those of the fields that are columns of numbers. */
type NumberField<C, Field extends keyof C> = { [K in Field]: C[K] extends TypedStore ? K : never }[Field]

/** Ids are whole numbers of up to 32 bits; a 32-bit float holds 24. */
function holdsEntities(array: ArrayBufferView): boolean {
  return array instanceof Uint32Array || array instanceof Int32Array || array instanceof Float64Array
}

/** What a field of numbers replicates. */
function columnField(name: string, type: ColumnType | undefined, array: unknown): ReplicatedField {
  if (!ArrayBuffer.isView(array) || array instanceof DataView) {
    throw new ProtocolError('bad-definition', `replicate: field ${name} is not a typed array of the component`)
  }
  if (type?.column === undefined) {
    throw new ProtocolError('bad-definition', `replicate: ${name} cannot be ${type?.text}; use a type of numbers`)
  }
  if (type.column.kind === ColumnKind.Entity && !holdsEntities(array)) {
    const text = `replicate: ${name} holds entities, whose ids need a Uint32Array, Int32Array or Float64Array`
    throw new ProtocolError('bad-definition', text)
  }
  return { name, type, array: array as unknown as TypedStore }
}

/** What a field of collections replicates: its store is a plain array, which the library fills. */
function collectionField(name: string, type: CollectionType, array: unknown): CollectionField {
  if (!Array.isArray(array)) {
    const text = `replicate: field ${name} is ${type.text}, whose store is a plain array: [] as Sync…<…>[]`
    throw new ProtocolError('bad-definition', text)
  }
  return { name, type, array }
}

/** A component without fields must be one without data: a tag. */
function requireFields(store: object, names: readonly string[]): void {
  const had = Object.keys(store).join(', ')
  for (const name of names) {
    if (name in store) continue
    const text = `replicate: the component has no field ${name}; it has ${had === '' ? 'none' : had}`
    throw new ProtocolError('bad-definition', text)
  }
  if (names.length === 0 && had !== '') {
    const text = `replicate: lists no fields, but the component has ${had}; list those to replicate, or give a component without data to make a tag`
    throw new ProtocolError('bad-definition', text)
  }
}

/** What a client writes travels unreliably, whole and absolute: numbers can, and operations on collections cannot. */
function requireWritable(columns: readonly ReplicatedField[], collections: readonly CollectionField[]): void {
  if (columns.length > 0 && collections.length === 0) return
  const what = collections.length > 0 ? `has the collection ${collections[0]!.name}` : 'has no fields of numbers'
  const text = `replicate: a component with authority 'client' has fields of numbers alone, and this one ${what}`
  throw new ProtocolError('bad-definition', text)
}

/**
 * Declares that a component is replicated: which of its fields, and how each is packed. A component without data is a
 * tag, and needs no fields. A field is a typed array with a type of numbers, or an array of collections with
 * {@link listOf}, {@link mapOf} or {@link setOf}.
 *
 * @throws ProtocolError when a field is neither, its type cannot be replicated, its array cannot hold its values, a
 * component with data lists no fields, or an option is no value that its docs name, or does not go with these fields.
 */
export function replicate<C extends object, Field extends keyof C = never, A extends Authority = 'server'>(
  store: C,
  fields: Pick<ReplicatedFields<C>, Field> = {} as Pick<ReplicatedFields<C>, Field>,
  options: ReplicateOptions<A> = {},
): ReplicatedComponent<C, NumberField<C, Field>, A> {
  if (store === null || typeof store !== 'object') {
    throw new ProtocolError('bad-definition', 'replicate: the first argument is a component, an object')
  }
  if (Array.isArray(store) || ArrayBuffer.isView(store)) {
    throw new ProtocolError(
      'bad-definition',
      'replicate: a component that is itself an array is not supported yet; make it an object of typed arrays, as in { value: new Float32Array(1000) }',
    )
  }
  const declared = Object.keys(fields)
  const names = [...declared].sort()
  requireFields(store, names)
  const columns: ReplicatedField[] = []
  const collections: CollectionField[] = []
  const texts: string[] = []
  for (const name of names) {
    const type = (fields as Record<string, ColumnType | CollectionType | undefined>)[name]
    const array = (store as Record<string, unknown>)[name]
    if (type !== undefined && 'collection' in type) collections.push(collectionField(name, type, array))
    else columns.push(columnField(name, type, array))
    texts.push(`${name}:${type?.text}`)
  }
  const { interpolate = false, trackChanges = false, track = 'scan' } = options
  if (track !== 'scan' && track !== 'marked') {
    throw new ProtocolError('bad-definition', `replicate: track is 'scan' or 'marked', got ${String(track)}`)
  }
  const authority = options.authority ?? ('server' as A)
  if (authority !== 'server' && authority !== 'client') {
    throw new ProtocolError('bad-definition', `replicate: authority is 'server' or 'client', got ${String(authority)}`)
  }
  if (authority === 'client') requireWritable(columns, collections)
  if (interpolate && columns.length === 0) {
    const text = 'replicate: a component without fields of numbers has nothing to interpolate'
    throw new ProtocolError('bad-definition', text)
  }
  if (trackChanges && columns.length === 0) {
    const text = 'replicate: a component without fields of numbers has no values that could change'
    throw new ProtocolError('bad-definition', text)
  }
  const text = `{${texts.join(',')}}${authority === 'client' ? ' by owner' : ''}`
  const numbers = declared.filter((name) => columns.some((column) => column.name === name))
  return {
    kind: 'component',
    store,
    fields: columns,
    declared: numbers as NumberField<C, Field>[],
    collections,
    authority,
    interpolate,
    trackChanges,
    track,
    text,
  }
}
