// Tests which clients may begin to connect: limits for each address, limits for all, and a table that no number of
// addresses fills.
import { setMaxListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Admission, type HandshakeLimits, Place, withDefaults } from '../../../../src/transport/signalling/admission.js'
import { Pace } from '../../../../src/transport/signalling/pace.js'
import { sessionLimits } from '../../../../src/world/server/serve-options.js'

const ANN = '203.0.113.7'
const BEN = '203.0.113.8'

function admit(limits: HandshakeLimits, maxClients = 1000) {
  const clock = { now: 0 }
  const admission = new Admission(withDefaults(limits), maxClients, () => clock.now)
  const enter = (address: string): Place => {
    const place = admission.enter(address)
    if (!(place instanceof Place)) throw new Error(place.reason)
    return place
  }
  return { clock, admission, enter }
}

describe('an address', () => {
  it('may begin several connections at once, then a number per second, and gets the time to wait', () => {
    const { clock, admission, enter } = admit({ addressBurst: 2, addressPerSecond: 0.5 })
    enter(ANN).free()
    enter(ANN).free()
    expect(admission.enter(ANN)).toEqual({ reason: 'too-many', retryAfter: 2 })
    enter(BEN)
    clock.now = 1900
    expect(admission.enter(ANN)).toEqual({ reason: 'too-many', retryAfter: 1 })
    clock.now = 2000
    enter(ANN)
  })

  it('may have so many connecting at once, and so many clients', () => {
    const { admission, enter } = admit({ addressConnecting: 2, addressClients: 3 })
    const first = enter(ANN)
    enter(ANN)
    expect(admission.enter(ANN)).toEqual({ reason: 'too-many', retryAfter: 1 })
    first.opened()
    first.opened()
    const third = enter(ANN)
    third.opened()
    expect(admission.enter(ANN)).toEqual({ reason: 'too-many', retryAfter: 5 })
    first.free()
    first.free()
    enter(ANN)
    expect([admission.clients, admission.connecting]).toEqual([3, 2])
  })

  it('with a limit for many clients may begin as many at once, because they return together after a restart', () => {
    const { enter } = admit({})
    const { addressClients } = withDefaults()
    for (let i = 0; i < addressClients; i++) enter(ANN).opened()
    expect(() => enter(ANN)).toThrow('too-many')
    // And when their line was, each finds the session that it had.
    expect(sessionLimits({}).interruptedPerAddress).toBe(addressClients)
  })

  it('all of whose clients wait for their lines may come as often again: no broken line keeps its own client out', () => {
    const { admission, enter } = admit({ addressClients: 2, addressConnecting: 1 }, 2)
    const broken = [ANN, ANN].map((address) => {
      const place = enter(address)
      place.opened()
      return place
    })
    expect(admission.enter(ANN)).toHaveProperty('reason', 'too-many')
    expect(admission.enter(BEN)).toHaveProperty('reason', 'full')
    broken.forEach((place) => [true, true].forEach((isLent) => place.lend(isLent)))
    for (let i = 0; i < 2; i++) enter(ANN).opened()
    expect(admission.enter(ANN)).toHaveProperty('reason', 'too-many')
    broken.forEach((place) => place.free())
    broken[0]!.lend(true)
    expect(admission.enter(ANN)).toHaveProperty('reason', 'too-many')
    expect([admission.clients, admission.lent]).toEqual([2, 0])
  })

  it('keeps its places when a silent client is heard again over its old link', () => {
    const { admission, enter } = admit({ addressClients: 1 })
    const place = enter(ANN)
    place.opened()
    place.lend(true)
    place.lend(false)
    expect(admission.enter(ANN)).toHaveProperty('reason', 'too-many')
  })

  it('with IPv6 counts by its first 64 bits', () => {
    const { admission, enter } = admit({ addressBurst: 1 })
    enter('2001:db8::1')
    expect(admission.enter('2001:db8::1:2:3:4')).toHaveProperty('reason', 'too-many')
    enter('2001:db8:0:1::1')
  })

  it('of this machine has no limits of its own', () => {
    const { admission, enter } = admit({ addressBurst: 1, addressConnecting: 1, addressClients: 1 })
    for (let i = 0; i < 10; i++) enter('127.0.0.1')
    expect(admission.clients).toBe(10)
  })
})

describe('the server', () => {
  it('takes so many that connect, and so many in all, of whatever addresses', () => {
    const { admission, enter } = admit({ connecting: 2 }, 3)
    const first = enter('127.0.0.1')
    enter(ANN)
    expect(admission.enter(BEN)).toEqual({ reason: 'full', retryAfter: 5 })
    first.opened()
    enter(BEN).opened()
    expect(admission.enter(BEN)).toEqual({ reason: 'full', retryAfter: 5 })
    first.free()
    enter(BEN)
  })

  it('remembers no more than a bounded number of addresses, and none of those that have clients is forgotten', () => {
    const { admission, enter } = admit({ addressClients: 1 })
    enter(ANN)
    for (let i = 0; i < 10_000; i++) enter(`10.${i >> 8}.${i & 255}.1`).free()
    expect(admission.remembered).toBeLessThanOrEqual(4097)
    expect(admission.enter(ANN)).toHaveProperty('reason', 'too-many')
  })

  it('is not made to forget an address by requests that it refuses', () => {
    const { admission, enter } = admit({ addressBurst: 1, addressPerSecond: 0.001, connecting: 1 })
    const place = enter(ANN)
    for (let i = 0; i < 10_000; i++) admission.enter(BEN)
    place.free()
    expect(admission.enter(ANN)).toHaveProperty('reason', 'too-many')
  })
})

describe('the pace', () => {
  const forever = new AbortController().signal
  setMaxListeners(0, forever)

  it('accepts four at once, then one after the other, and none once four seconds of requests wait', async () => {
    const clock = { now: 0 }
    const pace = new Pace(100, () => clock.now)
    const order: number[] = []
    const leaving = new AbortController()
    setMaxListeners(0, leaving.signal)
    const take = (i: number): Promise<number> | undefined => pace.turn(leaving.signal)?.then(() => order.push(i))
    const turns = Array.from({ length: 410 }, (_, i) => take(i))
    expect(turns.map((turn) => turn === undefined).indexOf(true)).toBe(404)
    expect([pace.waiting, pace.retryAfter]).toEqual([400, 4])
    const through = (from: number, to: number): Promise<unknown> =>
      Promise.all(turns.slice(from, to).filter((turn) => turn !== undefined))
    await through(0, 4)
    expect(order).toEqual([0, 1, 2, 3])
    clock.now = 30
    await through(4, 7)
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6])
    clock.now = 1e9
    await through(7, 11)
    expect([order.length, pace.waiting]).toEqual([11, 393])
    // Nothing of it is left behind the test.
    leaving.abort()
  })

  it('passes over who has left', async () => {
    const clock = { now: 0 }
    const pace = new Pace(1, () => clock.now)
    for (let i = 0; i < 4; i++) void pace.turn(forever)
    const leaving = new AbortController()
    const [left, next] = [pace.turn(leaving.signal), pace.turn(forever)]
    leaving.abort()
    expect([await left, pace.waiting]).toEqual([false, 1])
    expect(await pace.turn(leaving.signal)).toBe(false)
    clock.now = 1000
    expect([await next, pace.waiting]).toEqual([true, 0])
  })
})
