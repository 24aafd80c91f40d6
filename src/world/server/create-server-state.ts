// Builds the server's side of a world.
import { addEntity, observe, onRemove, type World } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import { createCounters } from '../../connection/counters.js'
import { ErrorLog } from '../../connection/error-log.js'
import { BanList } from '../../connection/server/ban-list.js'
import { PacketBuilder } from '../../connection/session.js'
import { type Definition, isEarly } from '../../protocol/definitions.js'
import type { Protocol } from '../../protocol/protocol.js'
import { BufferedCalls } from '../../remote/buffered-calls.js'
import { CallFaults } from '../../remote/call-faults.js'
import { InboundCalls } from '../../remote/inbound-calls.js'
import { OpenRequests } from '../../remote/open-requests.js'
import { OutgoingCalls } from '../../remote/outgoing-calls.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import { ServerReplication } from '../../replication/server/server-replication.js'
import { Channel } from '../../transport/transport.js'
import { DEFAULT_STALLED_MS } from '../link-tags.js'
import { Groups } from './connection-groups.js'
import { connectionRemoved } from './connections.js'
import { GuardedChanges } from './guarded-changes.js'
import { createGraces } from './left-behind.js'
import { createServerScenes } from './server-scenes.js'
import type { ServerState, ServerStateOptions } from './server-state.js'

/** Builds the state and starts to observe the world. It serves no clients before `startServing`. */
export function createServerState(world: World, protocol: Protocol, options: ServerStateOptions): ServerState {
  const counters = createCounters()
  const errors = new ErrorLog()
  const replication = new ServerReplication(world, protocol, counters, errors)
  replication.tickSeconds = 1 / options.tickRate
  const { entities } = replication
  const outgoing = new OutgoingCalls(entities, true)
  const openRequests = new OpenRequests('server', protocol, outgoing)
  const faults = new CallFaults(protocol, counters, errors, options.now)
  const buffered = new BufferedCalls()
  replication.onEnded = (slot) => buffered.free(slot)
  // An entity spawns after those that its buffered RPCs name.
  if (protocol.definitions.some(isBufferedWithNames)) {
    replication.references.follow((slot, note) => buffered.eachName(slot, note))
  }
  const server: ServerState = {
    world,
    protocol,
    options,
    tickMs: 1000 / options.tickRate,
    tick: 0,
    counters,
    errors,
    guarded: new GuardedChanges(counters, errors),
    graces: createGraces(world),
    networkEntity: addEntity(world),
    sessions: undefined,
    transport: undefined,
    local: undefined,
    hasServed: false,
    cancelListen: undefined,
    // Set with the world, since it runs systems.
    close: () => Promise.resolve(),
    retirement: undefined,
    bans: new BanList(options.now),
    authentication: undefined,
    hasEarlyMessages: protocol.definitions.some(isEarly),
    closesUnknown: false,
    stalledAfter: DEFAULT_STALLED_MS,
    nextConnectionId: 1,
    peers: [],
    peerOfSession: new Map(),
    peerOfConnection: new Map(),
    authenticating: new Map(),
    greeting: [],
    joining: [],
    ending: [],
    endedSessions: [],
    groups: new Groups(),
    replication,
    scenes: createServerScenes(errors),
    inbound: new InboundCalls({ protocol, entities, requests: openRequests, counters, errors, faults, side: 'server' }),
    outgoing,
    callsBeforeEnd: new Map(),
    buffered,
    openRequests,
    faults,
    reliable: new PacketBuilder(Channel.Reliable),
    unreliable: new PacketBuilder(Channel.Unreliable),
  }
  observe(world, onRemove(Connection), (eid: number) => connectionRemoved(server, eid))
  heldIdsOf(world)
  return server
}

function isBufferedWithNames(definition: Definition): boolean {
  return definition.kind === 'client-rpc' && definition.buffer === 'last' && definition.codec.namesEntities
}
