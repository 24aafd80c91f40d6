// Keeps what the server of a host's world knows of its own client: one connection entity for both sides, the sessions
// over the link between them, the entity with `LocalPlayer`, the client's events, and the results of its hooks. All
// other state is in the world already.
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

/** The replication of a host's two sides. */
interface BothReplications {
  readonly server: ServerReplication
  readonly client: ClientReplication
}

export class LocalClient {
  /** The one session over the link, while there is a link. */
  sessions: ServerSessions | undefined
  /** Its user data, which other clients get from the authenticator. */
  user: object | undefined
  /** The entity with `LocalPlayer`, or 0. */
  private player = 0
  private readonly server: ServerReplication
  private readonly client: ClientReplication

  constructor(
    private readonly world: World,
    /** The connection entity, on both sides. It outlives the sessions. */
    readonly connection: number,
    { server, client }: BothReplications,
    readonly view: LocalView,
    /** Runs hooks of the client's game as code of the client's side. */
    private readonly asClient: (act: () => void) => void,
  ) {
    this.server = server
    this.client = client
    addComponent(world, connection, LocalConnection)
    observe(world, onRemove(Networked), (eid: number) => {
      this.playerEnded(eid)
      asClient(() => client.copies.prefabs.end(eid))
    })
  }

  /**
   * Builds the entities that the client starts to observe in this tick, and tears down those hidden from it. If an
   * entity of the client claimed a key, the server's entity, which is in this world itself, replaces it.
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

  /** The client's session has ended: its view ends. */
  endView(): void {
    this.view.endAll()
    this.asClient(() => this.client.copies.prefabs.endAll())
  }

  /**
   * Moves `LocalPlayer` to an entity, or to none: the old one loses it before the new one gets it. `reason`: why the
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

  /** Removes `LocalPlayer` from an entity that the client does not observe. */
  hidePlayer(observer: Observer): void {
    if (this.player !== 0) this.showPlayer(0, this.view.reasonOf(observer, this.player))
  }

  /** The player loses `Networked`. When the whole entity is removed, bitECS removes the tag itself. */
  private playerEnded(eid: number): void {
    if (eid !== this.player) return
    this.player = 0
    this.view.tellPlayer('removed', eid, '')
    if (!hasComponent(this.world, eid, Networked)) removeComponent(this.world, eid, LocalPlayer)
  }
}
