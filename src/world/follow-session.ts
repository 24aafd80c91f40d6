// Shows on a connection's entity how its session is: its round trip, whether its line holds, whether it takes part.
import { addComponent, removeComponent, type World } from 'bitecs'
import { Connection, Interrupted, Ready } from '../../components/connection.js'
import { PeerLimit } from './peer-limit.js'
import type { ServerPeer } from './server-peer.js'

/** What it needs of the server's role. */
export interface FollowContext {
  readonly world: World
  readonly options: { readonly now: () => number }
  /** Runs what may call observers of the game; one that throws is reported. */
  guard(change: () => void): void
}

/** Once per tick, for each connection. */
export function followSession(context: FollowContext, peer: ServerPeer): void {
  const { session } = peer
  Connection.roundTrip[session.entity] = session.roundTrip.smoothed
  if (session.isInterrupted !== peer.showsInterrupted) showInterrupted(context, peer)
  if (session.wantsReady !== session.ready && !peer.scenes.isReplacing) followReadiness(context, peer)
}

function showInterrupted(context: FollowContext, peer: ServerPeer): void {
  const { entity, isInterrupted } = peer.session
  peer.showsInterrupted = isInterrupted
  context.guard(() => (isInterrupted ? addComponent : removeComponent)(context.world, entity, Interrupted))
}

/** A change of readiness may cost the whole world, so one that flickers is followed only now and then. */
function followReadiness(context: FollowContext, { session, limits }: ServerPeer): void {
  if (session.state !== 'open' || !limits.take(PeerLimit.Readiness, context.options.now())) return
  const { entity, wantsReady } = session
  session.ready = wantsReady
  context.guard(() => (wantsReady ? addComponent : removeComponent)(context.world, entity, Ready))
}
