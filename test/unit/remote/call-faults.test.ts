// Tests faults of calls: counted exactly, reported at most once in five seconds, without allocations in between.
// Needs `--expose-gc`.
import { describe, expect, it } from 'vitest'
import { createCounters } from '../../../src/connection/counters.js'
import { ErrorLog } from '../../../src/connection/error-log.js'
import { defineCommand } from '../../../src/protocol/definitions.js'
import { defineProtocol } from '../../../src/protocol/protocol.js'
import { u8 } from '../../../src/protocol/types/schema.js'
import { CallFault, CallFaults } from '../../../src/remote/call-faults.js'

const protocol = defineProtocol({ remote: { Fire: defineCommand({ n: u8 }), Jump: defineCommand({ n: u8 }) } })

function make() {
  const clock = { now: 1000 }
  const errors = new ErrorLog()
  const counters = createCounters()
  const faults = new CallFaults(protocol, counters, errors, () => clock.now)
  return { clock, errors, counters, faults }
}

describe('faults of calls', () => {
  it('are reported separately by connection, kind and definition', () => {
    const { errors, faults } = make()
    for (let i = 0; i < 3; i++) {
      faults.add(CallFault.NotOwner, 1, 11, 5, 0)
      faults.add(CallFault.NotOwner, 2, 12, 5, 0)
      faults.add(CallFault.OverRate, 1, 11, 5, 0)
      faults.add(CallFault.NotOwner, 1, 11, 5, 1)
      faults.add(CallFault.UnknownDefinition, 1, 11, 0, 99)
      faults.add(CallFault.UnknownDefinition, 1, 11, 0, 0xffffffff)
    }
    expect(errors.take().map(({ code, connection, name }) => [code, connection, name])).toEqual([
      ['not-owner', 11, 'Fire'],
      ['not-owner', 12, 'Fire'],
      ['over-rate', 11, 'Fire'],
      ['not-owner', 11, 'Jump'],
      ['unknown-definition', 11, ''],
    ])
  })

  it('are reported again after five seconds, with their number in the message', () => {
    const { clock, errors, faults } = make()
    for (let i = 0; i < 8; i++) faults.add(CallFault.NotOwner, 1, 11, 5, 0)
    expect(errors.take().map(({ message }) => message)).toEqual(['Fire: dropped; the sender does not own the entity'])
    clock.now += 4999
    faults.flush()
    expect(errors.take()).toEqual([])
    clock.now += 1001
    faults.flush()
    const [entry] = errors.take()
    expect([entry!.count, entry!.message]).toEqual([7, 'Fire: dropped, 7 times; the sender does not own the entity'])
    clock.now += 6000
    faults.flush()
    expect(errors.take()).toEqual([])
    faults.add(CallFault.NotOwner, 1, 11, 5, 0)
    expect(errors.take()).toMatchObject([{ count: 1, entity: 5 }])
  })

  it('allocate nothing while they are not reported', () => {
    const { faults, counters } = make()
    const COUNT = 20_000
    const turn = (): void => {
      for (let i = 0; i < COUNT; i++) faults.add(CallFault.NotOwner, 1 + (i & 3), 11, 5, i & 1)
    }
    for (let i = 0; i < 20; i++) turn()
    let least = Infinity
    for (let i = 0; i < 20; i++) {
      globalThis.gc!()
      const before = process.memoryUsage().heapUsed
      turn()
      least = Math.min(least, process.memoryUsage().heapUsed - before)
    }
    expect(counters.unauthorizedCalls).toBe(40 * COUNT)
    expect(least / COUNT).toBeLessThan(1)
  })
})
