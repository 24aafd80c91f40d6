// Finds the queue that a verb drains: that of a definition, on the right side of the world.
import type { Definition } from '../protocol/definitions.js'
import { UsageError } from '../protocol/errors.js'
import type { CallQueue } from '../remote/call-queue.js'
import type { MergedCalls } from '../remote/merged-calls.js'
import { isHost, resolveSide } from './host/sides.js'
import { type Network, networkOf, type NetworkWorld, type Side } from './state.js'

const NOUNS: Readonly<Record<Definition['kind'], string>> = {
  command: 'a command',
  'client-rpc': 'a client RPC',
  'target-rpc': 'a target RPC',
  message: 'a message',
}

/** @throws UsageError when the world has no network. */
export function requireNetwork(world: NetworkWorld): Network {
  const network = networkOf(world)
  if (network !== undefined) return network
  throw new UsageError('wrong-side', 'this world has no network; make it with createServerWorld')
}

/**
 * The queue of a definition, on the side that `asked` or the definition names.
 *
 * @throws UsageError when the definition is not listed, or not received by that side; `which-side` when both receive
 * it.
 */
export function inboundQueue(network: Network, definition: Definition, asked: Side | undefined): CallQueue {
  const state = (network.server ?? network.client)!
  const { name } = state.inbound.queueOf(definition)
  const side = receivingSide(network, definition, name, asked)
  if (!isReceivedBy(definition, side)) throw new UsageError('wrong-side', wrongSideText(definition, name))
  return network[side]!.inbound.queueOf(definition)
}

/**
 * The queues of several definitions on one side, which the first of them determines.
 *
 * @throws as `inboundQueue` does.
 */
export function mergedQueues(
  network: Network,
  definitions: readonly Definition[],
  asked: Side | undefined,
): MergedCalls | readonly never[] {
  const state = (network.server ?? network.client)!
  const [first] = definitions
  if (first === undefined) return []
  const side = receivingSide(network, first, state.inbound.queueOf(first).name, asked)
  for (const definition of definitions) inboundQueue(network, definition, side)
  return network[side]!.inbound.mergedOf(definitions)
}

/** Says which side sends a definition and which drains it: "Fire is a command: clients send it, servers drain it". */
function wrongSideText(definition: Definition, name: string): string {
  const isOfClients = definition.kind === 'command' || (definition.kind === 'message' && definition.from === 'client')
  const sides = isOfClients ? 'clients send it, servers drain it' : 'servers send it, clients drain it'
  return `${name} is ${NOUNS[definition.kind]}: ${sides}`
}

/** In a host's world most definitions are received by only one side. */
function receivingSide(network: Network, definition: Definition, name: string, asked: Side | undefined): Side {
  if (asked === undefined && isHost(network) && !isReceivedBy(definition, 'client')) return 'server'
  if (asked === undefined && isHost(network) && !isReceivedBy(definition, 'server')) return 'client'
  return resolveSide(network, name, asked)
}

function isReceivedBy(definition: Definition, side: Side): boolean {
  if (definition.kind === 'command') return side === 'server' || definition.runLocally
  if (definition.kind === 'message') return definition.from !== side
  return side === 'client' || (definition.kind === 'client-rpc' && definition.runLocally)
}
