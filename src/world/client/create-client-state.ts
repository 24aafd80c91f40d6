// Builds the client's side of a world.
import { addComponent, addEntity, createWorld, type World } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import { PacketQueue } from '../../connection/client/packet-queue.js'
import { createCounters } from '../../connection/counters.js'
import { ErrorLog } from '../../connection/error-log.js'
import { PacketBuilder } from '../../connection/session.js'
import { isEarly } from '../../protocol/definitions.js'
import type { Protocol } from '../../protocol/protocol.js'
import { CallFaults } from '../../remote/call-faults.js'
import { InboundCalls } from '../../remote/inbound-calls.js'
import { IncomingParts, OutgoingParts } from '../../remote/message-parts.js'
import { OpenRequests } from '../../remote/open-requests.js'
import { OutgoingCalls } from '../../remote/outgoing-calls.js'
import { PendingRequests } from '../../remote/pending-requests.js'
import { ClientReplication } from '../../replication/client/client-replication.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import { Channel } from '../../transport/transport.js'
import { resetConnection } from '../connection-entity.js'
import { DEFAULT_STALLED_MS } from '../link-tags.js'
import { createClientScenes } from './client-scenes.js'
import type { ClientState, ClientStateOptions } from './client-state.js'
import { PacketReading } from './packet-reading.js'

/** Builds the state and the connection entity. It has no session before `startSession`. */
export function createClientState(world: World, protocol: Protocol, options: ClientStateOptions): ClientState {
  const counters = createCounters()
  const errors = new ErrorLog()
  const connection = addEntity(world)
  resetConnection(connection)
  addComponent(world, connection, Connection)
  const { hostEntities, now } = options
  const host = hostEntities && { world, entities: hostEntities }
  const replicated = host === undefined ? world : createWorld()
  const replication = new ClientReplication({ world: replicated, protocol, connection, counters, errors, host })
  const entities = hostEntities ?? replication.entities
  const references = hostEntities ?? replication.entities.references
  const outgoing = new OutgoingCalls(references)
  const openRequests = new OpenRequests('client', protocol, outgoing)
  const faults = new CallFaults(protocol, counters, errors, now)
  heldIdsOf(world)
  return {
    world,
    protocol,
    options,
    isLocal: hostEntities !== undefined,
    connection,
    frame: 0,
    lastFrameAt: 0,
    counters,
    errors,
    session: undefined,
    transport: undefined,
    reconnection: undefined,
    pendingConnect: undefined,
    hasEarlyMessages: protocol.definitions.some(isEarly),
    stalledAfter: DEFAULT_STALLED_MS,
    wasOpened: false,
    linkTag: undefined,
    onMoved: () => {},
    onEnded: () => {},
    autoReady: true,
    readyToSend: undefined,
    isReady: false,
    received: [new PacketQueue(), new PacketQueue()],
    reading: new PacketReading(),
    applying: false,
    endRequested: false,
    replication,
    entities,
    scenes: createClientScenes(protocol, errors, entities),
    inbound: new InboundCalls({
      protocol,
      entities: references,
      requests: openRequests,
      counters,
      errors,
      faults,
      side: 'client',
    }),
    incomingParts: new IncomingParts(),
    outgoing,
    outgoingParts: new OutgoingParts(),
    openRequests,
    pendingRequests: new PendingRequests(connection, entities, outgoing, counters),
    faults,
    reliable: new PacketBuilder(Channel.Reliable),
    unreliable: new PacketBuilder(Channel.Unreliable),
  }
}
