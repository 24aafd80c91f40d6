// Gives the systems of a host's own client the events that a remote client would get: entities that begin and end,
// owners, and changes of the values that it observes.
//
// The entities are the server's, which has all of them at once. So these events cannot come from observers of the
// world: they follow, tick by tick, which entities the interest rules show to the own client.
import { LocalPlayer, Networked, Owned } from '../../../components/networked.js'
import { slotOf } from '../../protocol/net-id.js'
import type { ClientReplication } from '../../replication/client/client-replication.js'
import type { Observer } from '../../replication/server/observer.js'
import type { ServerReplication } from '../../replication/server/server-replication.js'
import { LeaveReason } from '../../replication/server/view-changes.js'
import type { Lifecycle } from '../lifecycle.js'

export class LocalView {
  /** The entities that the client has, by net id, in the order in which they began; and those that it owns. */
  private readonly shown = new Map<number, number>()
  /** The net ids of these entities, by entity. */
  private readonly netIds = new Map<number, number>()
  private readonly owned = new Set<number>()
  private readonly players: { kind: 'added' | 'removed'; eid: number; netId: number; reason: string }[] = []
  private observer: Observer | undefined
  private readonly seesChange = (netId: number, component: number): boolean => this.isChange(netId, component)
  private readonly seesOperation = (netId: number, store: object): boolean => {
    return this.isTold(netId, this.server.tracker.idOfComponent(store))
  }

  constructor(
    private readonly server: ServerReplication,
    private readonly client: ClientReplication,
    private readonly events: Lifecycle,
    /** The connection entity. */
    private readonly connection: number,
  ) {}

  /**
   * Adds the events of entities and values that begin or change for the client in this tick. `undefined`: it is not
   * ready.
   */
  begin(observer: Observer | undefined): void {
    this.observer = observer
    this.client.changes.retain(this.seesChange)
    this.client.collections?.queues.retain(this.seesOperation)
    if (observer === undefined) return
    const { entering, known, enteringSet } = observer
    const { entities, structure } = this.server
    for (let i = 0; i < entering.count; i++) {
      const netId = entering.netIds[i]!
      const eid = entities.tenantOf(netId)
      this.replace(eid)
      this.shown.set(netId, eid)
      this.netIds.set(eid, netId)
      this.events.push('added', Networked, eid, netId)
      if (entities.toldOwner[slotOf(netId)] === this.connection) this.gain(netId, eid)
    }
    for (let i = 0; i < structure.ownerChangeCount; i++) {
      const { slot, before, now } = structure.ownerChanges[i]!
      if (!known.has(slot) || enteringSet.has(slot)) continue
      const netId = entities.netIds[slot]!
      const eid = entities.tenantOf(netId)
      if (before === this.connection) this.lose(netId, eid, '')
      if (now === this.connection) this.gain(netId, eid)
    }
  }

  /** Adds the events of entities that end for the client in this tick. */
  end({ leaving }: Observer): void {
    this.flushPlayers()
    for (let i = 0; i < leaving.count; i++) {
      this.leave(leaving.netIds[i]!, leaving.reasons[i] === LeaveReason.Destroyed ? 'destroyed' : 'hidden')
    }
  }

  /** Why an entity leaves the client's view in this tick; '' when it stays. */
  reasonOf({ leaving }: Observer, eid: number): string {
    for (let i = 0; i < leaving.count; i++) {
      if (this.shown.get(leaving.netIds[i]!) !== eid) continue
      return leaving.reasons[i] === LeaveReason.Destroyed ? '' : 'hidden'
    }
    return ''
  }

  /** The session has ended, and with it every entity that the client had, the newest first. */
  endAll(): void {
    this.flushPlayers()
    for (const netId of [...this.shown.keys()].reverse()) this.leave(netId, 'disconnected')
  }

  /** Adds the event that an entity became the client's player, or no longer is. */
  tellPlayer(kind: 'added' | 'removed', eid: number, reason: string): void {
    this.players.push({ kind, eid, netId: Networked.netId[eid] ?? 0, reason })
  }

  /** A remote client is notified of its player by the packets of a tick. */
  private flushPlayers(): void {
    const { players } = this
    for (const { kind, eid, netId, reason } of players) this.events.push(kind, LocalPlayer, eid, netId, reason)
    if (players.length > 0) players.length = 0
  }

  private gain(netId: number, eid: number): void {
    this.owned.add(netId)
    this.events.push('added', Owned, eid, netId)
  }

  private lose(netId: number, eid: number, reason: string): void {
    if (this.owned.delete(netId)) this.events.push('removed', Owned, eid, netId, reason)
  }

  /**
   * Ends an entity for the client that begins again within the tick. A remote client has two copies for a moment, so
   * the new one may begin first. Here both are the same entity.
   */
  private replace(eid: number): void {
    const former = this.netIds.get(eid)
    if (former === undefined) return
    this.flushPlayers()
    this.leave(former, 'destroyed')
  }

  private leave(netId: number, reason: string): void {
    const eid = this.shown.get(netId)
    if (eid === undefined) return
    this.lose(netId, eid, reason)
    this.shown.delete(netId)
    this.netIds.delete(eid)
    this.events.push('removed', Networked, eid, netId, reason)
  }

  /**
   * Whether a remote client would receive a change of a component. It would not if the whole entity or component
   * begins.
   */
  private isTold(netId: number, component: number): boolean {
    const { observer } = this
    const slot = slotOf(netId)
    if (observer === undefined || this.server.entities.netIds[slot] !== netId) return false
    if (!observer.known.has(slot) || observer.enteringSet.has(slot)) return false
    return !this.server.audience.hides(slot, component, this.connection)
  }

  /** The client's own writes are no changes for it, unless the server corrects them. */
  private isChange(netId: number, component: number): boolean {
    if (!this.isTold(netId, component)) return false
    const { entities, authority } = this.server
    const slot = slotOf(netId)
    return entities.toldOwner[slot] !== this.connection || authority.tells(slot, component)
  }
}
