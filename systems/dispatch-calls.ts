// Makes received calls, messages and events available to the game's systems, and runs its handlers.
import type { World } from 'bitecs'
import { heldIdsOf } from '../src/replication/held-ids.js'
import { advanceScenes } from '../src/world/client/change-scenes.js'
import { lifecycleOf, resolveSide } from '../src/world/host/sides.js'
import { requireNetwork } from '../src/world/inbound-queue.js'
import { advanceServerScenes } from '../src/world/server/change-scenes.js'
import type { Network, NetworkWorld } from '../src/world/state.js'

/**
 * Makes everything received available to the game's systems: continues scenes, publishes events, drops calls that were
 * not drained in time, settles requests, and runs handlers.
 */
export function dispatchCalls(world: World): void {
  const network = requireNetwork(world as NetworkWorld)
  // In a host's world each side dispatches in its own pipeline.
  if (resolveSide(network, 'dispatchCalls') === 'server') dispatchOnServer(world, network)
  else dispatchOnClient(world, network)
}

function dispatchOnServer(world: World, network: Network): void {
  const server = network.server!
  const { scenes, replication, inbound, faults, peers } = server
  const lifecycle = lifecycleOf(network, 'server')
  advanceServerScenes(server)
  lifecycle.publish()
  scenes.events.publish()
  replication.changes.publish(lifecycle.hasBegun)
  replication.collections.queues.publish(lifecycle.hasBegun)
  inbound.expire(server.tick, server.options.undrainedTicks)
  replication.observerEvents.publish()
  heldIdsOf(world).publish('server')
  const now = server.options.now()
  for (let i = 0; i < peers.length; i++) peers[i]!.requests.settle(now)
  inbound.runHandlers()
  faults.flush()
}

function dispatchOnClient(world: World, network: Network): void {
  const client = network.client!
  const { scenes, replication, inbound, faults, pendingRequests } = client
  const lifecycle = lifecycleOf(network, 'client')
  advanceScenes(client)
  lifecycle.publish()
  scenes.events.publish()
  replication.changes.publish(lifecycle.hasBegun)
  replication.collections?.queues.publish(lifecycle.hasBegun)
  heldIdsOf(world).publish('client')
  inbound.expire(client.frame, client.options.undrainedTicks)
  pendingRequests.settle(client.options.now())
  inbound.runHandlers()
  faults.flush()
}
