// Refuses a world that would overwrite the components of an open one: worlds with the same arrays need one entity
// index.
import { $internal, type InternalWorld, type World } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import { isServing } from './server/connections.js'
import { networkOf } from './state.js'

/** Memory that holds values: a component, an array, or the part of a buffer that a typed array views, in bytes. */
interface Store {
  readonly memory: object
  readonly start: number
  readonly end: number
  /** The component's name. */
  readonly name: string
}

/** A world that opened with a store. */
interface User {
  readonly world: WeakRef<World>
  readonly store: Store
}

/** The worlds that opened with a piece of memory. Keeps neither alive. */
const users = new WeakMap<object, User[]>()

const indexOf = (world: World): object => (world as InternalWorld)[$internal].entityIndex

/** Whether a world listens, connects or is connected. A closed world may be used again, and is then checked again. */
function isOpen(world: World): boolean {
  const { server, client } = networkOf(world) ?? {}
  if (server !== undefined && (isServing(server) || server.cancelListen !== undefined)) return true
  return client !== undefined && (client.session !== undefined || client.pendingConnect !== undefined)
}

function storeOf(memory: object, name: string): Store {
  if (!ArrayBuffer.isView(memory)) return { memory, start: 0, end: Infinity, name }
  const { buffer, byteOffset, byteLength } = memory
  return { memory: buffer, start: byteOffset, end: byteOffset + byteLength, name }
}

/** The components with values, and their memory. Tags have none. */
function storesOf({ componentList, componentNames }: Protocol): Store[] {
  const stores: Store[] = []
  componentList.forEach(({ store, fields, collections }, id) => {
    const name = componentNames[id]!
    if (fields.length + collections.length > 0) stores.push(storeOf(store, name))
    for (const { store: values } of fields) stores.push(storeOf(values.memory, name))
    for (const { array } of collections) stores.push(storeOf(array, name))
  })
  return stores
}

function overlap(a: Store, b: Store): boolean {
  return a.memory === b.memory && a.start < b.end && b.start < a.end
}

/** Whether another open world with a different index uses this memory. */
function isTaken(store: Store, world: World): boolean {
  return usersBeside(world, store.memory).some((user) => {
    const other = user.world.deref()
    return other !== undefined && indexOf(other) !== indexOf(world) && overlap(store, user.store)
  })
}

function separateIndex(name: string): UsageError {
  const text =
    `another open world of this process uses the arrays of ${name} and has its own entity index, so that both would ` +
    'write to the same places; make all of them with one index, ' +
    'createServerWorld(protocol, { entityIndex }), or close it'
  return new UsageError('separate-entity-index', text)
}

/**
 * @throws UsageError when an open world uses components of the protocol without sharing the entity index of `world`.
 */
export function requireOwnStores(world: World, protocol: Protocol): void {
  for (const store of storesOf(protocol)) if (isTaken(store, world)) throw separateIndex(store.name)
}

/** @throws UsageError when two worlds use the same components, each with its own entity index. */
export function requireSharedIndex(world: World, protocol: Protocol, other: World, otherProtocol: Protocol): void {
  if (indexOf(world) === indexOf(other)) return
  const stores = storesOf(otherProtocol)
  for (const store of storesOf(protocol)) {
    if (stores.some((one) => overlap(store, one))) throw separateIndex(store.name)
  }
}

/**
 * Registers a world that is about to open. Worlds with different indices that share no component of the game still
 * share the library's components; that is reported.
 *
 * @throws UsageError as `requireOwnStores`.
 */
export function openStores(world: World): void {
  const { server, client } = networkOf(world)!
  const state = (server ?? client)!
  requireOwnStores(world, state.protocol)
  const ref = new WeakRef(world)
  const own = storeOf(Networked, 'Networked')
  if (isTaken(own, world)) {
    const text =
      'another open world of this process has its own entity index, so ' +
      'that Connection and Networked hold values of both; ' +
      'make all of them with one index: createServerWorld(protocol, { entityIndex })'
    state.errors.push('separate-entity-index', text)
  }
  const stores = [own, ...storesOf(state.protocol)]
  for (const { memory } of stores) users.set(memory, usersBeside(world, memory))
  for (const store of stores) users.get(store.memory)!.push({ world: ref, store })
}

/** The other open worlds that use this memory. */
function usersBeside(world: World, memory: object): User[] {
  return (users.get(memory) ?? []).filter((user) => {
    const other = user.world.deref()
    return other !== undefined && other !== world && isOpen(other)
  })
}
