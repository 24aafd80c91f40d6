// Ends a client's frame: sends readiness, scene reports, calls, messages, values and acknowledgements.
import { addComponent, removeComponent, type World } from 'bitecs'
import { Ready } from '../components/connection.js'
import type { TickClock } from '../src/connection/client/tick-clock.js'
import type { PacketBuilder, Session } from '../src/connection/session.js'
import { SectionKind } from '../src/protocol/packet.js'
import { mustWait } from '../src/remote/message-parts.js'
import { Channel } from '../src/transport/transport.js'
import { writeReport } from '../src/world/client/change-scenes.js'
import type { ClientState } from '../src/world/client/client-state.js'
import { clientState } from '../src/world/state.js'

/**
 * The last system of a client's frame: sends readiness, scene reports, the calls and messages that the game made, the
 * values that it wrote, and acknowledgements.
 */
export function sendToServer(world: World): void {
  const client = clientState(world)
  const { outgoing, counters } = client
  const session = client.session?.session
  const maySend = session?.state === 'open' || (session?.state === 'handshake' && client.hasEarlyMessages)
  if (session === undefined || !maySend) {
    counters.unsentCalls += outgoing.count
    outgoing.clear()
    return
  }
  const { clock } = client.session!
  const now = client.options.now()
  // `Ready` runs observers, which may end the session before the packets are finished.
  writeReliable(client, session, clock, now)
  writeUnreliable(client, session, clock, now)
  outgoing.clear()
}

function writeReliable(client: ClientState, session: Session, clock: TickClock, now: number): void {
  const { reliable: packet, outgoingParts, incomingParts } = client
  packet.start(session, clock.latest, now, clock.tickMs)
  if (session.state === 'open') {
    writeReady(client, session, packet)
    writeReport(client, packet, now)
  }
  writeCalls(client, Channel.Reliable, packet)
  if (outgoingParts.busy) outgoingParts.write(packet)
  if (incomingParts.unreported > 0) incomingParts.write(packet)
  packet.finish()
}

function writeUnreliable(client: ClientState, session: Session, clock: TickClock, now: number): void {
  const { unreliable: packet, replication } = client
  packet.start(session, clock.latest, now, clock.tickMs)
  writeCalls(client, Channel.Unreliable, packet)
  if (session.state === 'open') replication.authority.write(session, packet, now)
  packet.finish()
}

function writeReady(client: ClientState, session: Session, packet: PacketBuilder): void {
  const { world, connection, readyToSend: ready } = client
  if (ready === undefined) return
  client.readyToSend = undefined
  session.ready = ready
  packet.fit(2)
  packet.writer.u8(SectionKind.Ready)
  packet.writer.u8(ready ? 1 : 0)
  client.isReady = ready
  // After a change that replaces every scene, `Ready` is added once the new scene is loaded.
  if (client.isLocal || (ready && client.scenes.isReplacing)) return
  if (ready) addComponent(world, connection, Ready)
  else removeComponent(world, connection, Ready)
}

function writeCalls({ outgoing, counters, outgoingParts }: ClientState, channel: Channel, packet: PacketBuilder): void {
  for (let i = 0; i < outgoing.count; i++) {
    if (outgoing.channelOf(i) !== channel) continue
    const start = outgoing.startOf(i)
    const end = outgoing.endOf(i)
    if (channel === Channel.Reliable && mustWait(outgoing, i, outgoingParts)) {
      outgoingParts.add(outgoing, i)
      continue
    }
    if (packet.fit(end - start)) packet.writer.copyFrom(outgoing.writer, start, end)
    else counters.windowDroppedCalls++
  }
}
