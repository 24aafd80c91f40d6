// Tests the packet queue: first in, first out, in one buffer that does not keep removed packets.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PacketQueue } from '../../../src/connection/client/packet-queue.js'

const SEED = 20_260_107

const first = (queue: PacketQueue): number[] => [...queue.bytes.subarray(queue.start, queue.end)]

describe('PacketQueue', () => {
  it('behaves like a list of packets', () => {
    const action = fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 300 }) },
      { weight: 2, arbitrary: fc.constant('shift' as const) },
      { weight: 1, arbitrary: fc.constant('progress' as const) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const queue = new PacketQueue()
        const model: { bytes: number[]; time: number; progress: number }[] = []
        let time = 0
        for (const act of actions) {
          if (act instanceof Uint8Array) {
            queue.push(act, act.length, ++time)
            model.push({ bytes: [...act], time, progress: 0 })
          } else if (model.length === 0) continue
          else if (act === 'shift') {
            queue.shift()
            model.shift()
          } else queue.progress = model[0]!.progress = 1
          expect(queue.count).toBe(model.length)
          if (model.length === 0) continue
          expect(first(queue)).toEqual(model[0]!.bytes)
          const waiting = model.map((_, i) => [...queue.bytes.subarray(queue.startOf(i), queue.endOf(i))])
          expect(waiting).toEqual(model.map(({ bytes }) => bytes))
          expect(queue.size).toBe(model.reduce((sum, { bytes }) => sum + bytes.length, 0))
          expect([queue.time, queue.progress]).toEqual([model[0]!.time, model[0]!.progress])
        }
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('does not grow while it is never quite empty', () => {
    const queue = new PacketQueue()
    const bytes = new Uint8Array(1000)
    queue.push(bytes, 1000, 0)
    for (let i = 0; i < 2000; i++) {
      bytes[0] = i & 0xff
      queue.push(bytes, 1000, i)
      queue.shift()
      expect(first(queue)[0]).toBe(i & 0xff)
    }
    expect(queue.bytes.length).toBeLessThanOrEqual(16_384)
  })

  it('accepts whole packets after it was cleared during the processing of its first one', () => {
    const queue = new PacketQueue()
    queue.push(Uint8Array.of(1), 1, 0)
    queue.push(Uint8Array.of(2), 1, 0)
    queue.clear()
    queue.shift()
    expect(queue.count).toBe(0)
    queue.push(Uint8Array.of(3), 1, 0)
    expect(queue.count).toBe(1)
    expect(first(queue)).toEqual([3])
  })
})
