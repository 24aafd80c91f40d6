// Runs a world that is server and client at once, as "bitecs-net/host", for playing alone and for players who host.
// Imports nothing of Node, so it also works in a browser.
import { receiveWhenHidden } from './client/hidden-tab.js'
import { close } from './verbs/close.js'
import { joinLocally, type JoinLocallyOptions } from './world/host/join-locally.js'
import { type Loop, type LoopOptions, takeOverLoop } from './world/loop.js'
import { isServing } from './world/server/connections.js'
import { forgetEvents, type HostWorld, serverState } from './world/state.js'
import { openStores } from './world/shared-stores.js'
import { hostPipeline, type HostSystems, hostTick } from '../systems/index.js'

/** Options of {@link startHost}. */
export type StartHostOptions = JoinLocallyOptions

/** A host's world whose own client plays. */
export interface Host {
  /**
   * Runs the game at the world's tick rate: in each tick a frame of the client, then a tick of the server. After a
   * stall the loop catches up with a limited number of ticks and reports those that it skipped. A loop that already
   * runs the world is stopped.
   *
   * Without `client` it runs the server alone: run the client yourself as often as you draw, with `runSystems(world,
   * hostFrame(systems))`.
   *
   * @throws UsageError when another open world uses its components without sharing its entity index.
   */
  run(systems: HostSystems, options?: Omit<LoopOptions, 'rate'>): Loop
  /**
   * Stops the loop, ends every connection, that of the own client included, and stops listening. Resolves when nothing
   * is left.
   */
  close(text?: string): Promise<void>
}

/**
 * Lets the own client of a host's world join it. The session opens as the pipelines run: `Connected` and `Ready` are
 * added within three ticks. Without `listen` nobody else can join: a single-player game that needs no network. With
 * `listen`, called before or after, others join the same world. `close(world)` ends both; then the host may start
 * again.
 *
 * @throws UsageError when the world is not a host's, its client plays already, or its last session has not ended yet.
 */
export function startHost(world: HostWorld, options: StartHostOptions = {}): Host {
  const state = serverState(world)
  if (state.hasServed && !isServing(state)) forgetEvents(world)
  joinLocally(world, options)
  receiveWhenHidden(world)
  let loop: Loop | undefined
  return {
    run({ server, client }, loopOptions = {}) {
      openStores(world)
      const all = client === undefined ? hostTick(server) : hostPipeline({ server, client })
      loop = takeOverLoop(world, all, { ...loopOptions, rate: state.options.tickRate })
      return loop
    },
    close(text) {
      loop?.stop()
      return close(world, text)
    },
  }
}

export { close } from './verbs/close.js'
export { createHostWorld, type HostWorldOptions } from './verbs/create.js'
export type { Loop, LoopOptions, System } from './world/loop.js'
export { clientSystems, serverSystems, withSide } from './world/host/sides.js'
export type { HostWorld } from './world/state.js'
export { hostFrame, hostPipeline, type HostSystems, hostTick, runSystems } from '../systems/index.js'
export type { SideOptions } from './world/host/sides.js'
export type { Side } from './world/state.js'
