// What the server of a host's world keeps of its own client: one connection entity for both roles, the sessions over the
// link between them, which entity carries `LocalPlayer`, what the client is told, and what its hooks have built. All other
// state is in the world already.
import { addComponent, hasComponent, observe, onRemove, removeComponent, type World } from 'bitecs'
import { LocalConnection } from '../../../components/connection.js'
import { LocalPlayer, Networked } from '../../../components/networked.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import { NO_PREFAB } from '../../protocol/prefab.js'
import type { ClientReplication } from '../../replication/client/client-replication.js'
import { heldIdsOf } from '../../replication/held-ids.js'
import type { Observer } from '../../replication/server/observer.js'
import type { ServerReplication } from '../../replication/server/server-replication.js'
import type { LocalView } from './local-view.js'

export class LocalClient {
  /** The one session over the link, while there is a link. */
  sessions: ServerSessions | undefined
  /** Its user data, which an authenticator gives to others. */
  user: object | undefined
  /** The entity that carries `LocalPlayer`, or 0. */
  private player = 0

  constructor(
    private readonly world: World,
    /** The connection entity, on both sides. It outlives the sessions. */
    readonly connection: number,
    private readonly server: ServerReplication,
    private readonly client: ClientReplication,
    readonly view: LocalView,
    /** Runs hooks of the client's game as code of its side. */
    private readonly asClient: (act: () => void) => void,
  ) {
    addComponent(world, connection, LocalConnection)
    observe(world, onRemove(Networked), (eid: number) => {
      this.playerEnded(eid)
      asClient(() => client.copies.prefabs.end(eid))
    })
  }

  /**
   * Builds what the client has begun to see in this tick, and tears down what was hidden from it. An entity of the client's
   * own that claimed a key gives way to the server's, which is in this world itself.
   */
  showView(observer: Observer): void {
    this.view.begin(observer)
    this.asClient(() => this.buildView(observer))
    const { pending } = observer
    if (pending.told === pending.remaining) return
    pending.told = pending.remaining
    this.client.join.show(1)
  }

  private buildView({ entering, leaving, known }: Observer): void {
    const { entities, origins, endedKeys } = this.server
    const { copies, locals } = this.client
    for (let i = 0; i < entering.count; i++) {
      const eid = entities.entityOf(entering.netIds[i]!)
      if (eid === 0) continue
      const { prefab, payload } = origins.of(eid)
      if (prefab !== NO_PREFAB) copies.prefabs.begin(eid, prefab, payload)
    }
    for (let i = 0; i < leaving.count; i++) {
      const eid = entities.entityOf(leaving.netIds[i]!)
      if (eid !== 0) copies.prefabs.end(eid)
    }
    for (const key of locals.keys) {
      const local = locals.entityOf(key)
      const isThere = known.has(entities.slotOfEntity(origins.entityOf(key)))
      if (!isThere && !(endedKeys.has(key) && locals.isScene(local))) continue
      copies.guard(() => heldIdsOf(this.world).remove(local))
    }
  }

  /** The client's session has ended: nothing is shown to it any more. */
  endView(): void {
    this.view.endAll()
    this.asClient(() => this.client.copies.prefabs.endAll())
  }

  /**
   * Moves `LocalPlayer` to an entity, or to none: it leaves the old one before it comes to the new one. `reason`: why the
   * old one ends for the client, if it does.
   */
  showPlayer(player: number, reason = ''): void {
    if (player === this.player) return
    const before = this.player
    this.player = player
    if (before !== 0) {
      this.view.tellPlayer('removed', before, reason)
      removeComponent(this.world, before, LocalPlayer)
    }
    if (player === 0) return
    this.view.tellPlayer('added', player, '')
    addComponent(this.world, player, LocalPlayer)
  }

  /** Takes `LocalPlayer` from what is not in the client's sight. */
  hidePlayer(observer: Observer): void {
    if (this.player !== 0) this.showPlayer(0, this.view.reasonOf(observer, this.player))
  }

  /** `Networked` leaves the player; when the whole entity goes, bitECS takes the tag by itself. */
  private playerEnded(eid: number): void {
    if (eid !== this.player) return
    this.player = 0
    this.view.tellPlayer('removed', eid, '')
    if (!hasComponent(this.world, eid, Networked)) removeComponent(this.world, eid, LocalPlayer)
  }
}
