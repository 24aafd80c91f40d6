// Records real packets of a rich game, in both directions, as input for the mutators: with every part of the wire.
import { clearOwner, close, kick, retire, sendMessage, setPlayer, setReady } from 'bitecs-net'
import { correct } from 'bitecs-net/authority'
import { changeScene } from 'bitecs-net/scenes'
import { SectionKind } from '../../../src/protocol/packet.js'
import type { Channel } from '../../../src/transport/transport.js'
import { capture, type Captured, transportOf } from '../../unit/world/tap.js'
import { FuzzGame, Match, protocol } from '../game.js'
import { Blob, Look } from '../game-protocol.js'
import { Layout, type Piece } from './pieces.js'

/** A sent packet, and its fields. */
export interface Recorded {
  readonly channel: Channel
  readonly bytes: Uint8Array
  readonly pieces: readonly Piece[]
}

/** Packets of clients to the server, and of the server to clients. */
export interface Recording {
  readonly client: readonly Recorded[]
  readonly server: readonly Recorded[]
}

/** The number of recorded steps of the game. */
const STEPS = 60

export const layout = new Layout(protocol)

/** Plays a game and records it. The same seed gives the same packets, except for the secrets of sessions. */
export function record(seed: number): Recording {
  const game = new FuzzGame(seed, 2)
  const { net } = game
  const captured: Captured[] = []
  capture(transportOf(net.server, 'server'), 'server', captured)
  const late = net.begin()
  for (const { world } of net.clients) capture(transportOf(world, 'client'), 'client', captured)
  for (let i = 0; i < STEPS; i++) {
    const { connection } = late
    game.step()
    // A ship changes its owner and back, so that its owner loses it first.
    if (i === 10 || i === 14) clearOwner(net.server, game.honest[1]!.ship)
    if (i === 10) setPlayer(net.server, late.connection, game.honest[1]!.ship, { onLeave: 'keep' })
    if (i === 14) setPlayer(net.server, game.honest[1]!.client.connection, game.honest[1]!.ship)
    if (i === 16) changeScene(net.server, Match, { seed: 7, name: 'dust' }, { to: connection })
    if (i === 30) late.cut()
    // Record its next transport, too.
    if (i === 33) capture(transportOf(late.world, 'client'), 'client', captured)
    if (i === 40 || i === 44) setReady(late.world, i === 44)
    if (i === 46) correct(net.server, game.honest[0]!.ship, Look)
    if (i === 48) sendMessage(net.server, Blob, { data: new Uint8Array(3000).fill(7) })
  }
  void retire(net.server, { grace: 60_000, text: 'soon' })
  game.step()
  kick(net.server, late.connection, 'enough')
  game.step()
  void close(game.honest[1]!.client.world)
  net.tick()
  void close(net.server, 'enough')
  const of = (from: Captured['from']): Recorded[] =>
    captured
      .filter((packet) => packet.from === from)
      .map(({ channel, bytes }) => ({ channel, bytes, pieces: layout.take(bytes) }))
  return { client: of('client'), server: of('server') }
}

/** The kinds of sections that these packets have. */
export function sectionKinds(packets: readonly Recorded[]): Set<number> {
  return new Set(packets.flatMap(({ pieces }) => pieces.filter(({ role }) => role === 'section').map(kindOf)))
}

function kindOf({ bytes }: Piece): number {
  return bytes[0]!
}

/** Every kind of section. */
export const ALL_KINDS: readonly number[] = Object.values(SectionKind)
