// Runs functions for calls and messages instead of systems, or ignores them.
import type { Definition } from '../protocol/definitions.js'
import type { CallView } from '../remote/call-queue.js'
import type { Drainable, Drained } from './drain.js'
import { inboundQueue, requireNetwork } from '../world/inbound-queue.js'
import type { SideOptions } from '../world/host/sides.js'
import type { HostWorld, NetworkWorld } from '../world/state.js'

/** Options of {@link handle}. */
export interface HandleOptions {
  /** Replaces an existing handler without a warning. Default false. */
  replace?: boolean
}

/** Options of {@link handle}; only a host's world has two sides to choose from. */
type HandlerOptions<W> = [W] extends [HostWorld] ? HandleOptions & SideOptions : HandleOptions

/** Runs for a call, synchronously or not. */
export type Handler<Call> = ((call: Call) => void) | ((call: Call) => Promise<void>)

/**
 * Runs `handler` for each call or message, instead of a system that drains it: at the same point of the tick, before
 * the game's systems. Handlers of different definitions run in the order in which the calls arrived.
 *
 * A handler that throws, or an async one that rejects, is reported in `NetworkErrors` and stops nothing else. The call
 * object is reused, so an async handler must copy what it needs before its first await.
 *
 * Returns a function that removes the handler. In a host's world `side` says whose handler it is, as for `drain`.
 *
 * A definition has one handler. A new one replaces the old, whose function to remove it then does nothing. That is
 * often a mistake, so `NetworkErrors` has `handler-replaced`, unless `replace` is true.
 *
 * @throws UsageError when the other side drains the definition; `which-side` when both do and nothing says which is
 * meant.
 */
export function handle<W extends NetworkWorld, D extends Definition>(
  world: W,
  definition: D & Drainable<W, D>,
  handler: Handler<Drained<D>>,
  options?: HandlerOptions<W>,
): () => void
export function handle<Call>(
  world: NetworkWorld,
  definition: Definition,
  handler: Handler<Call>,
  { side, replace = false }: HandleOptions & SideOptions = {},
): () => void {
  const network = requireNetwork(world)
  const queue = inboundQueue(network, definition, side)
  const { errors, inbound } = network.server?.inbound.owns(queue) === true ? network.server : network.client!
  if (queue.handler !== undefined && !replace) {
    const text = `${queue.name} had a handler, which another has replaced; with { replace: true } that is meant`
    errors.push('handler-replaced', text, { name: queue.name })
  }
  // A separate function for each call of this verb: removing a handler must not remove a later one, even if it is the
  // same.
  const run = (call: CallView): unknown => handler(call as unknown as Call)
  inbound.setHandler(queue, run)
  return () => {
    if (queue.handler === run) inbound.setHandler(queue, undefined)
  }
}

/**
 * Ignores these calls and messages: they are dropped as they arrive, without the report that undrained ones cause. For
 * bots, and for clients that show only part of a game. In a host's world, call it within `withSide` for definitions
 * that both sides receive.
 *
 * @throws UsageError when this side does not receive a definition; `which-side` when both receive it and nothing says
 * which is meant.
 */
export function ignore(world: NetworkWorld, ...definitions: readonly Definition[]): void {
  const network = requireNetwork(world)
  for (const definition of definitions) inboundQueue(network, definition, undefined).ignored = true
}
