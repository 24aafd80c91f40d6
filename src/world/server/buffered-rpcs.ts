// Keeps buffered RPCs, and writes them to each new observer of their entity.
import { Connection } from '../../../components/connection.js'
import { Networked } from '../../../components/networked.js'
import type { ClientRpc } from '../../protocol/definitions.js'
import { slotOf } from '../../protocol/net-id.js'
import type { BufferedCall } from '../../remote/buffered-calls.js'
import type { ServerPeer } from './server-peer.js'
import type { ServerState } from './server-state.js'
import { NO_CONNECTIONS } from './connection-groups.js'
import { type Connections, isGroup, type RpcTarget } from '../targets.js'

/**
 * Keeps the RPC that was just added to the outgoing calls. `owner`: the entity's owner, if it does not get the RPC; or
 * 0.
 */
export function keepRpc(
  server: ServerState,
  rpc: ClientRpc,
  owner: number,
  to: RpcTarget | undefined,
  except: Connections | undefined,
): void {
  const { outgoing } = server
  const last = outgoing.count - 1
  const call = server.buffered.replace(outgoing.netIdOf(last), outgoing.definitionOf(last))
  call.copy(outgoing.writer.bytes, outgoing.startOf(last), outgoing.endOf(last))
  for (let at = outgoing.firstNameOf(last); at >= 0 && outgoing.named[at] !== 0; at++)
    call.named.push(outgoing.named[at]!)
  call.includesOwner = rpc.includeOwner
  // Numbers of connections: bitECS reuses the entity of one that ends.
  if (owner !== 0) addNumber(call.leftOut, owner)
  if (typeof except === 'number') addNumber(call.leftOut, except)
  else for (const connection of outgoing.exceptions[last] ?? NO_CONNECTIONS) addNumber(call.leftOut, connection)
  if (to === undefined) return
  call.isLimited = true
  if (typeof to === 'number') addNumber(call.only, to)
  else if (isGroup(to)) call.group = to.group
  else for (const connection of outgoing.lists[last] ?? NO_CONNECTIONS) addNumber(call.only, connection)
}

function addNumber(numbers: number[], connection: number): void {
  numbers.push(Connection.id[connection] ?? 0)
}

/** Writes, after the structure of a tick, the kept calls on the entities that a client starts to observe. */
export function writeBuffered(server: ServerState, peer: ServerPeer): void {
  const { buffered, reliable } = server
  if (buffered.entities === 0) return
  const { entering } = peer.observer
  for (let i = 0; i < entering.count; i++) {
    const calls = buffered.of(slotOf(entering.netIds[i]!))
    if (calls === undefined) continue
    for (let c = 0; c < calls.length; c++) {
      const call = calls[c]!
      if (buffered.isNew(call) || !mayGet(server, peer, call)) continue
      reliable.fit(call.length)
      reliable.writer.copy(call.bytes, 0, call.length)
    }
  }
}

function mayGet(server: ServerState, { session }: ServerPeer, call: BufferedCall): boolean {
  const { entity, connectionId } = session
  if (call.leftOut.includes(connectionId)) return false
  const owner = Networked.owner[server.replication.entities.entityOf(call.netId)]
  if (!call.includesOwner && owner === entity) return false
  if (!call.isLimited || call.only.includes(connectionId)) return true
  return call.group !== undefined && server.groups.membersOf(call.group).has(entity)
}
