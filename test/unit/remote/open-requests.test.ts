// Tests open requests: found by id, cancelled by number, forgotten by connection, bounded, and without allocations.
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { createCounters } from '../../../src/connection/counters.js'
import { ErrorLog } from '../../../src/connection/error-log.js'
import { defineCommand } from '../../../src/protocol/definitions.js'
import { MAX_OPEN_REQUESTS } from '../../../src/protocol/limits.js'
import { defineProtocol } from '../../../src/protocol/protocol.js'
import { ReplyStatus } from '../../../src/protocol/reply-status.js'
import { u32, u8 } from '../../../src/protocol/types/schema.js'
import { createRandom } from '../../../src/transport/random.js'
import { CallFaults } from '../../../src/remote/call-faults.js'
import { sideOfId } from '../../../src/remote/call-id.js'
import { CallSection, InboundCalls } from '../../../src/remote/inbound-calls.js'
import { OpenRequests } from '../../../src/remote/open-requests.js'
import { OutgoingCalls } from '../../../src/remote/outgoing-calls.js'

const Buy = defineCommand({ item: u8 }, { returns: { left: u32 }, refuses: ['no'] })
const protocol = defineProtocol({ remote: { Buy } })
const entities = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId }

function make() {
  const outgoing = new OutgoingCalls(entities)
  return { outgoing, open: new OpenRequests('server', protocol, outgoing) }
}

describe('open requests', () => {
  it('are limited to 256 per connection, until replies, cancels or the end of the connection make room', () => {
    const { open } = make()
    const ids = Array.from({ length: MAX_OPEN_REQUESTS }, (_, i) => open.open(7, i + 1, 0))
    expect(new Set(ids).size).toBe(MAX_OPEN_REQUESTS)
    expect(ids).not.toContain(0)
    expect(open.open(7, 1000, 0)).toBe(0)
    expect(open.open(8, 1, 0)).not.toBe(0)
    open.reply(ids[0]!, { left: 1 })
    expect(open.cancel(7, 2)).toBe(true)
    expect(open.cancel(7, 2)).toBe(false)
    expect(open.cancel(9, 3)).toBe(false)
    expect([open.open(7, 1001, 0), open.open(7, 1002, 0)]).not.toContain(0)
    expect(open.open(7, 1003, 0)).toBe(0)
    open.forget(7)
    expect(open.size).toBe(1)
    expect(open.isWaiting(ids[5]!)).toBe(false)
    expect(open.open(7, 1, 0)).not.toBe(0)
  })

  it('behave like a plain list through random requests, replies, cancels and closed connections', () => {
    const random = createRandom(20_260_213)
    const { open, outgoing } = make()
    let leftOpen = 0
    const model: { id: number; connection: number; request: number }[] = []
    for (let step = 1; step < 20_000; step++) {
      const connection = 1 + Math.floor(random() * 5)
      const dice = random()
      const at = Math.floor(random() * model.length)
      const one = model[at]
      if (dice < 0.5) {
        const id = open.open(connection, step, 0)
        if (id !== 0) model.push({ id, connection, request: step })
      } else if (dice < 0.502) {
        open.forget(connection)
        model.splice(0, model.length, ...model.filter((entry) => entry.connection !== connection))
      } else if (one !== undefined) {
        if (dice < 0.7) open.reply(one.id, { left: step })
        else if (dice < 0.85) open.cancel(one.connection, one.request)
        else open.end(one.id, ReplyStatus.Undrained)
        model.splice(at, 1)
        if (open.isWaiting(one.id)) leftOpen++
      }
      outgoing.clear()
      expect(open.size).toBe(model.length)
    }
    expect(model.length).toBeGreaterThan(0)
    expect(leftOpen).toBe(0)
    for (const { id } of model) expect(open.isWaiting(id)).toBe(true)
  })

  it('have ids that name their side of a world', () => {
    const { outgoing, open } = make()
    const client = new OpenRequests('client', protocol, outgoing)
    const id = client.open(1, 1, 0)
    expect([sideOfId(id), sideOfId(open.open(1, 1, 0)), sideOfId(client.nextId())]).toEqual([
      'client',
      'server',
      'client',
    ])
    expect(() => open.reply(id, { left: 1 })).toThrow(/cannot be answered/)
  })

  it('allocate nothing when they are received, drained and answered', () => {
    const { outgoing, open } = make()
    const counters = createCounters()
    const errors = new ErrorLog()
    const faults = new CallFaults(protocol, counters, errors, () => 0)
    const inbound = new InboundCalls({ protocol, entities, requests: open, counters, errors, faults, side: 'server' })
    const payload = new ByteWriter()
    Buy.codec.write(payload, { item: 7 })
    const section = new CallSection()
    section.netId = 1
    section.end = payload.length
    const value = { left: 5 }
    let answered = 0

    const turn = (): void => {
      for (let round = 0; round < 25; round++) {
        for (let i = 0; i < 200; i++) {
          section.request = i + 1
          inbound.pushRequest(section, payload.bytes, 3, 1)
        }
        for (const call of inbound.queueOf(Buy)) if (open.reply(call.id, value)) answered++
        outgoing.clear()
      }
    }
    for (let i = 0; i < 60; i++) turn()
    let least = Infinity
    for (let i = 0; i < 20; i++) {
      globalThis.gc!()
      const before = process.memoryUsage().heapUsed
      turn()
      least = Math.min(least, process.memoryUsage().heapUsed - before)
    }
    expect(answered).toBe(80 * 5000)
    expect(least / 5000).toBeLessThan(1)
  })
})
