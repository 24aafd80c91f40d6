// Connects buffered RPCs with the order of spawns: an entity is spawned after those that the RPCs kept for it name.
import type { Definition } from '../../protocol/definitions.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { BufferedCalls } from '../../remote/buffered-calls.js'
import type { References } from '../../replication/server/references.js'

/** Has entities spawned after those that buffered RPCs on them name, where any can. */
export function followBuffered(protocol: Protocol, buffered: BufferedCalls, references: References): void {
  const isNaming = (definition: Definition): boolean => {
    return definition.kind === 'client-rpc' && definition.buffer === 'last' && definition.codec.namesEntities
  }
  if (protocol.definitions.some(isNaming)) references.follow((slot, note) => buffered.eachName(slot, note))
}
