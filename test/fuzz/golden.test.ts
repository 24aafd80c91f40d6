// Replays recordings of real play from the repository: each side accepts every packet and gets the same results.
import { describe, expect, it } from 'vitest'
import { PacketKind } from '../../src/protocol/packet-kind.js'
import { SectionKind } from '../../src/protocol/packet.js'
import { readTapes } from './engine/corpus.js'
import { layout } from './engine/recorder.js'
import { protocol } from './game-protocol.js'
import { plays } from './golden/plays.js'
import { replaySide } from './golden/stage.js'
import { hashOf, type Side, THIS_WIRE } from './golden/tape.js'

const tapes = readTapes()

describe.each(plays)(
  'the recording of $name, which npm run fuzz -- --record rewrites after an intended change,',
  (play) => {
    const tape = tapes.find(({ name }) => name === play.name)!

    it('has the current wire version and protocol', () => {
      expect([tape.wire, tape.hash]).toEqual([THIS_WIRE, hashOf(protocol)])
    })

    it.each(['server', 'client'] as const)('is accepted completely by the %s, with the recorded results', (side) => {
      const meant = tape.meanings.filter((meaning) => meaning.side === side)
      expect(replaySide(play, tape, side)).toEqual(meant)
    })
  },
)

describe('all recordings together', () => {
  const { Hello, Welcome, Close, Data, Ping, Pong } = PacketKind
  const BOTH = ['Call', 'Message', 'Request', 'Reply', 'Cancel', 'MessagePart', 'PartsTaken'] as const
  const OF_CLIENTS = ['Ready', 'SceneProgress', 'ClientUpdate'] as const
  const toServer = [...BOTH, ...OF_CLIENTS].map((name) => SectionKind[name])
  const toClient = Object.values(SectionKind).filter((kind) => !OF_CLIENTS.some((name) => SectionKind[name] === kind))

  const packetsTo = (side: Side): Uint8Array[] =>
    tapes
      .flatMap(({ arrivals }) => arrivals.filter((arrival) => arrival.side === side))
      .flatMap(({ step }) => (step.kind === 'packet' ? [step.bytes] : []))

  it.each([
    ['server', toServer, [Hello, Close, Data, Ping, Pong]],
    ['client', toClient, [Welcome, Close, Data, Ping, Pong]],
  ] as const)('contain every kind of packet and section to the %s', (side, sections, kinds) => {
    const packets = packetsTo(side)
    const had = new Set(
      packets.flatMap((bytes) =>
        layout.take(bytes).flatMap(({ role, bytes: [kind] }) => (role === 'section' ? [kind] : [])),
      ),
    )
    const byNumber = (a: number, b: number): number => a - b
    expect([...had].map(Number).sort(byNumber)).toEqual([...sections].sort(byNumber))
    expect([...new Set(packets.map(([kind]) => kind!))].sort(byNumber)).toEqual([...kinds].sort(byNumber))
  })

  it('match the list of plays', () => {
    expect(tapes.map(({ name }) => name).sort()).toEqual(plays.map(({ name }) => name).sort())
  })
})
