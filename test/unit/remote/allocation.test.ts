// Draining allocates nothing for each call: one view is used again and again. Needs `--expose-gc`.
import { describe, expect, it } from 'vitest'
import { createCounters } from '../../../src/connection/counters.js'
import { ErrorLog } from '../../../src/connection/error-log.js'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { defineCommand } from '../../../src/protocol/definitions.js'
import { defineProtocol } from '../../../src/protocol/protocol.js'
import { f32, quantized, u8 } from '../../../src/protocol/schema.js'
import { CallFaults } from '../../../src/remote/call-faults.js'
import { CallSection, InboundCalls } from '../../../src/remote/inbound-calls.js'
import { OpenRequests } from '../../../src/remote/open-requests.js'
import { OutgoingCalls } from '../../../src/remote/outgoing-calls.js'

const Fire = defineCommand({ x: f32, y: f32, z: quantized(-1, 1, 0.01), power: u8 })
const protocol = defineProtocol({ remote: { Fire } })
const CALLS = 5_000

describe('a drained call', () => {
  it('costs no memory, however many arrive', () => {
    const entities = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId }
    const counters = createCounters()
    const errors = new ErrorLog()
    const requests = new OpenRequests('server', protocol, new OutgoingCalls(entities))
    const faults = new CallFaults(protocol, counters, errors, () => 0)
    const inbound = new InboundCalls(protocol, entities, requests, counters, errors, faults)
    const payload = new ByteWriter()
    Fire.codec.write(payload, { x: 0.5, y: 1.5, z: 0.25, power: 7 })
    const section = new CallSection()
    section.netId = 1
    section.end = payload.length
    const sums = new Float64Array(1)

    const turn = (): void => {
      for (let i = 0; i < CALLS; i++) inbound.push(section, payload.bytes, 3, 1)
      for (const call of inbound.queueOf(Fire)) {
        const args = call.args as { x: number; y: number; z: number; power: number }
        sums[0]! += args.x + args.y + args.z + args.power + call.entity + call.sender
      }
    }

    // Until the code is optimized, the engine itself allocates numbers.
    for (let i = 0; i < 60; i++) turn()
    let least = Infinity
    for (let i = 0; i < 20; i++) {
      globalThis.gc!()
      const before = process.memoryUsage().heapUsed
      turn()
      least = Math.min(least, process.memoryUsage().heapUsed - before)
    }
    expect(sums[0]).toBeGreaterThan(0)
    // Looking at the heap costs some itself; an object for each call would be 100,000 bytes and more.
    expect(least / CALLS).toBeLessThan(1)
  })
})
