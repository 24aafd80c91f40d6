// Makes what arrived ready for the game: goes on with scenes, drops what nobody drained in time, settles requests, shows events, runs handlers.
import type { World } from 'bitecs'
import { networkOf } from '../src/world/state.js'

/**
 * Makes what arrived ready for the game: goes on with scenes, drops what nobody drained in time, settles requests, shows
 * events, runs handlers.
 */
export function dispatchCalls(world: World): void {
  const network = networkOf(world)
  if (network === undefined) return
  const { server, client } = network
  server?.scenes.advance()
  client?.scenes.advance()
  network.lifecycle.publish()
  server?.scenes.events.publish()
  client?.scenes.events.publish()
  server?.replication.changes.publish()
  client?.replication.changes.publish()
  if (server !== undefined) {
    server.replication.collections.queues.publish()
    server.inbound.expire(server.tick - server.options.undrainedTicks)
    server.settleRequests()
    server.inbound.runHandlers()
    server.faults.flush()
  }
  if (client !== undefined) {
    client.replication.collections.queues.publish()
    client.inbound.expire(client.frame - client.options.undrainedTicks)
    client.pendingRequests.settle(client.options.now())
    client.inbound.runHandlers()
    client.faults.flush()
  }
}
