// Tests call queues: they store bytes, return calls in order through one reused view, are bounded and expire calls.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from '../../../src/protocol/bytes.js'
import { defineMessage, type Message } from '../../../src/protocol/definitions.js'
import { string, u32, varint } from '../../../src/protocol/types/schema.js'
import { CallOrder } from '../../../src/remote/call-order.js'
import { CallQueue } from '../../../src/remote/call-queue.js'
import { MergedCalls } from '../../../src/remote/merged-calls.js'

const SEED = 20_260_112

function make(message: Message, order = new CallOrder()) {
  const gone = new Set<number>()
  const counts = { undrained: 0, stale: 0 }
  /** Calls that were dropped because their sender's share was full, by sender. */
  const refused = new Map<number, number>()
  const queue = new CallQueue(message, 'Test', {
    entities: { netIdOf: (eid) => eid, entityOf: (netId) => (gone.has(netId) ? 0 : netId + 1000) },
    listener: {
      undrained: (_, count) => void (counts.undrained += count),
      overShare: (_, _entity, sender) => void refused.set(sender, (refused.get(sender) ?? 0) + 1),
      stale: () => void counts.stale++,
      isCancelled: () => false,
      unanswered: () => undefined,
    },
    order,
  })
  const push = (args: Record<string, unknown>, netId = 0, tick = 0, sender = 7): boolean => {
    const writer = new ByteWriter()
    // The payload is surrounded by bytes of other sections.
    writer.u32(0xffffffff)
    const start = writer.length
    message.codec.write(writer, args)
    const end = writer.length
    writer.u32(0xffffffff)
    return queue.push(writer.bytes, start, end, netId, sender, 1, tick)
  }
  return { queue, push, gone, counts, refused, order }
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

describe('a call queue', () => {
  it('returns each call once, in order, through one view', () => {
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

  it('behaves like a list, also when a loop ends early', () => {
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

  it('refuses bytes that are not a payload of its definition, and keeps nothing of them', () => {
    const { queue, push } = make(Text)
    push({ text: 'a', n: 1 })
    const bytes = Uint8Array.of(200, 200, 200)
    for (let end = 0; end <= 3; end++) expect(queue.push(bytes, 0, end, 0, 7, 1, 0)).toBe(false)
    push({ text: 'b', n: 2 })
    expect(drainNumbers(queue)).toEqual([1, 2])
  })

  it('skips a call whose entity no longer exists when it is drained', () => {
    const { queue, push, gone, counts } = make(Number32)
    push({ n: 1 }, 5)
    push({ n: 2 }, 6)
    push({ n: 3 }, 5)
    gone.add(5)
    expect(drainNumbers(queue)).toEqual([2])
    expect(counts.stale).toBe(2)
  })

  it('drops only the calls that were queued too long', () => {
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
    expect([...small.refused]).toEqual([[7, 10_000 - 8192]])
    expect(drainNumbers(small.queue, 2)).toEqual([0, 1])

    const large = make(Text)
    for (let n = 0; n < 100; n++) large.push({ text: 'x'.repeat(16_000), n })
    expect(large.queue.waiting).toBe(65)
    expect(large.refused.get(7)).toBe(35)
    expect([small.counts.undrained, large.counts.undrained]).toEqual([0, 0])
  })

  it('has an equal share for each sender when it is full, whoever sent first', () => {
    for (const honestFirst of [true, false]) {
      const { queue, push, refused } = make(Number32)
      const flood = (): void => {
        for (let n = 0; n < 30_000; n++) push({ n }, 0, 0, 1 + (n % 3))
      }
      const play = (): void => {
        for (let n = 0; n < 700; n++) for (const sender of [4, 5, 6, 7, 8]) push({ n }, 0, 0, sender)
      }
      if (honestFirst) play()
      flood()
      if (!honestFirst) play()
      expect(new Set(refused.keys())).toEqual(new Set([1, 2, 3]))
      const shown = new Map<number, number>()
      for (const { sender } of queue) shown.set(sender, (shown.get(sender) ?? 0) + 1)
      for (const sender of [4, 5, 6, 7, 8]) expect([sender, shown.get(sender)]).toEqual([sender, 700])
    }
  })

  it('has room for small calls and one large call of other senders when it is full of bytes', () => {
    const { push, refused } = make(Text)
    for (let n = 0; n < 100; n++) push({ text: 'x'.repeat(16_000), n }, 0, 0, 1)
    for (let n = 0; n < 500; n++) push({ text: 'hello', n }, 0, 0, 2)
    push({ text: 'x'.repeat(16_000), n: 0 }, 0, 0, 3)
    expect([...refused.keys()]).toEqual([1])
  })

  it('stays bounded however many senders flood it', () => {
    const { queue, push, refused } = make(Number32)
    for (let sender = 1; sender <= 50; sender++) {
      for (let n = 0; !refused.has(sender); n++) push({ n }, 0, 0, sender)
    }
    expect(queue.waiting).toBeLessThan(8192 * (1 + Math.log(50)) + 50 * 512)
    expect(drainNumbers(queue).length).toBeGreaterThan(0)
    // Draining makes room again.
    push({ n: 77 }, 0, 0, 1)
    expect(drainNumbers(queue)).toEqual([77])
  })

  it('removes the calls of a closed sender, and leaves those of others unchanged', () => {
    const { queue, push, counts, refused } = make(Text)
    for (let n = 0; n < 300; n++) push({ text: 'x'.repeat(n % 50), n }, 0, 0, 1 + (n % 3))
    expect(drainNumbers(queue, 30)).toHaveLength(30)
    queue.dropFrom(2)
    const texts: number[][] = []
    for (const { sender, args } of queue) texts.push([sender, args['n'] as number, (args['text'] as string).length])
    const expected: number[][] = []
    for (let n = 30; n < 300; n++) if (n % 3 !== 1) expected.push([1 + (n % 3), n, n % 50])
    expect(texts).toEqual(expected)
    expect(counts.stale).toBe(90)
    // Its share is free again.
    for (let n = 0; n < 8192; n++) push({ text: '', n }, 0, 0, 2)
    expect([queue.waiting, refused.size]).toEqual([8192, 0])
  })

  it('counts queued calls against its limits, not drained ones', () => {
    const { queue, push, counts, refused } = make(Text)
    // A system that drains one call per tick always leaves one large call.
    push({ text: 'x'.repeat(16_000), n: 0 })
    for (let n = 1; n <= 300; n++) {
      push({ text: 'x'.repeat(16_000), n })
      expect(drainNumbers(queue, 1)).toEqual([n - 1])
      queue.expire(0, 0)
    }
    expect([counts.undrained, refused.size]).toEqual([0, 0])
    expect(queue.waiting).toBe(1)
  })

  it('is empty after it was cleared, and accepts calls again', () => {
    const { queue, push, counts } = make(Number32)
    push({ n: 1 })
    queue.clear()
    expect(queue.waiting).toBe(0)
    push({ n: 2 })
    expect(drainNumbers(queue)).toEqual([2])
    expect(counts.undrained).toBe(0)
  })
})

describe('the calls of several queues', () => {
  it('are returned in their order of arrival, like a list, also when a loop ends early', () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ queue: fc.nat(2), push: fc.integer({ min: 1, max: 40 }) }) },
      { weight: 2, arbitrary: fc.record({ drain: fc.integer({ min: 1, max: 60 }) }) },
      { weight: 1, arbitrary: fc.record({ queue: fc.nat(2), drain: fc.integer({ min: 1, max: 20 }) }) },
      { weight: 1, arbitrary: fc.record({ ended: fc.integer({ min: 1, max: 3 }) }) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const order = new CallOrder()
        // The order exceeds 32 bits while calls are queued.
        order.last = 2 ** 32 - 40
        const made = [0, 1, 2].map(() => make(Text, order))
        const merged = new MergedCalls(
          made.map(({ queue }) => queue),
          order,
        )
        let model: { queue: number; sender: number; n: number }[] = []
        const [got, expected]: [unknown[], unknown[]] = [[], []]
        let next = 0
        for (const act of actions) {
          if ('ended' in act) {
            for (const { queue } of made) queue.dropFrom(act.ended)
            model = model.filter(({ sender }) => sender !== act.ended)
          } else if ('push' in act) {
            for (let i = 0; i < act.push; i++) {
              const sender = 1 + (next % 3)
              made[act.queue]!.push({ text: 'x'.repeat(next % 5), n: next }, 0, 0, sender)
              model.push({ queue: act.queue, sender, n: next++ })
            }
          } else if ('queue' in act) {
            got.push(...drainNumbers(made[act.queue]!.queue, act.drain))
            const drained = model.filter(({ queue }) => queue === act.queue).slice(0, act.drain)
            expected.push(...drained.map(({ n }) => n))
            model = model.filter((call) => !drained.includes(call))
          } else {
            let left = act.drain
            let last = 0
            for (const call of merged) {
              got.push(call.order > last ? call.args['n'] : 'out of order')
              last = call.order
              if (--left === 0) break
            }
            expected.push(...model.splice(0, act.drain).map(({ n }) => n))
          }
        }
        expect(got).toEqual(expected)
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('are left for the next loop when they are added inside a loop', () => {
    const order = new CallOrder()
    const [a, b] = [make(Number32, order), make(Number32, order)]
    const merged = new MergedCalls([a.queue, b.queue], order)
    a.push({ n: 1 })
    const seen: unknown[] = []
    for (const { args } of merged) {
      seen.push(args['n'])
      b.push({ n: 2 })
      a.push({ n: 3 })
    }
    expect(seen).toEqual([1])
    for (const { args } of merged) seen.push(args['n'])
    expect(seen).toEqual([1, 2, 3])
  })
})
