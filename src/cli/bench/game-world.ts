// Runs a game's protocol: a server and a client in memory, with entities that have every component, filled by type.
import { addComponent, addComponents, addEntity } from 'bitecs'
import { Networked } from '../../../components/networked.js'
import type { Protocol } from '../../protocol/protocol.js'
import type { ReplicatedComponent } from '../../protocol/definitions.js'
import { createTestNetwork, type TestNetwork } from '../../testing.js'
import { createRandom } from '../../transport/random.js'
import { setOwner } from '../../verbs/ownership.js'
import { clientState, serverState } from '../../world/state.js'
import { UserError } from '../user-error.js'
import { columnValue, type Random } from './values.js'

/** Worlds that share the game's arrays: the server, its client, and a joining one. */
const WORLDS = 3
/** Connections, network entities, and others that use an id. */
const SPARE = 32
const FEWEST = 4

/**
 * How many entities the arrays of a protocol hold for every world, at most `wanted`. @throws UserError when too few.
 */
export function entitiesFor(protocol: Protocol, wanted: number): number {
  const lengths = protocol.componentList.flatMap(({ fields }) => fields.map(({ store }) => store.capacity))
  const capacity = Math.min(Infinity, ...lengths)
  const count = Math.min(wanted, Math.floor((capacity - SPARE) / WORLDS))
  if (count >= FEWEST) return count
  const needed = FEWEST * WORLDS + SPARE
  throw new UserError(`the smallest array of the components holds ${capacity} entities; the benchmark needs ${needed}`)
}

export class GameWorld {
  readonly network: TestNetwork
  readonly eids: number[]
  readonly random: Random
  /** The components with numbers to change. */
  readonly changing: readonly ReplicatedComponent[]
  readonly anyEntity: () => number

  constructor(
    readonly protocol: Protocol,
    readonly count: number,
    seed: number,
    clients = 1,
  ) {
    this.random = createRandom(seed)
    this.network = createTestNetwork(protocol, { clients })
    const { server } = this.network
    this.changing = protocol.componentList.filter(({ fields }) => fields.length > 0)
    this.eids = Array.from({ length: count }, () => addEntity(server))
    this.anyEntity = () => this.eids[Math.floor(this.random() * count)]!
    for (const eid of this.eids) {
      this.fill(eid)
      for (const { store } of protocol.componentList) addComponent(server, eid, store)
      addComponents(server, eid, Networked)
    }
    const owner = this.network.clients[0]?.connection
    if (owner !== undefined) for (const eid of this.eids) setOwner(server, eid, owner)
    this.network.until(() => this.network.clients.every(({ world }) => this.known(world) === count), 2000)
    // Until everything sent is acknowledged, with no unsent changes.
    this.network.tick(4)
  }

  /** Entities that a client has. */
  known(world: TestNetwork['clients'][number]['world']): number {
    return clientState(world).replication.entities.alive
  }

  /** Picks some of the entities, at least one. */
  pick(fraction: number): number[] {
    const picked = this.eids.filter(() => this.random() < fraction)
    return picked.length === 0 ? [this.eids[0]!] : picked
  }

  /** Changes every number of some entities. Returns these entities. */
  change(fraction: number): number[] {
    const changed = this.pick(fraction)
    for (const eid of changed) this.fill(eid)
    return changed
  }

  /** Bytes that the server has sent so far. */
  get bytesSent(): number {
    return serverState(this.network.server).transport!.counters.bytesSent
  }

  private fill(eid: number): void {
    for (const { fields } of this.protocol.componentList) {
      for (const { store, type } of fields) store.write(eid, columnValue(type.column, this.random, this.anyEntity))
    }
  }
}
