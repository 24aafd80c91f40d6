// Refuses a world that would overwrite the components of an open one: worlds over the same arrays need one entity index.
import { $internal, type InternalWorld, type World } from 'bitecs'
import { Networked } from '../../components/networked.js'
import { UsageError } from '../protocol/errors.js'
import type { Protocol } from '../protocol/protocol.js'
import { networkOf } from './state.js'

/** By component or array: the worlds that opened with it. Holds neither alive. */
const users = new WeakMap<object, Set<WeakRef<World>>>()

const indexOf = (world: World): object => (world as InternalWorld)[$internal].entityIndex

/** Whether a world listens, connects or is connected. A closed one may be used again, and then is checked again. */
function isOpen(world: World): boolean {
  const { server, client } = networkOf(world) ?? {}
  if (server !== undefined && (server.isServing || server.cancelListen !== undefined)) return true
  return client !== undefined && (client.session !== undefined || client.pendingConnect !== undefined)
}

/** Components with values, and the arrays that hold these, each with the component's name. Tags hold nothing. */
function storesOf({ componentList, componentNames }: Protocol): Map<object, string> {
  const stores = new Map<object, string>()
  componentList.forEach(({ store, fields, collections }, id) => {
    const name = componentNames[id]!
    if (fields.length + collections.length > 0) stores.set(store, name)
    for (const { store: values } of fields) stores.set(values.memory, name)
    for (const { array } of collections) stores.set(array, name)
  })
  return stores
}

/** Whether another open world with an index of its own uses this component or array. */
function isTaken(store: object, world: World): boolean {
  for (const ref of users.get(store) ?? []) {
    const other = ref.deref()
    if (other !== undefined && other !== world && indexOf(other) !== indexOf(world) && isOpen(other)) return true
  }
  return false
}

function separateIndex(name: string): UsageError {
  const text =
    `another open world of this process uses the arrays of ${name} and has its own entity index, so that both would ` +
    'write to the same places; make all of them with one index, createServerWorld(protocol, { entityIndex }), or close it'
  return new UsageError('separate-entity-index', text)
}

/** @throws UsageError when an open world uses components of the protocol without sharing the entity index of `world`. */
export function requireOwnStores(world: World, protocol: Protocol): void {
  for (const [store, name] of storesOf(protocol)) if (isTaken(store, world)) throw separateIndex(name)
}

/** @throws UsageError when two worlds use the same components, each with its own entity index. */
export function requireSharedIndex(world: World, protocol: Protocol, other: World, otherProtocol: Protocol): void {
  if (indexOf(world) === indexOf(other)) return
  const stores = storesOf(otherProtocol)
  for (const [store, name] of storesOf(protocol)) if (stores.has(store)) throw separateIndex(name)
}

/**
 * Notes that a world is about to open. Where other worlds with their own indices share no component of the game with it, the
 * library's own are shared all the same: that is reported.
 *
 * @throws UsageError as `requireOwnStores`.
 */
export function openStores(world: World): void {
  const { server, client } = networkOf(world)!
  const role = (server ?? client)!
  requireOwnStores(world, role.protocol)
  if (isTaken(Networked, world)) {
    const text =
      'another open world of this process has its own entity index, so that Connection and Networked hold values of both; ' +
      'make all of them with one index: createServerWorld(protocol, { entityIndex })'
    role.errors.push('separate-entity-index', text)
  }
  for (const store of [Networked, ...storesOf(role.protocol).keys()]) {
    const refs = users.get(store) ?? new Set()
    users.set(store, refs)
    let isNoted = false
    for (const ref of refs) {
      const other = ref.deref()
      if (other === world) isNoted = true
      else if (other === undefined || !isOpen(other)) refs.delete(ref)
    }
    if (!isNoted) refs.add(new WeakRef(world))
  }
}
