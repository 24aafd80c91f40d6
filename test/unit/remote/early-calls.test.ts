// Calls that came before the spawn of their entity: kept in order, bounded, each run once when its structure is applied.
import { describe, expect, it } from 'vitest'
import { EarlyCalls } from '../../../src/remote/early-calls.js'
import { CallSection } from '../../../src/remote/inbound-calls.js'

function make() {
  const early = new EarlyCalls()
  const section = new CallSection()
  const hold = (netId: number, payload: readonly number[], tick: number): boolean => {
    const bytes = Uint8Array.from([99, ...payload, 99])
    section.become(netId + 100, 1 + payload.length)
    section.netId = netId
    section.start = 1
    return early.hold(section, bytes, tick)
  }
  const release = (tick: number): unknown[] => {
    const ran: unknown[] = []
    early.release(tick, section, (bytes) => {
      ran.push([section.netId, section.id, ...bytes.slice(section.start, section.end)])
    })
    return ran
  }
  return { early, hold, release }
}

describe('early calls', () => {
  it('run in order, whole, once, when the structure they were sent behind has been applied', () => {
    const { early, hold, release } = make()
    hold(1, [1, 2, 3], 5)
    hold(2, [], 6)
    hold(3, [4], 5)
    hold(4, [5, 6], 7)
    expect(release(4)).toEqual([])
    expect(release(5)).toEqual([
      [1, 101, 1, 2, 3],
      [3, 103, 4],
    ])
    hold(5, [7], 6)
    expect(release(6)).toEqual([
      [2, 102],
      [5, 105, 7],
    ])
    expect(release(6)).toEqual([])
    expect(release(9)).toEqual([[4, 104, 5, 6]])
    expect(early.count).toBe(0)
  })

  it('are bounded by number and by bytes', () => {
    const { hold, release } = make()
    for (let i = 1; i <= 256; i++) expect(hold(i, [1], 5)).toBe(true)
    expect(hold(257, [1], 5)).toBe(false)
    expect(release(5)).toHaveLength(256)
    const payload = Array.from({ length: 1000 }, () => 1)
    for (let i = 1; i <= 65; i++) expect(hold(i, payload, 5)).toBe(true)
    expect(hold(66, payload, 5)).toBe(false)
  })

  it('of a session that has ended are forgotten', () => {
    const { early, hold, release } = make()
    hold(1, [1], 5)
    early.clear()
    expect(release(9)).toEqual([])
    hold(2, [2], 5)
    expect(release(5)).toEqual([[2, 102, 2]])
  })
})
