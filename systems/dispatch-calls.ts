// Makes what arrived ready for the game: goes on with scenes, drops what nobody drained in time, settles requests, shows events, runs handlers.
import type { World } from 'bitecs'
import { requireNetwork } from '../src/world/inbound-queue.js'
import { lifecycleOf, sideOf } from '../src/world/sides.js'
import type { NetworkWorld } from '../src/world/state.js'

/**
 * Makes what arrived ready for the game: goes on with scenes, drops what nobody drained in time, settles requests, shows
 * events, runs handlers.
 */
export function dispatchCalls(world: World): void {
  const network = requireNetwork(world as NetworkWorld)
  // In a host's world each side dispatches in its own pipeline.
  const side = sideOf(network, 'dispatchCalls')
  const { scenes, replication } = network[side]!
  scenes.advance()
  lifecycleOf(network, side).publish()
  scenes.events.publish()
  replication.changes.publish()
  replication.collections.queues.publish()
  if (side === 'server') {
    const server = network.server!
    server.inbound.expire(server.tick, server.options.undrainedTicks)
    server.replication.observerEvents.publish()
    server.settleRequests()
    server.inbound.runHandlers()
    server.faults.flush()
  } else {
    const client = network.client!
    client.inbound.expire(client.frame, client.options.undrainedTicks)
    client.pendingRequests.settle(client.options.now())
    client.inbound.runHandlers()
    client.faults.flush()
  }
}
