// Call queues: bytes in, one reused view out, in order; bounded, expiring, and safe to leave in the middle.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { defineMessage, type Message } from '../../../src/protocol/definitions.js'
import { string, u32, varint } from '../../../src/protocol/schema.js'
import { CallQueue } from '../../../src/remote/call-queue.js'

const SEED = 20_260_112

function make(message: Message) {
  const gone = new Set<number>()
  const counts = { undrained: 0, stale: 0 }
  const queue = new CallQueue(
    message,
    'Test',
    { netIdOf: (eid) => eid, entityOf: (netId) => (gone.has(netId) ? 0 : netId + 1000) },
    {
      undrained: (_, count) => void (counts.undrained += count),
      stale: () => void counts.stale++,
      isCancelled: () => false,
      unanswered: () => undefined,
    },
  )
  const push = (args: Record<string, unknown>, netId = 0, tick = 0): boolean => {
    const writer = new ByteWriter()
    // Bytes of other sections stand around the payload.
    writer.u32(0xffffffff)
    const start = writer.length
    message.codec.write(writer, args)
    const end = writer.length
    writer.u32(0xffffffff)
    return queue.push(writer.bytes, start, end, netId, 7, 1, tick)
  }
  return { queue, push, gone, counts }
}

const Number32 = defineMessage({ n: u32 })
const Text = defineMessage({ text: string(16_000), n: varint })

function drainNumbers(queue: CallQueue, most = Infinity): number[] {
  const numbers: number[] = []
  if (most === 0) return numbers
  for (const { args } of queue) {
    numbers.push(args['n'] as number)
    if (numbers.length >= most) break
  }
  return numbers
}

describe('a queue', () => {
  it('gives out each call once, in order, through one view', () => {
    const { queue, push } = make(Number32)
    for (let n = 0; n < 100; n++) push({ n }, 5)
    const views = new Set<unknown>()
    const numbers: number[] = []
    for (const call of queue) {
      views.add(call)
      numbers.push(call.args['n'] as number)
      expect([call.entity, call.sender]).toEqual([1005, 7])
    }
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, n) => n))
    expect(views.size).toBe(1)
    expect([...queue]).toEqual([])
  })

  it('does what a list does, whoever breaks off where', () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 400 }) }) },
      { weight: 3, arbitrary: fc.record({ drain: fc.integer({ min: 1, max: 500 }) }) },
      { weight: 1, arbitrary: fc.constant('expire' as const) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const { queue, push } = make(Text)
        let model: { n: number; tick: number }[] = []
        const drained: number[] = []
        const expected: number[] = []
        let next = 0
        let tick = 0
        for (const act of actions) {
          tick++
          if (act === 'expire') {
            queue.expire(tick, 3)
            model = model.filter((call) => call.tick >= tick - 3)
          } else if ('push' in act) {
            for (let i = 0; i < act.push; i++) {
              push({ text: 'x'.repeat(next % 7), n: next }, 0, tick)
              model.push({ n: next++, tick })
            }
          } else {
            drained.push(...drainNumbers(queue, act.drain))
            expected.push(...model.splice(0, act.drain).map(({ n }) => n))
          }
          expect(queue.waiting).toBe(model.length)
        }
        expect(drained).toEqual(expected)
        expect(drainNumbers(queue)).toEqual(model.map(({ n }) => n))
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('refuses what is not a payload of its definition, and keeps nothing of it', () => {
    const { queue, push } = make(Text)
    push({ text: 'a', n: 1 })
    const bytes = Uint8Array.of(200, 200, 200)
    for (let end = 0; end <= 3; end++) expect(queue.push(bytes, 0, end, 0, 7, 1, 0)).toBe(false)
    push({ text: 'b', n: 2 })
    expect(drainNumbers(queue)).toEqual([1, 2])
  })

  it('passes over a call whose entity is gone by the time it is drained', () => {
    const { queue, push, gone, counts } = make(Number32)
    push({ n: 1 }, 5)
    push({ n: 2 }, 6)
    push({ n: 3 }, 5)
    gone.add(5)
    expect(drainNumbers(queue)).toEqual([2])
    expect(counts.stale).toBe(2)
  })

  it('drops what waited too long, and only that', () => {
    const { queue, push, counts } = make(Number32)
    for (let tick = 0; tick < 10; tick++) push({ n: tick }, 0, tick)
    queue.expire(9, 5)
    expect(counts.undrained).toBe(4)
    expect(drainNumbers(queue)).toEqual([4, 5, 6, 7, 8, 9])
  })

  it('is bounded by calls and by bytes, keeps the oldest and counts the rest', () => {
    const small = make(Number32)
    for (let n = 0; n < 10_000; n++) expect(small.push({ n })).toBe(true)
    expect(small.queue.waiting).toBe(8192)
    expect(small.counts.undrained).toBe(10_000 - 8192)
    expect(drainNumbers(small.queue, 2)).toEqual([0, 1])

    const large = make(Text)
    for (let n = 0; n < 100; n++) large.push({ text: 'x'.repeat(16_000), n })
    expect(large.queue.waiting).toBe(65)
    expect(large.counts.undrained).toBe(35)
  })

  it('counts what waits against its bounds, not what was drained already', () => {
    const { queue, push, counts } = make(Text)
    // One large call is always left by a system that takes one a tick.
    push({ text: 'x'.repeat(16_000), n: 0 })
    for (let n = 1; n <= 300; n++) {
      push({ text: 'x'.repeat(16_000), n })
      expect(drainNumbers(queue, 1)).toEqual([n - 1])
      queue.expire(0, 0)
    }
    expect(counts.undrained).toBe(0)
    expect(queue.waiting).toBe(1)
  })

  it('cleared is empty and goes on', () => {
    const { queue, push, counts } = make(Number32)
    push({ n: 1 })
    queue.clear()
    expect(queue.waiting).toBe(0)
    push({ n: 2 })
    expect(drainNumbers(queue)).toEqual([2])
    expect(counts.undrained).toBe(0)
  })
})
