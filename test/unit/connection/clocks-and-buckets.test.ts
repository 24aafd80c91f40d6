// Tests round-trip times, the client's clock of server ticks, and token buckets.
import { describe, expect, it } from 'vitest'
import { RoundTrip } from '../../../src/connection/round-trip.js'
import { TickClock } from '../../../src/connection/client/tick-clock.js'
import { TokenBuckets } from '../../../src/connection/token-bucket.js'
import { createRandom } from '../../../src/transport/random.js'

describe('RoundTrip', () => {
  it('starts with the first sample, then follows slowly (RFC 6298)', () => {
    const trip = new RoundTrip()
    expect(trip.smoothed).toBe(0)
    trip.sample(80)
    expect([trip.smoothed, trip.variation]).toEqual([80, 40])
    trip.sample(160)
    expect(trip.variation).toBe(40 + (80 - 40) / 4)
    expect(trip.smoothed).toBe(90)
  })

  it('settles on a steady network, with a small margin', () => {
    const trip = new RoundTrip()
    trip.sample(500)
    for (let i = 0; i < 100; i++) trip.sample(40)
    expect(trip.smoothed).toBeCloseTo(40, 1)
    expect(trip.variation).toBeLessThan(1)
    expect(trip.timeout(120)).toBeGreaterThanOrEqual(165)
    expect(trip.timeout(120)).toBeLessThan(170)
  })

  it('counts a sample of 0 ms as a round trip, and ignores invalid samples', () => {
    const trip = new RoundTrip()
    trip.sample(0)
    expect(trip.smoothed).toBeGreaterThan(0)
    trip.sample(NaN)
    trip.sample(-5)
    expect(trip.smoothed).toBeLessThan(1)
  })
})

describe('TickClock', () => {
  it('stays at 0 before it is started', () => {
    const clock = new TickClock()
    clock.observe(5, 100)
    expect(clock.at(1000)).toBe(0)
    expect(clock.latest).toBe(0)
  })

  it('counts up from the tick of the welcome', () => {
    const clock = new TickClock()
    clock.start(50, 100, 1000)
    expect(clock.latest).toBe(100)
    expect(clock.at(1000)).toBe(100)
    expect(clock.at(1025)).toBe(100.5)
  })

  it('follows the server’s pace through jitter', () => {
    const clock = new TickClock()
    const random = createRandom(3)
    clock.start(50, 0, 40)
    for (let tick = 1; tick <= 400; tick++) clock.observe(tick, tick * 50 + 40 + random() * 20)
    expect(clock.latest).toBe(400)
    const error = clock.at(400 * 50 + 50) - 400
    expect(Math.abs(error)).toBeLessThan(0.2)
  })

  it('follows a server whose clock runs at a different speed', () => {
    const clock = new TickClock()
    clock.start(50, 0, 0)
    for (let tick = 1; tick <= 2000; tick++) clock.observe(tick, tick * 50.1)
    expect(Math.abs(clock.at(2000 * 50.1) - 2000)).toBeLessThan(0.1)
  })

  it('follows a jump at once', () => {
    const clock = new TickClock()
    clock.start(50, 0, 0)
    clock.observe(1, 2000)
    expect(clock.at(2000)).toBe(1)
  })

  it('never goes back to the tick of an old packet', () => {
    const clock = new TickClock()
    clock.start(50, 10, 500)
    clock.observe(9, 510)
    expect(clock.latest).toBe(10)
  })
})

describe('TokenBuckets', () => {
  const make = (perSecond: number, burst: number): TokenBuckets =>
    new TokenBuckets(Float64Array.of(perSecond, perSecond), Float64Array.of(burst, burst))
  const taken = (buckets: TokenBuckets, tries: number, now: number): number => {
    let count = 0
    for (let i = 0; i < tries; i++) if (buckets.take(0, now)) count++
    return count
  }

  it('allow the burst, then the rate', () => {
    const buckets = make(10, 3)
    expect(taken(buckets, 10, 5000)).toBe(3)
    expect(taken(buckets, 10, 5099)).toBe(0)
    expect(taken(buckets, 10, 5200)).toBe(2)
    expect(taken(buckets, 10, 60_000)).toBe(3)
  })

  it('keep the full rate over many small time steps', () => {
    const buckets = make(10, 1)
    let count = 0
    for (let now = 0; now <= 10_000; now += 1) if (buckets.take(0, now)) count++
    expect(count).toBeGreaterThanOrEqual(100)
    expect(count).toBeLessThanOrEqual(102)
  })

  it('are independent of each other', () => {
    const buckets = make(1, 1)
    expect(buckets.take(0, 0)).toBe(true)
    expect(buckets.take(0, 0)).toBe(false)
    expect(buckets.take(1, 0)).toBe(true)
  })

  it('have no limit without a burst', () => {
    const buckets = make(0, 0)
    expect(taken(buckets, 1000, 0)).toBe(1000)
  })

  it('earn nothing when the clock goes back', () => {
    const buckets = make(1, 1)
    expect(buckets.take(0, 10_000)).toBe(true)
    expect(buckets.take(0, 0)).toBe(false)
    expect(buckets.take(0, 500)).toBe(false)
  })
})
