// Behaviours of messages that are too large for one packet, over every network.
import { bytes, defineMessage, defineProtocol, drain, sendMessage, string, u8 } from 'bitecs-net'
import { type Transfer, transfers } from 'bitecs-net/stats'
import { createRandom } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import type { MakePeers } from './peers.js'

export const MAP_BYTES = 400_000
export const Map = defineMessage({ tiles: bytes(MAP_BYTES) }, { large: true })
export const Line = defineMessage({ text: string(100) })
export const Upload = defineMessage(
  { n: u8, data: bytes(200_000) },
  { from: 'client', large: true, rate: { perSecond: 0.01, burst: 2 } },
)
export const large = defineProtocol({ messages: { Map, Line, Upload } })

/** Bytes that a part in the wrong place would not match. */
export function tilesOf(seed: number, count: number): Uint8Array {
  const random = createRandom(seed)
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256))
}

export function largeMessageBehaviours(network: string, make: MakePeers): void {
  describe(`large messages over ${network}`, () => {
    it('arrive whole, in both directions, with their progress on both sides; messages behind them keep their place', async () => {
      const peers = await make(large, 2)
      try {
        const [first, second] = peers.clients
        const down = tilesOf(1, MAP_BYTES)
        const up = tilesOf(2, 100_000)
        // By the number that each call gets on arrival: systems drain one definition after another.
        const heard: string[][] = [[], []]
        const progress: Transfer[][] = [[], []]
        const sent: Transfer[] = []
        let uploaded: Uint8Array | undefined
        sendMessage(peers.server, Line, { text: 'before' })
        sendMessage(peers.server, Map, { tiles: down })
        sendMessage(peers.server, Line, { text: 'behind' })
        sendMessage(first!.world, Map, { tiles: up })
        await peers.until('all of it arrives', () => {
          sent.push(...transfers(peers.server))
          for (const { args } of drain(peers.server, Map)) uploaded = args.tiles
          for (const [i, { world }] of peers.clients.entries()) {
            progress[i]!.push(...transfers(world).filter(({ direction }) => direction === 'in'))
            for (const { id, args } of drain(world, Line)) heard[i]![id] = args.text
            for (const { id, args } of drain(world, Map))
              heard[i]![id] = Buffer.compare(args.tiles, down) === 0 ? 'map' : '?'
          }
          return uploaded !== undefined && heard.every((list) => list.filter(Boolean).length === 3)
        })
        expect(heard.map((list) => list.filter(Boolean))).toEqual([
          ['before', 'map', 'behind'],
          ['before', 'map', 'behind'],
        ])
        expect(Buffer.compare(uploaded!, up)).toBe(0)
        for (const list of progress) {
          expect(list.length).toBeGreaterThan(2)
          expect(list.every(({ name, total, message }) => name === 'Map' && total > MAP_BYTES && message === Map)).toBe(
            true,
          )
          expect(list.map(({ done }) => done)).toEqual(list.map(({ done }) => done).toSorted((a, b) => a - b))
        }
        expect(sent.some(({ connection, direction }) => connection === second!.connection && direction === 'out')).toBe(
          true,
        )
        expect(sent.some(({ connection, direction }) => connection === first!.connection && direction === 'in')).toBe(
          true,
        )
        expect([peers.server, first!.world, second!.world].flatMap((world) => transfers(world))).toEqual([])
      } finally {
        await peers.close()
      }
    })
  })
}
