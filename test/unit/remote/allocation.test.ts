// Tests that draining allocates nothing per call, because one view is reused. Needs `--expose-gc`.
import { describe, expect, it } from 'vitest'
import { createCounters } from '../../../src/connection/counters.js'
import { ErrorLog } from '../../../src/connection/error-log.js'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { defineCommand } from '../../../src/protocol/definitions.js'
import { defineProtocol } from '../../../src/protocol/protocol.js'
import { f32, quantized, u8 } from '../../../src/protocol/types/schema.js'
import { CallFaults } from '../../../src/remote/call-faults.js'
import { CallSection, InboundCalls } from '../../../src/remote/inbound-calls.js'
import { OpenRequests } from '../../../src/remote/open-requests.js'
import { OutgoingCalls } from '../../../src/remote/outgoing-calls.js'
import { bytesPerEvent } from '../../support/heap.js'

const Fire = defineCommand({ x: f32, y: f32, z: quantized(-1, 1, 0.01), power: u8 })
/** Its first field has the same name as that of the other definition. */
const Aim = defineCommand({ x: f32, at: f32 })
const protocol = defineProtocol({ remote: { Fire, Aim } })
const entities = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId }

/** Values are added up here, in place, because a returned number may be boxed. */
const sums = new Float64Array(1)

/** Bytes allocated per call that is received and drained. */
function bytesPerCall(command: typeof Fire | typeof Aim, args: object, read: (args: object) => void): number {
  const requests = new OpenRequests('server', protocol, new OutgoingCalls(entities))
  const counters = createCounters()
  const errors = new ErrorLog()
  const faults = new CallFaults(protocol, counters, errors, () => 0)
  const inbound = new InboundCalls({ protocol, entities, requests, counters, errors, faults, side: 'server' })
  const payload = new ByteWriter()
  command.codec.write(payload, args as Record<string, unknown>)
  const section = new CallSection()
  section.id = protocol.ids.get(command)!
  section.netId = 1
  section.end = payload.length
  sums[0] = 0
  const bytes = bytesPerEvent(5000, (count) => {
    for (let i = 0; i < count; i++) inbound.push(section, payload.bytes, 3, 1)
    for (const call of inbound.queueOf(command)) {
      read(call.args)
      sums[0]! += call.entity + call.sender
    }
  })
  expect(sums[0]).toBeGreaterThan(0)
  return bytes
}

describe('a drained call', () => {
  it('allocates nothing, also for a second definition that has a field of the same name', () => {
    const fire = bytesPerCall(Fire, { x: 0.5, y: 1.5, z: 0.25, power: 7 }, (args) => {
      const { x, y, z, power } = args as { x: number; y: number; z: number; power: number }
      sums[0]! += x + y + z + power
    })
    const aim = bytesPerCall(Aim, { x: 0.5, at: 1.5 }, (args) => {
      const { x, at } = args as { x: number; at: number }
      sums[0]! += x + at
    })
    // Measuring the heap allocates some; one object per call would take at least 20 bytes.
    expect(Math.max(fire, aim)).toBeLessThan(1)
  })
})

const Buy = defineCommand({ item: u8 }, { returns: { left: u8 } })

describe('a request', () => {
  it('allocates nothing on the server when it is received, drained and answered', () => {
    const asked = defineProtocol({ remote: { Buy } })
    const outgoing = new OutgoingCalls(entities)
    const requests = new OpenRequests('server', asked, outgoing)
    const counters = createCounters()
    const errors = new ErrorLog()
    const faults = new CallFaults(asked, counters, errors, () => 0)
    const inbound = new InboundCalls({ protocol: asked, entities, requests, counters, errors, faults, side: 'server' })
    const payload = new ByteWriter()
    Buy.codec.encode(payload, { item: 3 })
    const section = new CallSection()
    section.id = asked.ids.get(Buy)!
    section.netId = 1
    section.end = payload.length
    const value = { left: 1 }
    let number = 0
    let answered = 0
    const bytes = bytesPerEvent(200, (count) => {
      for (let i = 0; i < count; i++) {
        section.request = (number++ & 0xffff) + 1
        inbound.pushRequest(section, payload.bytes, 3, 1)
      }
      for (const { id } of inbound.queueOf(Buy)) if (requests.reply(id, value)) answered++
      outgoing.clear()
    })
    expect(answered).toBe(number)
    // Measuring the heap allocates some; the smallest object per request would take 16 bytes.
    expect(bytes).toBeLessThan(4)
  })
})
