// A server that is about to close: nobody is let in any more, everybody is told, and those who are in play on for a while.
import { hasComponent, removeComponent, type World } from 'bitecs'
import { Draining } from '../../../components/connection.js'
import type { ServerSessions } from '../../connection/server/server-sessions.js'
import type { PacketBuilder, Session } from '../../connection/session.js'
import { MAX_DRAINING_SECTION, writeDraining } from '../../remote/draining-section.js'
import type { ServerPeer } from './server-peer.js'

/** What retiring needs of the server's role. */
export interface RetiringServer {
  readonly world: World
  readonly networkEntity: number
  readonly sessions: ServerSessions | undefined
  readonly peers: readonly ServerPeer[]
  readonly options: { readonly now: () => number }
  retirement: Retirement | undefined
  isLocal(peer: ServerPeer): boolean
  guard(change: () => void): void
}

/** That a server retires, and who has been told. */
export class Retirement {
  endsAt = 0
  text = ''
  /** Resolves when it is over. */
  readonly over: Promise<void>
  private end!: () => void
  private told = new WeakSet<Session>()

  constructor() {
    this.over = new Promise((resolve) => (this.end = resolve))
  }

  set(endsAt: number, text: string): void {
    this.endsAt = endsAt
    this.text = text
    this.told = new WeakSet()
  }

  /** Once per tick: whether somebody is still to be waited for. */
  advance(server: RetiringServer): void {
    const { peers } = server
    let remote = 0
    for (let i = 0; i < peers.length; i++) if (!server.isLocal(peers[i]!)) remote++
    if (remote === 0 || server.options.now() >= this.endsAt) this.end()
  }

  /** Tells a client, if it has not been told. */
  write(session: Session, packet: PacketBuilder, now: number): void {
    if (this.told.has(session)) return
    this.told.add(session)
    packet.fit(MAX_DRAINING_SECTION)
    writeDraining(packet.writer, Math.max(0, Math.round(this.endsAt - now)), this.text)
  }

  finish(): void {
    this.end()
  }
}

/** The server closes, or has closed. */
export function endRetirement(role: RetiringServer): void {
  const { retirement, world, networkEntity } = role
  role.retirement = undefined
  retirement?.finish()
  if (hasComponent(world, networkEntity, Draining)) {
    role.guard(() => removeComponent(world, networkEntity, Draining))
  }
}
