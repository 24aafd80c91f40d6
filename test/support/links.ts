// One server and one client in memory, of whose links each direction can die by itself.
import { createEntityIndex } from 'bitecs'
import { startSession } from '../../src/world/client/start-session.js'
import { createClientWorld, createServerWorld } from '../../src/verbs/create.js'
import type { Protocol } from '../../src/protocol/protocol.js'
import { condition, type ConditionedTransport } from '../../src/transport/conditioner.js'
import { createLoopback } from '../../src/transport/loopback.js'
import { Channel, type PeerId, type Transport } from '../../src/transport/transport.js'
import { startServing } from '../../src/world/server/start-serving.js'
import { clientState, serverState } from '../../src/world/state.js'
import { clientReceive, clientSend, runSystems, serverReceive, serverSend } from '../../systems/index.js'

const TICK_MS = 50

/** One link of the client. */
export interface Link {
  /** From the client to the server: nothing arrives until it is alive again. */
  setUpAlive(isAlive: boolean): void
  /** From the server to the client. */
  setDownAlive(isAlive: boolean): void
}

/** Makes what a transport sends to chosen peers wait, or get lost, as on a dead link. */
function holdBack(transport: Transport) {
  const held = new Map<PeerId, Uint8Array[]>()
  const send = transport.send.bind(transport)
  transport.send = (peer, channel, bytes, length) => {
    const waiting = held.get(peer)
    if (waiting === undefined) return send(peer, channel, bytes, length)
    if (channel === Channel.Reliable) waiting.push(bytes.slice(0, length))
    return true
  }
  return (peer: PeerId, isAlive: boolean): void => {
    const waiting = held.get(peer) ?? []
    if (!isAlive) return void held.set(peer, waiting)
    held.delete(peer)
    for (const packet of waiting) send(peer, Channel.Reliable, packet, packet.length)
  }
}

/** What becomes of a further link: it works, it carries nothing from the client, or it never opens. */
export type Fate = 'alive' | 'dead' | 'unopened'

/** Connects a client. `fate` decides about each further link when the client tries it. */
export function connectByLinks(protocol: Protocol, fate: () => Fate = () => 'alive') {
  let time = 0
  const now = (): number => time
  const loopback = createLoopback({ now })
  const entityIndex = createEntityIndex()
  const server = createServerWorld(protocol, { entityIndex, now })
  const client = createClientWorld(protocol, { entityIndex, now })
  const links: Link[] = []
  const setDown = holdBack(loopback.server)
  const open = (isDead: boolean): ConditionedTransport => {
    const peer = links.length + 1
    const transport = condition(loopback.connect(), { down: isDead, now })
    links.push({
      setUpAlive: (isAlive) => transport.set({ down: !isAlive }),
      setDownAlive: (isAlive) => setDown(peer, isAlive),
    })
    return transport
  }
  startServing(serverState(server), loopback.server, {})
  let fail = (): void => {}
  const reopen = (): Transport | Promise<Transport> => {
    const next = fate()
    if (next !== 'unopened') return open(next === 'dead')
    return new Promise<Transport>((_, reject) => (fail = () => reject(new Error('it did not open'))))
  }
  startSession(clientState(client), open(false), { reopen })
  const tick = (count = 1): void => {
    for (let i = 0; i < count; i++) {
      time += TICK_MS
      runSystems(client, [...clientReceive, ...clientSend])
      runSystems(server, [...serverReceive, ...serverSend])
    }
  }
  tick(20)
  /** Ends the try that has not opened. */
  const failTry = async (): Promise<void> => {
    fail()
    await new Promise(setImmediate)
  }
  return { server, client, links, tick, now, failTry }
}
