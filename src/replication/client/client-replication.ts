// Applies the structure and values that the server sends to the client's world.
//
// Every section of a packet is checked (`check*`) before any of it takes effect, so the `apply*` functions meet only
// well-formed data. Values are applied only when their tick is newer than the component's. A structural change counts
// as a value too.
import { entityExists, hasComponent, type World } from 'bitecs'
import { Connection } from '../../../components/connection.js'
import { LocalPlayer, Networked, Owned } from '../../../components/networked.js'
import type { Counters } from '../../connection/counters.js'
import type { ErrorLog } from '../../connection/error-log.js'
import type { ByteReader } from '../../protocol/bytes.js'
import { readMembers } from '../../protocol/component-sets.js'
import type { EntityMapper } from '../../protocol/entity-mapper.js'
import { readNetId, slotOf } from '../../protocol/net-id.js'
import { NO_PREFAB, OriginSection } from '../../protocol/prefab.js'
import type { Protocol } from '../../protocol/protocol.js'
import { ChangeLogs } from '../change-log.js'
import { ClientAuthority } from '../authority/client-authority.js'
import { readSlot } from '../wire/block-slots.js'
import { ClientComponent } from './client-columns.js'
import { ClientCopies, type DespawnReason } from './client-copies.js'
import { ClientAnnouncements } from './client-announcements.js'
import { ClientEntities } from './client-entities.js'
import { ClientJoin } from './client-join.js'
import { ClientOwnership } from './client-ownership.js'
import type { ClientCollectionCode, ClientCollections } from '../collections/client-collections.js'
import { heldIdsOf } from '../held-ids.js'
import { LocalSpawns } from './local-spawns.js'
import { ClientRelations } from '../relations/client-relations.js'
import { UpdateReader } from './update-reader.js'

const NO_PAYLOAD = new Uint8Array(0)

/** What the replication of one client needs. */
export interface ClientReplicationOptions {
  readonly world: World
  readonly protocol: Protocol
  /** The one connection entity of this world. */
  readonly connection: number
  readonly counters: Counters
  readonly errors: ErrorLog
  /** For a host's own client, whose entities are the server's: their world and their table. */
  readonly host?: { readonly world: World; readonly entities: EntityMapper }
}

export class ClientReplication {
  readonly entities: ClientEntities
  readonly components: readonly ClientComponent[]
  readonly changes: ChangeLogs
  /** Undefined when the protocol has no collections. */
  readonly collections: ClientCollections | undefined
  readonly copies: ClientCopies
  readonly locals: LocalSpawns
  readonly join: ClientJoin
  readonly announcements: ClientAnnouncements
  readonly relations: ClientRelations
  readonly authority: ClientAuthority
  readonly ownership: ClientOwnership
  readonly updates: UpdateReader
  /** The components of the section being read. */
  private readonly members: Uint16Array
  private readonly width: number
  /** Entities were added or removed since fields of entities were last resolved. */
  private unresolved = false
  /** The prefab, payload and key of the spawn being read. */
  private readonly origin = new OriginSection()

  private readonly world: World
  private readonly connection: number
  private readonly errors: ErrorLog

  constructor({ world, protocol, connection, counters, errors, host }: ClientReplicationOptions) {
    this.world = world
    this.connection = connection
    this.errors = errors
    this.width = protocol.componentList.length
    this.entities = new ClientEntities(this.width)
    this.members = new Uint16Array(this.width)
    this.changes = new ChangeLogs(protocol)
    const { references } = this.entities
    this.components = protocol.componentList.map(
      (component, id) =>
        new ClientComponent(id, protocol.componentNames[id]!, component, references, this.changes.byId[id]),
    )
    this.collections = collectionCode(protocol)?.createClient(world, protocol, this.entities, counters)
    const shown = host?.entities ?? references
    const dropped = (eid: number): void => this.dropCopy(eid)
    this.copies = new ClientCopies({ world, protocol, entities: shown, connection, counters, errors, dropped })
    this.relations = new ClientRelations(world, protocol, this.entities, this.copies, counters)
    const forget = (index: number, id: number): void => this.components[id]!.forgetReferences(index)
    this.authority = new ClientAuthority(protocol, this.entities, counters, errors, forget)
    this.ownership = new ClientOwnership(this.entities, this.copies, this.authority, connection)
    this.updates = new UpdateReader(this.components, this.entities, this.authority)
    this.join = new ClientJoin(host?.world ?? world, connection, (change) => this.copies.guard(change))
    this.locals = new LocalSpawns(host?.world ?? world, (change) => this.copies.guard(change))
    const replace = (index: number): void => this.despawn(index, 'replaced')
    this.announcements = new ClientAnnouncements(world, this.entities, this.copies, this.locals, replace)
  }

  checkSpawn(reader: ByteReader): void {
    if (slotOf(readNetId(reader)) === 0) reader.fail()
    this.origin.read(reader)
    if (!reader.failed && !this.copies.prefabs.accepts(this.origin, reader.bytes)) reader.fail()
    this.checkRow(reader)
  }

  checkDespawn(reader: ByteReader): void {
    readSlot(reader)
    if (reader.u8() > 1) reader.fail()
  }

  checkAdd(reader: ByteReader): void {
    readSlot(reader)
    this.checkRow(reader)
  }

  checkRemove(reader: ByteReader): void {
    readSlot(reader)
    this.readSet(reader)
  }

  applySpawn(reader: ByteReader, tick: number): void {
    const netId = readNetId(reader)
    const { origin, locals } = this
    origin.read(reader)
    const { key, prefab } = origin
    // A slot still in use means that its despawn is missing; the server's packet is right.
    const tenant = this.entities.indexOf(slotOf(netId))
    if (tenant !== 0) this.despawn(tenant, 'destroyed')
    // The server gives a key to one entity at a time. So the entity that has it here has ended, and its despawn
    // follows.
    const former = key === '' ? 0 : locals.indexOf(key)
    if (former !== 0) this.despawn(former, 'replaced')
    const { entity, isOwn } = this.announcements.settle(netId, key === '' ? 0 : locals.take(key))
    const eid = entity === 0 ? heldIdsOf(this.world).add(this.capacity) : entity
    const index = this.entities.add(netId, eid)
    this.reserve(index + 1)
    const count = this.readRow(reader, index, eid, tick)
    const payload = prefab === NO_PREFAB ? NO_PAYLOAD : reader.bytes.slice(origin.start, origin.end)
    this.copies.arrive(eid)
    if (isOwn) this.giveComponents(index, eid)
    else this.addComponents(index, eid, count)
    this.copies.begin(eid, netId, prefab, payload)
    this.unresolved = true
    // An observer of the game may have removed it already, unnoticed.
    if (!hasComponent(this.world, eid, Networked)) this.dropCopy(eid)
    if (key === '') return
    locals.bear(index, key)
    // The game may have claimed the key while its code ran here.
    const claimed = locals.entityOf(key)
    if (claimed !== eid && locals.isScene(claimed)) this.moveTo(index, claimed)
  }

  applyAnnounce(reader: ByteReader): void {
    this.announcements.apply(reader)
    this.unresolved = true
  }

  /** The entity of this world with a key, the client's own or the server's; or 0. */
  entityOfKey(key: string): number {
    return this.locals.entityOf(key) || this.entities.eidOf[this.locals.indexOf(key)]!
  }

  /** Lets an entity of a scene claim a key, and stand for the entity that the server has spawned with it, if any. */
  claimKey(eid: number, key: string): void {
    this.locals.add(eid, key, Infinity)
    const index = this.locals.indexOf(key)
    if (index === 0) return
    this.moveTo(index, eid)
    this.resolve()
  }

  applyDespawn(reader: ByteReader): void {
    const slot = readSlot(reader)
    const index = this.entities.indexOf(slot)
    const reason = reader.u8() === 0 ? 'destroyed' : 'hidden'
    if (index !== 0) this.despawn(index, reason)
    else if (this.announcements.end(slot, reason === 'destroyed')) this.unresolved = true
  }

  applyAdd(reader: ByteReader, tick: number): void {
    const index = this.entities.indexOf(readSlot(reader))
    const eid = this.entities.eidOf[index]!
    if (eid === 0) {
      this.checkRow(reader)
      return
    }
    const count = this.readRow(reader, index, eid, tick)
    for (let m = 0; m < count; m++) this.collections?.restart(this.members[m]!, eid)
    this.addComponents(index, eid, count)
  }

  applyRemove(reader: ByteReader): void {
    const index = this.entities.indexOf(readSlot(reader))
    const count = this.readSet(reader)
    if (index === 0) return
    const eid = this.entities.eidOf[index]!
    for (let m = 0; m < count; m++) {
      const component = this.members[m]!
      this.authority.removed(index, component)
      this.entities.removeComponent(index, component)
      this.components[component]!.end(index, eid)
      if (eid !== 0) this.copies.remove(eid, this.components[component]!.definition.store)
    }
  }

  checkCorrection(reader: ByteReader): void {
    readSlot(reader)
    const count = this.readSet(reader)
    for (let m = 0; m < count; m++) this.components[this.members[m]!]!.checkRow(reader)
  }

  /** Applies the server's corrections, even to values that this client writes itself. */
  applyCorrection(reader: ByteReader, tick: number): void {
    const index = this.entities.indexOf(readSlot(reader))
    const count = this.readSet(reader)
    const eid = this.entities.eidOf[index]!
    for (let m = 0; m < count; m++) {
      const id = this.members[m]!
      const component = this.components[id]!
      if (eid === 0 || !this.entities.hasComponent(index, id)) component.checkRow(reader)
      else {
        this.entities.setValueTick(index, id, tick)
        component.readCorrection(reader, index, eid, tick, this.authority.holds(index, id))
        this.authority.told(index, id, tick)
      }
    }
  }

  /** Looks for arrays that the game has replaced. Call it before received packets are applied. */
  refreshStores(): void {
    for (let i = 0; i < this.components.length; i++) {
      if (this.components[i]!.refresh()) this.restoreKept(this.components[i]!)
    }
  }

  /** Writes the values of entities that fit now, after the game made arrays larger. */
  private restoreKept(component: ClientComponent): void {
    const { entities, authority } = this
    const { id } = component
    authority.refreshStores()
    component.restoreKept(
      { eidOf: (index) => entities.eidOf[index]!, hasComponent: (index) => entities.hasComponent(index, id) },
      (index) => authority.told(index, id, 0),
    )
  }

  /** Resolves fields of entities after a packet of structure: they may now name entities that arrived or ended. */
  resolveReferences(): void {
    if (this.unresolved) this.resolve()
  }

  private resolve(): void {
    this.unresolved = false
    const { entities } = this
    for (const component of this.components) {
      if (!component.hasReferences) continue
      for (let index = 1; index < entities.indices; index++) {
        const eid = entities.eidOf[index]!
        if (eid === 0 || !entities.hasComponent(index, component.id)) continue
        component.resolve(index, eid, this.authority.holds(index, component.id))
      }
    }
  }

  /** Shows interpolated components as they are at `tick`, fractions included. */
  interpolate(tick: number): void {
    for (const component of this.components) component.snapshots?.show(tick, this.entities.eidOf)
  }

  /** Ends every entity, the newest first. */
  despawnAll(): void {
    for (const index of this.entities.newestFirst()) this.despawn(index, 'disconnected')
    this.announcements.endAll()
    this.authority.reset()
  }

  private despawn(index: number, reason: DespawnReason): void {
    const eid = this.entities.eidOf[index]!
    this.authority.lose(index)
    for (const component of this.components) component.snapshots?.forget(index)
    this.unresolved = true
    this.relations.end(index)
    this.locals.unbear(index)
    if (eid === 0) {
      this.entities.remove(index)
      return
    }
    const prefab = this.copies.end(eid, reason)
    if (reason !== 'destroyed' && this.locals.isScene(eid)) {
      // It existed before the server's entity, and exists again when that one returns.
      this.copies.removeLocal(eid, prefab)
      this.entities.remove(index)
      return
    }
    this.takeComponents(index, eid, prefab)
    // The table is last, so that an observer of any step can still ask for the net id.
    this.entities.remove(index)
    this.copies.guard(() => heldIdsOf(this.world).remove(eid))
  }

  /** Replaces the copy that was made for an entity of the server with an entity of the game's own. */
  private moveTo(index: number, eid: number): void {
    const copy = this.entities.eidOf[index]!
    // The game removed the copy and its values; the next spawn carries them again.
    if (copy === 0) return
    const { copies, entities, locals, world } = this
    const owned = hasComponent(world, copy, Owned)
    const isPlayer = Connection.player[this.connection] === copy
    const payload = copies.prefabs.payloadOf(copy) ?? NO_PAYLOAD
    const key = locals.unbear(index)
    for (let c = 0; c < this.width; c++) {
      if (!entities.hasComponent(index, c)) continue
      this.requireRoom(this.components[c]!, eid)
      this.components[c]!.copyValues(index, copy, eid)
      this.collections?.moveTo(c, copy, eid)
    }
    this.relations.hide(index)
    this.authority.lose(index)
    const prefab = copies.end(copy, 'replaced')
    this.takeComponents(index, copy, prefab)
    entities.moveTo(index, eid)
    copies.guard(() => heldIdsOf(world).remove(copy))
    this.collections?.setArriving(eid)
    copies.arrive(eid)
    this.giveComponents(index, eid)
    copies.begin(eid, entities.netIds[index]!, prefab, payload)
    this.unresolved = true
    locals.bear(index, key)
    if (!hasComponent(world, eid, Networked)) {
      this.dropCopy(eid)
      return
    }
    this.relations.show(index)
    if (owned) this.ownership.moveOwned(index, eid)
    if (isPlayer) this.ownership.showPlayer(eid)
  }

  /** Forgets a copy that the game removed. Its index stays, and the server's packets for it are ignored. */
  private dropCopy(eid: number): void {
    const index = this.entities.slotOfEntity(eid)
    if (index === 0) {
      if (this.entities.announced.drop(eid)) this.unresolved = true
      return
    }
    if (Connection.player[this.connection] === eid) Connection.player[this.connection] = 0
    if (entityExists(this.world, eid)) this.relations.hide(index)
    this.authority.lose(index)
    this.entities.dropCopy(index)
    this.copies.drop(eid)
    this.unresolved = true
    // If the entity lives on, it belongs to the game alone, and is neither player nor owned.
    if (!entityExists(this.world, eid)) return
    this.copies.remove(eid, LocalPlayer)
    this.copies.remove(eid, Owned)
  }

  /** All of the game's replicated arrays have room for the entity ids below this one. */
  private get capacity(): number {
    let capacity = Infinity
    for (let c = 0; c < this.width; c++) capacity = Math.min(capacity, this.components[c]!.capacity)
    return capacity
  }

  private reserve(indices: number): void {
    for (const component of this.components) component.reserve(indices)
  }

  private checkRow(reader: ByteReader): void {
    const count = this.readSet(reader)
    for (let m = 0; m < count; m++) {
      this.components[this.members[m]!]!.checkRow(reader)
      this.collections?.checkRow(reader, this.members[m]!)
    }
  }

  /** Reads a set of components into `members`, and returns how many there are. */
  private readSet(reader: ByteReader): number {
    return readMembers(reader, this.width, this.members)
  }

  /** Reads a row into an entity. Leaves its components in `members`, and returns how many there are. */
  private readRow(reader: ByteReader, index: number, eid: number, tick: number): number {
    const count = this.readSet(reader)
    this.collections?.setArriving(eid)
    for (let m = 0; m < count; m++) {
      const id = this.members[m]!
      const component = this.components[id]!
      this.requireRoom(component, eid)
      // Newer values that have overtaken this row are held, and applied again after it.
      this.entities.setValueTick(index, id, tick)
      component.readRow(reader, index, eid, tick)
      this.authority.told(index, id, tick)
      this.collections?.readRow(reader, id, eid)
    }
    return count
  }

  private addComponents(index: number, eid: number, count: number): void {
    for (let m = 0; m < count; m++) {
      // An observer may have removed the entity, and another may have its id now.
      if (this.entities.eidOf[index] === eid) this.copies.add(eid, this.components[this.members[m]!]!.definition.store)
    }
    this.collections?.setArriving(0)
  }

  /** Gives an entity the components of an index, and removes its other replicated ones. */
  private giveComponents(index: number, eid: number): void {
    for (let c = 0; c < this.width; c++) {
      const { store } = this.components[c]!.definition
      if (this.entities.eidOf[index] !== eid) break
      if (this.entities.hasComponent(index, c)) this.copies.add(eid, store)
      else this.copies.remove(eid, store)
    }
    this.collections?.setArriving(0)
  }

  /** Removes everything that a spawn added to an entity, in reverse order. */
  private takeComponents(index: number, eid: number, prefab: number): void {
    this.copies.removeLocal(eid, prefab)
    for (let c = this.width - 1; c >= 0; c--) {
      if (this.entities.hasComponent(index, c)) this.copies.remove(eid, this.components[c]!.definition.store)
    }
  }

  private requireRoom(component: ClientComponent, eid: number): void {
    if (eid < component.capacity) return
    // An observer of the game may have made room just now.
    if (component.refresh()) this.restoreKept(component)
    if (eid < component.capacity) return
    const { name, capacity } = component
    const message = `entity ${eid} has ${name}, whose arrays hold ${capacity} entities: make them larger`
    this.errors.once('store-too-small', component.name, message, eid)
  }
}

/** The code that a client needs for collections. Their types bring it; without any it is undefined. */
function collectionCode({ componentList }: Protocol): ClientCollectionCode | undefined {
  const field = componentList.find(({ collections }) => collections.length > 0)?.collections[0]
  return field?.type.code as ClientCollectionCode | undefined
}
