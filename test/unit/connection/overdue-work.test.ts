// Tests deadlines for a peer's outstanding work, which neither small steps nor further work extend.
import { describe, expect, it } from 'vitest'
import { OverdueWork } from '../../../src/connection/overdue-work.js'

/** Time until the work of a peer is overdue that does `perStep` every `stepMs` and is sent 20 pieces per second. */
function waitFor(perStep: number, stepMs: number, bytes = 0): number {
  const work = new OverdueWork()
  let done = 0
  for (let now = 0; now < 600_000; now += 50) {
    const sent = now / 50
    if (now % stepMs === 0) done = Math.min(sent, done + perStep)
    if (work.needsMark(done, sent)) work.setMark(sent, now, bytes)
    if (work.isOverdue(now, 0, 0)) return now
  }
  return Infinity
}

describe('the outstanding work of a peer', () => {
  it('is overdue after ten seconds when the peer does nothing', () => {
    expect(waitFor(0, 50)).toBeGreaterThan(10_000)
    expect(waitFor(0, 50)).toBeLessThanOrEqual(10_200)
  })

  it('is overdue within a bounded time when the peer takes the smallest steps', () => {
    expect(waitFor(1, 9000)).toBeLessThan(30_000)
    expect(waitFor(9, 500)).toBeLessThan(300_000)
  })

  it('is never overdue while the peer keeps up', () => {
    expect(waitFor(100, 1000)).toBe(Infinity)
    expect(waitFor(20, 1000)).toBe(Infinity)
  })

  it('has extra time for bytes queued on a slow link, at most for 256 KiB', () => {
    expect(waitFor(0, 50, 80_000)).toBeGreaterThan(20_000)
    expect(waitFor(0, 50, 80_000)).toBeLessThanOrEqual(20_200)
    expect(waitFor(0, 50, 1e9)).toBeLessThanOrEqual(43_000)
  })

  it('has extra time for an interruption, at most the time that a session is kept', () => {
    const work = new OverdueWork()
    expect(work.needsMark(0, 1)).toBe(true)
    work.setMark(1, 0, 0)
    work.wasBroken(2000)
    expect([work.isOverdue(14_000, 3000, 5000), work.isOverdue(15_001, 3000, 5000)]).toEqual([false, true])
    expect(work.isOverdue(15_001, 9000, 5000)).toBe(true)
  })
})
