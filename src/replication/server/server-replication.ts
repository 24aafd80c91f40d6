// Follows the structure of the server's world, finds what changed, encodes it once, and fills each client's packets.
//
// Structure (spawns, despawns, components, owners) travels on the reliable channel, in the order of the ticks. Values
// travel on the unreliable channel, always whole and always the newest. Lost values are sent again as they are now.
import { entityExists, hasComponent, observe, onAdd, onRemove, query, removeComponent, type World } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import { Networked, Owned } from '../../../components/networked.js'
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { PacketBuilder, Session } from '../../connection/session.js'
import { ComponentSets, EMPTY_SET, SMALLEST_SET_LIMIT } from '../../protocol/component-sets.js'
import { slotOf } from '../../protocol/net-id.js'
import type { Protocol } from '../../protocol/protocol.js'
import { OwnerWrites } from '../authority/owner-writes.js'
import { ServerAuthority } from '../authority/server-authority.js'
import { BlockHistory } from '../wire/block-history.js'
import { BlockEncoder } from '../wire/blocks.js'
import { ChangeLogs } from '../change-log.js'
import { ChangeTracker } from './change-tracker.js'
import { EndedKeys } from './ended-keys.js'
import { ServerCollections } from '../collections/server-collections.js'
import { createLeaf } from '../interest/create-leaf.js'
import { Visibility } from '../interest/visibility.js'
import { ObserverEvents } from './observer-events.js'
import { Observer } from './observer.js'
import { ServerRelations } from '../relations/server-relations.js'
import { ServerEntities } from './server-entities.js'
import { Priorities } from './priorities.js'
import { DEFAULT_BYTES_PER_SECOND } from './send-budget.js'
import { OwnerAudience } from './owner-audience.js'
import { PausedEntities } from './paused-entities.js'
import type { ReplicationTables } from './replication-tables.js'
import { References } from './references.js'
import { growTo, put, SlotSet } from '../slot-set.js'
import { SpawnAdmission } from './spawn-admission.js'
import { SpawnOrigins } from './spawn-origins.js'
import { StructureWriter } from './structure-writer.js'
import { UpdateWriter } from './update-writer.js'

export class ServerReplication {
  readonly entities = new ServerEntities()
  readonly sets: ComponentSets
  readonly tracker: ChangeTracker
  readonly changes: ChangeLogs
  readonly observerEvents = new ObserverEvents(this.entities)
  readonly observers: Observer[] = []
  readonly visibility: Visibility
  readonly structure: StructureWriter
  readonly collections: ServerCollections
  readonly origins: SpawnOrigins
  readonly endedKeys = new EndedKeys()
  readonly authority: ServerAuthority
  readonly audience: OwnerAudience
  readonly writes: OwnerWrites
  readonly relations: ServerRelations
  readonly priorities = new Priorities()
  readonly references: References
  readonly admission: SpawnAdmission
  /** The limit for a new client in bytes per second, and the length of a tick in seconds. */
  bytesPerSecond = DEFAULT_BYTES_PER_SECOND
  tickSeconds = 0.05
  /** The entity that is being despawned, or 0. It keeps nothing when it leaves the network. */
  despawning = 0
  private readonly tables: ReplicationTables
  private readonly paused: PausedEntities
  private readonly updates: UpdateWriter
  private readonly history = new BlockHistory()
  /** `shared` encodes values once for all clients that see them; `repeats` encodes values for one client again. */
  readonly shared: BlockEncoder
  private readonly repeats: BlockEncoder

  /** Slots whose tenancy began or ended since interest was last updated. */
  readonly added: number[] = []
  readonly removed: number[] = []
  /** Slots whose components and values have not been read yet. */
  private readonly unspawned: number[] = []
  /** Entities that wait for a slot, in order. */
  private readonly slotless = new Set<number>()
  /** The table of component sets is compacted when it has this many sets. */
  private setLimit = SMALLEST_SET_LIMIT
  /** Slots whose components may have changed, and slots whose owner may have changed. */
  private readonly structureDirty = new SlotSet()
  private readonly ownerDirty = new SlotSet()
  /** By slot in `structureDirty`: the components that clients have and that were removed since the last tick. */
  private removedSets = new Uint32Array(64)
  /** Slots with a component whose arrays have no room for the entity. */
  private readonly unfit = new SlotSet()

  /** Called when an entity's tenancy of a slot ends. */
  onEnded: (slot: number) => void = () => {}
  private tick = 0
  /** The newest tick whose packets were sent. */
  private sentTick = 0
  private readonly acknowledgedTick = (): number => {
    let tick = this.sentTick
    for (const { session } of this.observers) {
      const { structureTick, structureAcknowledged, structureSince } = session
      // Without this bound no slot could be reused while any client joins.
      if (structureAcknowledged < structureTick) {
        tick = Math.min(tick, Math.max(structureAcknowledged, structureSince - 1))
      }
    }
    return tick
  }

  constructor(
    private readonly world: World,
    protocol: Protocol,
    private readonly counters: Counters,
    private readonly errors: ErrorLog,
  ) {
    this.sets = new ComponentSets(protocol.componentList.length)
    this.changes = new ChangeLogs(protocol)
    this.tracker = new ChangeTracker({
      protocol,
      sets: this.sets,
      entities: this.entities,
      counters,
      errors,
      changes: this.changes,
    })
    this.shared = new BlockEncoder(this.sets, this.tracker.components, this.history, this.entities)
    this.repeats = new BlockEncoder(this.sets, this.tracker.components, this.history, this.entities)
    const has = (slot: number, component: number): boolean => {
      return this.entities.spawned[slot] === 1 && this.sets.has(this.entities.componentsOf[slot]!, component)
    }
    this.collections = new ServerCollections(world, protocol, this.entities)
    this.audience = new OwnerAudience(protocol, this.entities, this.sets)
    this.authority = new ServerAuthority(protocol, this.entities, this.sets)
    this.writes = new OwnerWrites(protocol, this.entities, this.authority, this.tracker, has)
    this.origins = new SpawnOrigins(world, protocol, this.entities)
    const { entities, sets, tracker, collections, origins, authority, audience } = this
    this.visibility = new Visibility(world, entities, errors, createLeaf({ world, entities, tracker, sets }))
    this.relations = new ServerRelations(world, protocol, entities)
    const { relations } = this
    this.tables = { entities, sets, tracker, collections, origins, relations, authority, audience }
    this.structure = new StructureWriter(this.tables)
    const { structure, visibility, priorities, shared, repeats, history } = this
    this.references = new References(protocol, this.tables)
    this.admission = new SpawnAdmission(entities, structure, this.references, visibility, priorities)
    this.updates = new UpdateWriter(shared, repeats, history, visibility, priorities)
    this.paused = new PausedEntities(world, (eid) => this.forgetPlayer(eid))
    for (const eid of query(world, [Networked])) this.begin(eid)
    observe(world, onAdd(Networked), (eid: number) => this.begin(eid))
    observe(world, onRemove(Networked), (eid: number) => this.end(eid))
    for (const { store, id } of this.tracker.components) {
      observe(world, onAdd(store), (eid: number) => this.touchComponents(eid))
      observe(world, onRemove(store), (eid: number) => this.noteRemoval(this.touchComponents(eid), id))
    }
  }

  addObserver(session: Session): Observer {
    const { entities, tracker, sets, history, counters, audience } = this
    const tables = { entities, tracker, sets, history, counters, audience }
    const observer = new Observer(session, tables, this.bytesPerSecond)
    this.observers.push(observer)
    this.audience.add(observer)
    this.visibility.addObserver(observer)
    return observer
  }

  removeObserver(observer: Observer): void {
    const index = this.observers.indexOf(observer)
    if (index >= 0) this.observers.splice(index, 1)
    this.visibility.removeObserver(observer)
    this.observerEvents.disconnect(observer)
    this.audience.remove(observer)
    observer.session.deliverySink = undefined
  }

  /** Notes that an entity's owner may have changed. */
  touchOwner(eid: number): void {
    const slot = this.entities.slotOfEntity(eid)
    if (slot !== 0) this.ownerDirty.add(slot)
  }

  /** Starts a tick: everything noted from now on is sent with it. */
  startTick(tick: number): void {
    this.tick = tick
    if (this.sets.count > this.setLimit) this.compactSets()
  }

  /** Picks up arrays that the game replaced, and begins the structure of this tick. */
  followStores(): void {
    if (this.tracker.refreshStores()) this.checkRoom()
    this.structure.begin(this.tick)
  }

  /**
   * Releases the slots of entities that ended before this tick's `updateInterest`. They stay reserved for one more
   * tick, because its systems are notified of the end. Changes that a system makes from now on are found in the next
   * tick.
   */
  releaseSlots(): void {
    for (let i = 0; i < this.removed.length; i++) this.entities.release(this.removed[i]!, this.tick + 1)
    this.added.length = 0
    this.removed.length = 0
  }

  /** Ends the tick after everything was sent. */
  finishTick(): void {
    this.sentTick = this.tick
    this.collections.finishTick()
    this.endedKeys.finishTick()
    this.observerEvents.finishTick(this.observers)
  }

  /** Begins a client's part of the tick: spawns as many of the pending entities as fit. `player` is its own, or 0. */
  admit(observer: Observer, player: number): void {
    const { budget, session } = observer
    budget.pay(session.bytesSent)
    budget.refill(this.tickSeconds)
    this.admission.admit(observer, this.entities.slotOfEntity(player), this.tick)
  }

  /** Spawns a pending entity before its turn. */
  promote(observer: Observer, slot: number): void {
    this.admission.promote(observer, slot, this.tick)
  }

  /** Writes the values that changed, and the client's unsent changes. */
  writeUpdates(observer: Observer, packet: PacketBuilder): void {
    this.updates.write(observer, packet, this.tick)
  }

  /**
   * Keeps the sets in use and forgets the others. A game with independent components produces new ones all the time.
   */
  private compactSets(): void {
    const live = new Set<number>()
    for (let slot = 1; slot < this.entities.slots; slot++) {
      live.add(this.entities.componentsOf[slot]!).add(this.removedSets[slot]!)
    }
    for (const { owed } of this.observers) owed.addSetsTo(live)
    this.tracker.addSetsInUse(live)
    const numbers = this.sets.compact(live)
    this.tracker.renumberSets(numbers)
    for (let slot = 1; slot < this.entities.slots; slot++) {
      this.entities.componentsOf[slot] = numbers[this.entities.componentsOf[slot]!]!
      this.removedSets[slot] = numbers[this.removedSets[slot]!]!
    }
    for (const observer of this.observers) observer.owed.renumber(numbers)
    this.history.forgetAll()
    this.shared.forgetSets()
    this.repeats.forgetSets()
    this.setLimit = Math.max(SMALLEST_SET_LIMIT, this.sets.count * 2)
  }

  private begin(eid: number): void {
    put(Networked.netId, eid, 0, 0)
    put(Networked.reason, eid, '', '')
    if (!this.paused.take(eid) || !hasComponent(this.world, eid, Owned)) put(Networked.owner, eid, 0, 0)
    if (this.slotless.size > 0 || !this.takeSlot(eid)) this.slotless.add(eid)
  }

  /** Returns whether an entity has `Networked` but no slot, because all slots are in use. */
  isSlotless(eid: number): boolean {
    return this.slotless.has(eid)
  }

  /** Gives free slots to the entities that wait for one, in their order. */
  placeSlotless(): void {
    if (this.slotless.size === 0) return
    for (const eid of this.slotless) {
      if (!this.takeSlot(eid)) return
      this.slotless.delete(eid)
    }
  }

  /** Gives an entity a slot, so that clients can receive it. Returns false when no slot is free. */
  private takeSlot(eid: number): boolean {
    const netId = this.entities.add(eid, this.acknowledgedTick)
    if (netId === 0) {
      const text = 'no more networked entities fit; further ones reach clients when others have ended'
      this.errors.once('too-many-entities', '', text, eid)
      return false
    }
    const slot = slotOf(netId)
    this.removedSets = growTo(this.removedSets, this.entities.slots)
    this.tracker.reserve(slot + 1)
    this.structure.reserve(slot + 1)
    this.authority.reserve(slot + 1)
    Networked.netId[eid] = netId
    this.priorities.forget(slot)
    this.added.push(slot)
    this.unspawned.push(slot)
    this.collections.entityBegan(eid)
    this.relations.begin(slot, eid)
    return true
  }

  private end(eid: number): void {
    const slot = this.entities.slotOfEntity(eid)
    if (slot === 0) {
      if (this.slotless.delete(eid)) this.origins.end(eid)
      return
    }
    if (this.entities.spawned[slot] === 1) {
      for (const component of this.sets.members[this.entities.componentsOf[slot]!]!) this.stop(slot, component)
    }
    this.entities.remove(slot)
    this.relations.end(slot, eid)
    const key = this.origins.sceneKeyOf(eid)
    if (key !== '') this.endedKeys.add(key)
    this.origins.end(eid)
    this.removed.push(slot)
    this.onEnded(slot)
    Networked.reason[eid] = 'destroyed'
    // An entity that lives on keeps its owner, and stays its client's player, in case it is networked again.
    if (eid !== this.despawning && entityExists(this.world, eid) && !hasComponent(this.world, eid, Networked)) {
      this.paused.add(eid)
    } else {
      // bitECS gives the id to another entity at once, which must inherit neither an owner nor a client. The owner
      // itself stays readable for the game's observers; `begin` clears it.
      if (Networked.owner[eid] !== 0 && entityExists(this.world, eid)) removeComponent(this.world, eid, Owned)
      this.forgetPlayer(eid)
    }
    this.structureDirty.delete(slot)
    this.removedSets[slot] = EMPTY_SET
    this.unfit.delete(slot)
    this.ownerDirty.delete(slot)
  }

  /** Clears the player of each connection that had this entity. */
  private forgetPlayer(eid: number): void {
    for (const { session } of this.observers) {
      if (Connection.player[session.entity] === eid) Connection.player[session.entity] = 0
    }
  }

  /** Notes that an entity gained or lost a component. Returns its slot, or 0. */
  private touchComponents(eid: number): number {
    const slot = this.entities.slotOfEntity(eid)
    if (slot !== 0) this.structureDirty.add(slot)
    return slot
  }

  /** Notes that a component was removed. If it returns within this tick, clients get it again, with all values. */
  private noteRemoval(slot: number, component: number): void {
    const { entities, sets, removedSets } = this
    if (slot === 0 || entities.spawned[slot] === 0 || !sets.has(entities.componentsOf[slot]!, component)) return
    removedSets[slot] = sets.with(removedSets[slot]!, component)
  }

  /** Checks again the entities that had no room, and those that have none now, after the game replaced an array. */
  private checkRoom(): void {
    const { unfit, structureDirty, entities } = this
    for (let slot = unfit.next(0); slot >= 0; slot = unfit.next(slot + 1)) structureDirty.add(slot)
    unfit.clear()
    for (const { members, capacity } of this.tracker.components) {
      if (capacity === Infinity) continue
      for (let eid = members.next(capacity); eid >= 0; eid = members.next(eid + 1)) {
        structureDirty.add(entities.slotOfEntity(eid))
      }
    }
  }

  /** Reads the components and values of entities that began. */
  takeOverSpawns(): void {
    for (let i = 0; i < this.unspawned.length; i++) {
      const slot = this.unspawned[i]!
      const eid = this.entities.eidOf[slot]!
      if (eid === 0 || this.entities.spawned[slot] === 1) continue
      this.endedKeys.begin(this.origins.of(eid).key)
      this.origins.settle(eid)
      const set = this.componentsIn(slot, eid)
      this.entities.componentsOf[slot] = set
      this.entities.spawned[slot] = 1
      for (const component of this.sets.members[set]!) this.start(slot, eid, component)
      this.structureDirty.delete(slot)
      this.entities.toldOwner[slot] = Networked.owner[eid]!
      this.ownerDirty.delete(slot)
    }
    this.unspawned.length = 0
  }

  /** Finds which components were added to entities and removed from them. */
  takeOverComponents(): void {
    const { structureDirty, removedSets, entities, sets } = this
    for (let slot = structureDirty.next(0); slot >= 0; slot = structureDirty.next(slot + 1)) {
      const eid = entities.eidOf[slot]!
      const before = entities.componentsOf[slot]!
      const now = this.componentsIn(slot, eid)
      // Includes components that were removed and added again: their values may differ, and scans may not look for
      // them.
      const removed = sets.union(sets.difference(before, now), removedSets[slot]!)
      removedSets[slot] = EMPTY_SET
      const added = sets.difference(now, sets.difference(before, removed))
      if (removed === EMPTY_SET && added === EMPTY_SET) continue
      for (const component of sets.members[removed]!) this.stop(slot, component)
      for (const component of sets.members[added]!) {
        this.start(slot, eid, component, sets.has(removed, component))
        this.collections.showLater(eid, component)
      }
      entities.componentsOf[slot] = now
      this.structure.addChange(slot, removed, added)
    }
    structureDirty.clear()
  }

  /** Finds entities whose owner changed. */
  takeOverOwners(): void {
    const { ownerDirty, entities } = this
    for (let slot = ownerDirty.next(0); slot >= 0; slot = ownerDirty.next(slot + 1)) {
      const before = entities.toldOwner[slot]!
      const now = Networked.owner[entities.eidOf[slot]!]!
      // Clients never received an owner that was set and removed within the tick. An owner that lost the entity and got
      // it back had no authority meanwhile. It loses the entity and gets it again, with all values.
      if (before === 0 && now === 0) continue
      entities.toldOwner[slot] = now
      this.authority.tellAll(slot, this.tick)
      this.structure.addOwnerChange(slot, before, now)
      this.visibility.ownerChanged(slot, before, now)
    }
    ownerDirty.clear()
  }

  /** Prepares a component of an entity that clients are about to receive. */
  private start(slot: number, eid: number, component: number, isAgain = false): void {
    this.tracker.start(slot, eid, component, this.tick, isAgain)
    this.collections.start(slot, eid, component)
    this.authority.tell(slot, component, this.tick)
  }

  /** Forgets a component whose removal clients are about to receive. */
  private stop(slot: number, component: number): void {
    const eid = this.entities.eidOf[slot]!
    this.tracker.stop(slot, eid, component)
    this.collections.stop(eid, component)
  }

  /** The replicated components of an entity, without those whose arrays have no room for it. */
  private componentsIn(slot: number, eid: number): number {
    let set = EMPTY_SET
    if (!entityExists(this.world, eid)) return set
    for (const component of this.tracker.components) {
      if (!hasComponent(this.world, eid, component.store)) continue
      if (eid < component.capacity) set = this.sets.with(set, component.id)
      else {
        this.unfit.add(slot)
        const message =
          `entity ${eid} has ${component.name}, whose arrays hold ${component.capacity} entities: ` +
          `it is not replicated; make the arrays larger`
        this.errors.once('store-too-small', component.name, message, eid)
      }
    }
    return set
  }
}
