// Tests the blocks of packets in flight to one client: none is forgotten while its packet may be lost.
import { describe, expect, it } from 'vitest'
import { ACK_WINDOW } from '../../../src/protocol/sequence.js'
import { SentBlocks } from '../../../src/replication/server/sent-blocks.js'

/** Takes the blocks of a packet, which is then forgotten. */
function take(sent: SentBlocks, sequence: number): number[] {
  return Array.from({ length: sent.take(sequence) }, (_, i) => sent.blockAt(sequence, i))
}

describe('the blocks of packets in flight', () => {
  it('are stored with the tick since which the client lacks them', () => {
    const sent = new SentBlocks()
    let block = 1
    const expected = new Map<number, number[]>()
    for (let i = 0; i < ACK_WINDOW; i++) {
      const sequence = (65_400 + i) & 0xffff
      expected.set(sequence, [])
      for (let n = 0; n < 40; n++) {
        expected.get(sequence)!.push(block)
        sent.add(sequence, block++, 1000 - n)
      }
    }
    for (const [sequence, blocks] of expected) {
      expect(take(sent, sequence)).toEqual(blocks)
      expect(sent.sinceOf(sequence)).toBe(961)
      expect(sent.take(sequence)).toBe(0)
    }
  })

  it('are marked as forgotten above the limit', () => {
    const sent = new SentBlocks()
    for (let i = 0; i < 40_000; i++) sent.add(9, i, 5)
    expect(take(sent, 9).slice(0, 3)).toEqual([-1, -1, -1])
  })

  it('are removed with settled packets, and make room for others', () => {
    const sent = new SentBlocks()
    for (let sequence = 0; sequence < 100_000; sequence++) {
      for (let n = 0; n < 10; n++) sent.add(sequence & 0xffff, sequence * 10 + n, sequence)
      expect(sent.take(sequence & 0xffff)).toBe(10)
    }
  })
})
