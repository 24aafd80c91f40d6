// Makes what arrived ready for the game: goes on with scenes, drops what nobody drained in time, settles requests, shows events, runs handlers.
import type { World } from 'bitecs'
import { heldIdsOf } from '../src/replication/held-ids.js'
import { advanceScenes } from '../src/world/client/change-scenes.js'
import { requireNetwork } from '../src/world/inbound-queue.js'
import { lifecycleOf, sideOf } from '../src/world/host/sides.js'
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
  if (side === 'server') network.server!.scenes.advance()
  else advanceScenes(network.client!)
  const lifecycle = lifecycleOf(network, side)
  lifecycle.publish()
  scenes.events.publish()
  replication.changes.publish(lifecycle.hasBegun)
  replication.collections.queues.publish(lifecycle.hasBegun)
  if (side === 'server') {
    const server = network.server!
    server.inbound.expire(server.tick, server.options.undrainedTicks)
    server.replication.observerEvents.publish()
    heldIdsOf(world).publish(side)
    server.settleRequests()
    server.inbound.runHandlers()
    server.faults.flush()
  } else {
    const client = network.client!
    heldIdsOf(world).publish(side)
    client.inbound.expire(client.frame, client.options.undrainedTicks)
    client.pendingRequests.settle(client.options.now())
    client.inbound.runHandlers()
    client.faults.flush()
  }
}
