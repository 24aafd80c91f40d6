// What the server of a host's world keeps of its own client: one connection entity for both roles, the sessions over the
// link between them, and which entity carries `LocalPlayer`. All other state is in the world already.
import { addComponent, hasComponent, observe, onRemove, removeComponent, type World } from 'bitecs'
import { LocalConnection } from '../../components/connection.js'
import { LocalPlayer, Networked } from '../../components/networked.js'
import type { ServerSessions } from '../connection/server-sessions.js'

export class LocalClient {
  /** The one session over the link, while there is a link. */
  sessions: ServerSessions | undefined
  /** The entity that carries `LocalPlayer`, or 0. */
  private player = 0

  constructor(
    private readonly world: World,
    /** The connection entity, on both sides. It outlives the sessions. */
    readonly connection: number,
  ) {
    addComponent(world, connection, LocalConnection)
    observe(world, onRemove(Networked), (eid: number) => this.playerEnded(eid))
  }

  /** Moves `LocalPlayer` to an entity, or to none: it leaves the old one before it comes to the new one. */
  showPlayer(player: number): void {
    if (player === this.player) return
    const before = this.player
    this.player = player
    if (before !== 0) removeComponent(this.world, before, LocalPlayer)
    if (player !== 0) addComponent(this.world, player, LocalPlayer)
  }

  /** `Networked` leaves the player; when the whole entity goes, bitECS takes the tag by itself. */
  private playerEnded(eid: number): void {
    if (eid !== this.player) return
    this.player = 0
    if (!hasComponent(this.world, eid, Networked)) removeComponent(this.world, eid, LocalPlayer)
  }
}
