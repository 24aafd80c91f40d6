// Tests the fixed-step loop: an even rate, bounded catching up after a stall, and no step skipped without need.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Loop, startLoop } from '../../../src/world/loop.js'

const world = {}

describe('the loop', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('runs its systems in order at the given rate, and stops', () => {
    const log: string[] = []
    const loop = startLoop(world, [() => void log.push('a'), () => void log.push('b')], { rate: 20 })
    vi.advanceTimersByTime(1000)
    expect(loop.steps).toBe(20)
    expect(log.slice(0, 4)).toEqual(['a', 'b', 'a', 'b'])
    loop.stop()
    vi.advanceTimersByTime(1000)
    expect(loop.steps).toBe(20)
  })

  it('skips nothing on a machine that keeps up, although time passes between two reads of the clock', () => {
    let seen = -1
    // The first read in a wake-up is just before the step is due, the next just after it.
    const now = (): number => {
      const time = performance.now()
      const first = time !== seen
      seen = time
      return first ? time - 0.01 : time
    }
    const loop = startLoop(world, [], { rate: 20, now })
    vi.advanceTimersByTime(60_000)
    expect(loop.skipped).toBe(0)
    expect(loop.steps).toBeGreaterThan(1190)
    loop.stop()
  })

  it('catches up after a stall, up to its limit, and reports how many steps it skipped', () => {
    const skipped: number[] = []
    let stall = 0
    const now = (): number => performance.now() + stall
    const loop = startLoop(world, [], { rate: 20, maxCatchUp: 5, now, onOverrun: (count) => skipped.push(count) })
    vi.advanceTimersByTime(100)
    expect(loop.steps).toBe(2)
    stall = 150
    vi.advanceTimersByTime(50)
    expect([loop.steps, loop.skipped]).toEqual([6, 0])
    stall += 1000
    vi.advanceTimersByTime(50)
    expect(loop.steps).toBe(11)
    expect(skipped).toEqual([loop.skipped])
    expect(loop.skipped).toBe(16)
    // It continues at the same even rate.
    vi.advanceTimersByTime(500)
    expect(loop.steps).toBe(21)
    loop.stop()
  })

  it('reports once that a system returns a promise, and reports every rejection', async () => {
    const errors: string[] = []
    let ran = 0
    async function saves(): Promise<void> {
      await Promise.resolve()
      throw new Error('no disk')
    }
    const onError = (error: unknown, system: string): void => void errors.push(`${system}: ${String(error)}`)
    const loop = startLoop(world, [saves, () => void ran++], { rate: 10, onError })
    await vi.advanceTimersByTimeAsync(200)
    loop.stop()
    expect(ran).toBe(2)
    expect(errors[0]).toMatch(/^saves: UsageError: the system saves returned a promise: systems are synchronous/)
    expect(errors.slice(1)).toEqual(['saves: Error: no disk', 'saves: Error: no disk'])
  })

  it('runs the systems after one that throws, and reports that system by name', () => {
    const errors: unknown[] = []
    let ran = 0
    function broken(): void {
      throw new Error('no')
    }
    const onError = (error: unknown, system: string): void => void errors.push([String(error), system])
    const loop = startLoop(world, [broken, () => void ran++], { rate: 10, onError })
    vi.advanceTimersByTime(200)
    expect([ran, errors]).toEqual([
      2,
      [
        ['Error: no', 'broken'],
        ['Error: no', 'broken'],
      ],
    ])
    loop.stop()
  })

  it('runs no further system after one stops it', () => {
    let behind = 0
    const stop = (): void => loop.stop()
    const loop: Loop = startLoop(world, [stop, () => void behind++], { rate: 10 })
    vi.advanceTimersByTime(1000)
    expect([loop.steps, behind]).toEqual([1, 0])
  })
})
