// Numbers and hashes everything that the two sides share: components, calls, messages, scenes, prefabs and relations.
import type { Definition, Message, RemoteDefinition, ReplicatedComponent } from './definitions.js'
import { ProtocolError } from './errors.js'
import { MAX_BLOCK, MAX_ROW } from './limits.js'
import type { Prefab } from './prefab.js'
import { describeRelation, MAX_RELATIONS, type ReplicatedRelation, requireRelation } from './relations.js'
import type { Scene } from './scenes.js'

/** The version of the wire format, docs/protocol.md. Different versions never connect. */
export const WIRE_VERSION = 1

/** The input of {@link defineProtocol}. Its keys are the names that both sides, and every report, use. */
export interface ProtocolInput {
  readonly components?: Readonly<Record<string, ReplicatedComponent>>
  readonly remote?: Readonly<Record<string, RemoteDefinition>>
  readonly messages?: Readonly<Record<string, Message>>
  readonly scenes?: Readonly<Record<string, Scene>>
  readonly prefabs?: Readonly<Record<string, Prefab>>
  /**
   * Relations of bitECS, made by `createRelation`: a client that observes both entities of a pair has the pair too.
   * Data of a relation (`withStore`) is not replicated.
   *
   * bitECS permanently keeps components in every world: one for each id that ever was a subject, and two for each that
   * was a target. Ids are reused, so a client has as many of them as it had entities at once.
   */
  readonly relations?: Readonly<Record<string, ReplicatedRelation>>
}

/** A list of what both sides share, made by {@link defineProtocol}. */
export interface Protocol<I extends ProtocolInput = ProtocolInput> {
  readonly components: NonNullable<I['components']>
  readonly remote: NonNullable<I['remote']>
  readonly messages: NonNullable<I['messages']>
  readonly scenes: NonNullable<I['scenes']>
  readonly prefabs: NonNullable<I['prefabs']>
  readonly relations: NonNullable<I['relations']>
  /** Components by id. */
  readonly componentList: readonly ReplicatedComponent[]
  readonly componentNames: readonly string[]
  /** Calls and messages by id. */
  readonly definitions: readonly Definition[]
  readonly definitionNames: readonly string[]
  readonly ids: ReadonlyMap<Definition, number>
  /** Scenes by id. */
  readonly sceneList: readonly Scene[]
  readonly sceneNames: readonly string[]
  /** Prefabs by id. */
  readonly prefabList: readonly Prefab[]
  readonly prefabNames: readonly string[]
  readonly prefabIds: ReadonlyMap<Prefab, number>
  /** Relations by id. */
  readonly relationList: readonly ReplicatedRelation[]
  readonly relationNames: readonly string[]
  /** One line for each listed thing, sorted; equal on two sides that agree. */
  readonly description: string
  /** A hash of the description, as two unsigned 32-bit halves. */
  readonly hashHigh: number
  readonly hashLow: number
}

/**
 * Lists what both sides of a game share. Names are the keys, and ids follow the sorted names. So two sides agree that
 * list the same things in different orders.
 *
 * @throws ProtocolError when something is listed twice or in the wrong place, is not a definition, or the components
 *   of one entity cannot fit a packet.
 */
export function defineProtocol<const I extends ProtocolInput>(input: I): Protocol<I> {
  for (const place of ['components', 'remote', 'messages', 'scenes', 'prefabs'] as const) {
    for (const [name, member] of Object.entries(input[place] ?? {})) requirePlace(place, name, member)
  }
  const components = input.components ?? {}
  const componentNames = Object.keys(components).sort()
  const componentList = componentNames.map((name) => components[name]!)
  requireUnique(
    componentList.map((component) => component.store),
    componentNames,
    'component',
  )
  const calls: Record<string, Definition> = { ...input.remote }
  for (const [name, message] of Object.entries(input.messages ?? {})) {
    if (Object.hasOwn(calls, name))
      throw new ProtocolError('bad-protocol', `${name} is both a remote action and a message`)
    calls[name] = message
  }
  const definitionNames = Object.keys(calls).sort()
  const definitions = definitionNames.map((name) => calls[name]!)
  requireUnique(definitions, definitionNames, 'definition')

  const scenes = input.scenes ?? {}
  const sceneNames = Object.keys(scenes).sort()
  const sceneList = sceneNames.map((name) => scenes[name]!)
  requireUnique(sceneList, sceneNames, 'scene')

  const prefabs = input.prefabs ?? {}
  const prefabNames = Object.keys(prefabs).sort()
  const prefabList = prefabNames.map((name) => prefabs[name]!)
  requireUnique(prefabList, prefabNames, 'prefab')
  requireFits(componentList, prefabList)

  const relations = input.relations ?? {}
  const relationNames = Object.keys(relations).sort()
  const relationList = relationNames.map((name) => relations[name]!)
  for (const name of relationNames) requireRelation(name, relations[name])
  requireUnique(relationList, relationNames, 'relation')
  if (relationList.length > MAX_RELATIONS) {
    throw new ProtocolError(
      'bad-protocol',
      `${relationList.length} relations are listed, at most ${MAX_RELATIONS} can be`,
    )
  }

  for (const name of [...componentNames, ...definitionNames, ...sceneNames, ...prefabNames, ...relationNames]) {
    if (!/^[\w$.-]{1,64}$/.test(name)) {
      throw new ProtocolError(
        'bad-protocol',
        `${JSON.stringify(name)}: names are 1 to 64 letters, digits, _, $, . or -`,
      )
    }
  }

  const description = [
    `wire ${WIRE_VERSION}`,
    ...componentNames.map((name, i) => `component ${name} ${componentList[i]!.text}`),
    ...definitionNames.map((name, i) => describeDefinition(name, definitions[i]!)),
    ...sceneNames.map((name, i) => `scene ${name} ${sceneList[i]!.codec.text}`),
    ...prefabNames.map((name, i) => describePrefab(name, prefabList[i]!, componentNames, componentList)),
    ...relationNames.map((name, i) => describeRelation(name, relationList[i]!)),
  ].join('\n')
  const hash = fnv1a64(description)
  return {
    components: components as NonNullable<I['components']>,
    remote: (input.remote ?? {}) as NonNullable<I['remote']>,
    messages: (input.messages ?? {}) as NonNullable<I['messages']>,
    scenes: scenes as NonNullable<I['scenes']>,
    prefabs: prefabs as NonNullable<I['prefabs']>,
    relations: relations as NonNullable<I['relations']>,
    componentList,
    componentNames,
    definitions,
    definitionNames,
    ids: new Map(definitions.map((definition, id) => [definition, id])),
    sceneList,
    sceneNames,
    prefabList,
    prefabNames,
    prefabIds: new Map(prefabList.map((prefab, id) => [prefab, id])),
    relationList,
    relationNames,
    description,
    hashHigh: Number(hash >> 32n),
    hashLow: Number(hash & 0xffffffffn),
  }
}

/** Leaves out rates, `runLocally` and `unknownEntities`: only the side that applies them needs them. */
function describeDefinition(name: string, definition: Definition): string {
  const base = `${definition.kind} ${name} ${definition.codec.text} ${definition.channel}`
  if (definition.kind === 'message') {
    const { from, large, beforeAuthentication } = definition
    return `${base} from ${from}${large ? ' large' : ''}${beforeAuthentication ? ' before-authentication' : ''}`
  }
  if (definition.kind === 'client-rpc') {
    const { includeOwner, buffer } = definition
    return `${base}${includeOwner ? '' : ' not-to-owner'}${buffer === undefined ? '' : ` buffer ${buffer}`}`
  }
  const isOpen = definition.kind === 'command' && !definition.requiresAuthority
  const { answers } = definition
  return `${base}${isOpen ? ' by anyone' : ''}${answers === undefined ? '' : ` ${answers.text}`}`
}

/** Leaves out components that are not replicated: each side may have its own. */
function describePrefab(
  name: string,
  { codec, components }: Prefab,
  componentNames: readonly string[],
  componentList: readonly ReplicatedComponent[],
): string {
  const listed = componentNames.filter((_, i) => components.includes(componentList[i]!.store))
  return `prefab ${name} ${codec.text}${listed.length === 0 ? '' : ` with ${listed.join(',')}`}`
}

type Place = 'components' | 'remote' | 'messages' | 'scenes' | 'prefabs'
type Member = Definition | ReplicatedComponent | Scene | Prefab

/** Where each kind of definition is listed, and its name in errors. */
const KINDS: Readonly<Record<Member['kind'], { place: Place; noun: string }>> = {
  component: { place: 'components', noun: 'a component' },
  command: { place: 'remote', noun: 'a command' },
  'client-rpc': { place: 'remote', noun: 'a client RPC' },
  'target-rpc': { place: 'remote', noun: 'a target RPC' },
  message: { place: 'messages', noun: 'a message' },
  scene: { place: 'scenes', noun: 'a scene' },
  prefab: { place: 'prefabs', noun: 'a prefab' },
}

const MAKERS: Readonly<Record<Place, string>> = {
  components: 'replicate',
  remote: 'defineCommand, defineClientRpc or defineTargetRpc',
  messages: 'defineMessage',
  scenes: 'defineScene',
  prefabs: 'definePrefab',
}

/** Checks at run time: a circular import, or plain JavaScript, can leave any value in a game's module. */
function requirePlace(place: Place, name: string, member: unknown): void {
  const fail = (problem: string): never => {
    throw new ProtocolError('bad-protocol', `${place}.${name} ${problem}`)
  }
  if (member === undefined || member === null) {
    fail(`is ${String(member)}: it was not made by ${MAKERS[place]}, or is imported in a circle`)
  }
  const kind: unknown = typeof member === 'object' && 'kind' in member! ? member.kind : undefined
  const known = typeof kind === 'string' && Object.hasOwn(KINDS, kind) ? KINDS[kind as keyof typeof KINDS] : undefined
  if (known === undefined) return fail(`was not made by ${MAKERS[place]}`)
  if (known.place !== place) fail(`is ${known.noun}: list it under ${known.place}`)
}

function requireUnique(things: readonly unknown[], names: readonly string[], what: string): void {
  things.forEach((thing, i) => {
    const first = things.indexOf(thing)
    if (first !== i) {
      throw new ProtocolError('bad-protocol', `${names[first]} and ${names[i]} are the same ${what}; list it once`)
    }
  })
}

/** An entity is never split over two packets, so everything that one entity may have must fit one. */
function requireFits(components: readonly ReplicatedComponent[], prefabs: readonly Prefab[]): void {
  const header = 16 + Math.ceil(components.length / 8)
  let update = header
  let row = header
  for (const { fields, collections } of components) {
    for (const { type } of fields) {
      const { bits, lanes } = type.column
      update += Math.ceil((bits * lanes) / 8)
      row += Math.ceil(bits / 8) * lanes
    }
    for (const { type } of collections) row += type.maxBytes
  }
  if (update > MAX_BLOCK) {
    throw new ProtocolError(
      'bad-protocol',
      `an entity with every component takes ${update} bytes, at most ${MAX_BLOCK} fit a packet; replicate fewer fields`,
    )
  }
  const payload = Math.max(0, ...prefabs.map(({ codec }) => codec.maxBytes))
  if (row + payload > MAX_ROW) {
    const what = payload > 0 ? ` and the largest payload of a prefab take ${row + payload}` : ` takes ${row}`
    throw new ProtocolError(
      'bad-protocol',
      `an entity with every component, its collections full,${what} bytes, at most ` +
        `${MAX_ROW} fit a packet; give the collections lower limits`,
    )
  }
}

/**
 * FNV-1a, 64 bits, over UTF-8 (Fowler, Noll, Vo; draft-eastlake-fnv). Used once per protocol, so BigInt is fast
 * enough.
 */
function fnv1a64(text: string): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    hash ^= BigInt(byte)
    hash = (hash * 0x100000001b3n) & 0xffffffffffffffffn
  }
  return hash
}

/**
 * The human-readable differences between two descriptions: one entry for each thing that only one side lists or that
 * the two list differently. Empty when they agree. `sides` names where each of them is from.
 */
export function protocolDifferences(
  server: string,
  client: string,
  sides: readonly [string, string] = ['on the server', 'on the client'],
): string[] {
  const [here, there] = sides
  const ours = parseDescription(server)
  const theirs = parseDescription(client)
  const differences: string[] = []
  for (const [key, shape] of ours) {
    const other = theirs.get(key)
    if (other === undefined) differences.push(`${key} is only ${here}`)
    else if (other !== shape) differences.push(`${key} is ${shape} ${here}, ${other} ${there}`)
  }
  for (const key of theirs.keys()) if (!ours.has(key)) differences.push(`${key} is only ${there}`)
  return differences
}

function parseDescription(description: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const line of description.split('\n')) {
    const parts = line.split(' ')
    // `wire 1` has no name after its kind.
    const keyLength = parts[0] === 'wire' ? 1 : 2
    entries.set(parts.slice(0, keyLength).join(' '), parts.slice(keyLength).join(' '))
  }
  return entries
}
