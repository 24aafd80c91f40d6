// Shows on a connection's entity how its session is: its round trip, whether its line holds, whether it takes part.
import { addComponent, removeComponent } from 'bitecs'
import { Connection, Ready } from '../../../components/connection.js'
import type { LineContext } from '../link-tags.js'
import { PeerLimit } from './peer-limit.js'
import type { ServerPeer } from './server-peer.js'

/** What it needs of the server's role. */
export interface FollowContext extends LineContext {
  readonly options: { readonly now: () => number }
  /** Milliseconds without a tick after which a client's game stands still. */
  readonly stalledAfter: number
}

/** Once per tick, for each connection. */
export function followSession(context: FollowContext, peer: ServerPeer): void {
  const { session } = peer
  Connection.roundTrip[session.entity] = session.roundTrip.smoothed
  peer.line.follow(context, session, context.stalledAfter)
  if (session.wantsReady !== session.ready && !peer.scenes.isReplacing) followReadiness(context, peer)
}

/** A change of readiness may cost the whole world, so one that flickers is followed only now and then. */
function followReadiness(context: FollowContext, { session, limits }: ServerPeer): void {
  if (session.state !== 'open' || !limits.take(PeerLimit.Readiness, context.options.now())) return
  const { entity, wantsReady } = session
  session.ready = wantsReady
  context.guard(() => (wantsReady ? addComponent : removeComponent)(context.world, entity, Ready))
}
