// The verbs that give calls and messages to functions instead of systems, or to nobody.
import type { Definition } from '../protocol/definitions.js'
import type { CallView } from '../remote/call-queue.js'
import type { Drainable, Drained } from './drain.js'
import { inboundQueue, requireNetwork } from '../world/inbound-queue.js'
import type { SideOptions } from '../world/host/sides.js'
import type { HostWorld, NetworkWorld } from '../world/state.js'

/** Options of {@link handle}. */
export interface HandleOptions {
  /** Takes the place of a handler that is there without a word. Default false. */
  replace?: boolean
}

/** Options of {@link handle}; only a host's world has two sides to choose from. */
type HandlerOptions<W> = [W] extends [HostWorld] ? HandleOptions & SideOptions : HandleOptions

/** What runs for a call, at once or for a while. */
export type Handler<Call> = ((call: Call) => void) | ((call: Call) => Promise<void>)

/**
 * Runs `handler` for each call or message, in place of a system that drains it: at the same point of the tick, before the
 * game's systems. Handlers of different definitions run in the order in which the calls arrived. A handler that throws is reported in `NetworkErrors` and stops nothing else, and so is an async one that
 * rejects; take what it needs of the call, which is used again, before its first await. Returns a function that takes the
 * handler away. In a host's world `side` says whose handler it is, as for `drain`.
 *
 * A definition has one handler: a new one takes the place of the old, whose function to take it away does nothing then. As
 * that is often a mistake, `handler-replaced` in `NetworkErrors` tells of it, unless `replace` says that it is meant.
 *
 * @throws UsageError when the other side drains the definition; `which-side` when both do and nothing says which is meant.
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
  // One of its own for each call of this verb: what takes a handler away takes no later one, be it the same function.
  const run = (call: CallView): unknown => handler(call as unknown as Call)
  inbound.setHandler(queue, run)
  return () => {
    if (queue.handler === run) inbound.setHandler(queue, undefined)
  }
}

/**
 * Says that nobody here wants these calls and messages: they are dropped as they arrive, without the report that undrained
 * ones get. For bots, and clients that show only part of a game. In a host's world, call it within `withSide` for what both
 * sides receive.
 *
 * @throws UsageError when a definition is not received by this side; `which-side` when both receive it and nothing says
 * which is meant.
 */
export function ignore(world: NetworkWorld, ...definitions: readonly Definition[]): void {
  const network = requireNetwork(world)
  for (const definition of definitions) inboundQueue(network, definition, undefined).ignored = true
}
