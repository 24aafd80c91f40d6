// Tests event queues: every reader sees each event, from one publication to the next.
import { describe, expect, it } from 'vitest'
import { EventQueue, type LifecycleEvent } from '../../../src/remote/event-queue.js'
import { bytesPerEvent } from '../../support/heap.js'

const Networked = { name: 'Networked' }
const Connected = { name: 'Connected' }
const Ready = { name: 'Ready' }

function makeQueue(): EventQueue {
  return new EventQueue([Networked, Connected, Ready], Networked)
}

function readAll(queue: EventQueue): number[] {
  const seen: number[] = []
  for (const { entity } of queue) seen.push(entity)
  return seen
}

describe('EventQueue', () => {
  it('returns no events before they are published, then the same events to every reader', () => {
    const queue = makeQueue()
    queue.push(0, false, 1, 10, '')
    queue.push(0, true, 2, 20, 'kicked')
    expect(readAll(queue)).toEqual([])
    queue.publish()
    expect(readAll(queue)).toEqual([1, 2])
    expect(readAll(queue)).toEqual([1, 2])
    queue.push(0, false, 3, 30, '')
    expect(readAll(queue)).toEqual([1, 2])
    queue.publish()
    expect(readAll(queue)).toEqual([3])
    queue.publish()
    expect(readAll(queue)).toEqual([])
  })

  it('returns the kind, component, entity, net id and reason of an event', () => {
    const queue = makeQueue()
    queue.push(0, true, 5, 77, 'destroyed')
    queue.publish()
    for (const event of queue)
      expect(event).toEqual({ kind: 'removed', component: Networked, entity: 5, netId: 77, reason: 'destroyed' })
  })

  it('keeps separate positions for two nested loops', () => {
    const queue = makeQueue()
    for (const entity of [1, 2, 3]) queue.push(1, false, entity, 0, '')
    queue.publish()
    const pairs: string[] = []
    for (const outer of queue) {
      const { entity } = outer
      for (const inner of queue) pairs.push(`${entity}${inner.entity}`)
    }
    expect(pairs).toEqual(['11', '12', '13', '21', '22', '23', '31', '32', '33'])
  })

  it('returns the kinds and components that a reader asked for, in order', () => {
    const queue = makeQueue()
    queue.push(1, false, 1, 0, '')
    queue.push(0, false, 2, 20, '')
    queue.push(0, true, 2, 20, 'hidden')
    queue.push(2, false, 1, 0, '')
    queue.push(1, true, 1, 0, 'timeout')
    queue.push(0, false, 3, 30, '')
    queue.publish()
    const seen = (events: Iterable<LifecycleEvent> | undefined): string[] =>
      Array.from(events!, ({ kind, component, entity }) => `${kind} ${(component as typeof Ready).name} ${entity}`)
    expect(seen(queue.of('added', [Networked]))).toEqual(['added Networked 2', 'added Networked 3'])
    expect(seen(queue.of('removed', [Networked]))).toEqual(['removed Networked 2'])
    expect(seen(queue.of('transitions', [Networked]))).toEqual([
      'added Networked 2',
      'removed Networked 2',
      'added Networked 3',
    ])
    expect(seen(queue.of('transitions', [Ready, Connected]))).toEqual([
      'added Connected 1',
      'added Ready 1',
      'removed Connected 1',
    ])
    expect(queue.of('added', [{}])).toBeUndefined()
  })

  it('knows which entities spawned in the published events', () => {
    const queue = makeQueue()
    queue.push(0, false, 2, 20, '')
    expect(queue.hasBegun).toBeUndefined()
    queue.publish()
    expect([queue.hasBegun!(2), queue.hasBegun!(3)]).toEqual([true, false])
    queue.push(0, true, 2, 20, '')
    queue.publish()
    expect(queue.hasBegun).toBeUndefined()
  })

  it('is bounded while it is not published, and keeps room for events of connections', () => {
    const queue = makeQueue()
    for (let i = 1; i <= 200_000; i++) queue.push(0, false, i, i, '')
    expect(queue.dropped).toBe(200_000 - 3 * 65_536)
    for (let i = 1; i <= 70_000; i++) queue.push(1, false, 1, 0, '')
    expect(queue.dropped).toBe(200_000 - 3 * 65_536 + 70_000 - 65_536)
    queue.publish()
    expect(readAll(queue)).toHaveLength(4 * 65_536)
  })

  it('allocates nothing per event', () => {
    const queue = makeQueue()
    let read = 0
    const bytes = bytesPerEvent(2000, (count) => {
      for (let i = 0; i < count; i++) queue.push(0, false, i, i, '')
      queue.publish()
      for (const { entity, netId } of queue) read += entity === netId ? 1 : 0
    })
    expect(read).toBeGreaterThan(2000)
    // Measuring the heap allocates some; one object per event would take at least 20 bytes.
    expect(bytes).toBeLessThan(1)
  })
})
