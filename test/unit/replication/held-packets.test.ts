// Tests held packets: they are kept in order until their structure has been applied, in bounded memory.
import { describe, expect, it } from 'vitest'
import { HeldPackets } from '../../../src/replication/client/held-packets.js'

function release(held: HeldPackets, tick: number): string[] {
  const seen: string[] = []
  held.release(tick, (bytes, length, packetTick) => seen.push(`${packetTick}:${bytes.subarray(0, length).join()}`))
  return seen
}

describe('HeldPackets', () => {
  it('releases each packet that may be applied once, oldest first, and keeps the rest', () => {
    const held = new HeldPackets()
    const bytes = Uint8Array.of(0, 1, 2, 3, 4)
    held.hold(bytes, 1, 3, 20, 18)
    held.hold(bytes, 2, 5, 21, 21)
    held.hold(bytes, 0, 1, 22, 19)
    bytes.fill(9)
    expect(release(held, 17)).toEqual([])
    expect(release(held, 19)).toEqual(['20:1,2', '22:0'])
    expect(held.count).toBe(1)
    expect(release(held, 100)).toEqual(['21:2,3,4'])
    expect(release(held, 100)).toEqual([])
  })

  it('is bounded, and has room again after a release', () => {
    const held = new HeldPackets()
    const bytes = new Uint8Array(1150)
    let kept = 0
    for (let i = 0; i < 100; i++) if (held.hold(bytes, 0, i + 1, i, i)) kept++
    expect(kept).toBe(32)
    expect(release(held, 15)).toHaveLength(16)
    expect(held.hold(bytes, 0, 1150, 50, 50)).toBe(true)
    held.clear()
    expect(release(held, 1000)).toEqual([])
  })
})
