// Reports the progress of large messages in both directions.
import type { Message } from '../protocol/definitions.js'
import type { Protocol } from '../protocol/protocol.js'
import type { IncomingParts, OutgoingParts, PartProgress } from '../remote/message-parts.js'
import { requireNetwork } from '../world/inbound-queue.js'
import type { NetworkWorld } from '../world/state.js'

/** A message that is being sent in parts. */
export interface Transfer {
  readonly message: Message
  /** The message's name in the protocol. */
  readonly name: string
  /** The connection entity of the sender or receiver. */
  readonly connection: number
  readonly direction: 'in' | 'out'
  /** Bytes received or sent so far, and in total. */
  readonly done: number
  readonly total: number
}

/**
 * The large messages in transfer, at most one per direction and connection: for a progress bar. A complete message is
 * no longer listed: it is drained like any other.
 *
 * @throws UsageError when the world has no network.
 */
export function transfers(world: NetworkWorld): Transfer[] {
  const { server, client } = requireNetwork(world)
  const list: Transfer[] = []
  for (const { session, outgoingParts, incomingParts } of server?.peers ?? []) {
    add(list, server!.protocol, session.entity, outgoingParts, incomingParts)
  }
  if (client !== undefined) add(list, client.protocol, client.connection, client.outgoingParts, client.incomingParts)
  return list
}

function add(
  list: Transfer[],
  protocol: Protocol,
  connection: number,
  outgoing: OutgoingParts,
  incoming: IncomingParts,
): void {
  const push = (direction: Transfer['direction'], { id, done, total }: PartProgress): void => {
    const message = protocol.definitions[id] as Message
    list.push({ message, name: protocol.definitionNames[id]!, connection, direction, done, total })
  }
  if (outgoing.progress !== undefined) push('out', outgoing.progress)
  if (incoming.progress !== undefined) push('in', incoming.progress)
}
