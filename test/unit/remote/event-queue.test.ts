// Event queues: each event once to every reader, from one publication to the next.
import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../../src/remote/event-queue.js'
import { bytesPerEvent } from '../../support/heap.js'

function readAll(queue: EventQueue): number[] {
  const seen: number[] = []
  for (const { entity } of queue) seen.push(entity)
  return seen
}

describe('EventQueue', () => {
  it('shows nothing before it is published, then the same to every reader', () => {
    const queue = new EventQueue()
    queue.push(1, 10, '')
    queue.push(2, 20, 'kicked')
    expect(readAll(queue)).toEqual([])
    queue.publish()
    expect(readAll(queue)).toEqual([1, 2])
    expect(readAll(queue)).toEqual([1, 2])
    queue.push(3, 30, '')
    expect(readAll(queue)).toEqual([1, 2])
    queue.publish()
    expect(readAll(queue)).toEqual([3])
    queue.publish()
    expect(readAll(queue)).toEqual([])
  })

  it('tells who, under which name, and why', () => {
    const queue = new EventQueue()
    queue.push(5, 77, 'destroyed')
    queue.publish()
    for (const event of queue) expect(event).toEqual({ entity: 5, netId: 77, reason: 'destroyed' })
  })

  it('gives two loops, one in the other, a place each', () => {
    const queue = new EventQueue()
    for (const entity of [1, 2, 3]) queue.push(entity, 0, '')
    queue.publish()
    const pairs: string[] = []
    for (const outer of queue) {
      const { entity } = outer
      for (const inner of queue) pairs.push(`${entity}${inner.entity}`)
    }
    expect(pairs).toEqual(['11', '12', '13', '21', '22', '23', '31', '32', '33'])
  })

  it('is bounded while nobody publishes', () => {
    const queue = new EventQueue()
    for (let i = 0; i < 70_000; i++) queue.push(i, 0, '')
    expect(queue.dropped).toBe(70_000 - 65_536)
    queue.publish()
    expect(readAll(queue)).toHaveLength(65_536)
  })

  it('costs no memory for each event', () => {
    const queue = new EventQueue()
    let read = 0
    const bytes = bytesPerEvent(2000, (count) => {
      for (let i = 0; i < count; i++) queue.push(i, i, '')
      queue.publish()
      for (const { entity, netId } of queue) read += entity === netId ? 1 : 0
    })
    expect(read).toBeGreaterThan(2000)
    // Looking at the heap costs some itself; an object for each event would be 20 bytes and more.
    expect(bytes).toBeLessThan(1)
  })
})
