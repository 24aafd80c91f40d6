// Tests observer events: they are passed on in lists per tick, bounded, without allocations per event. Needs
// `--expose-gc`.
import { describe, expect, it } from 'vitest'
import { ObserverQueue } from '../../../src/replication/server/observer-events.js'
import { ServerEntities } from '../../../src/replication/server/server-entities.js'
import { LeaveReason, ViewChanges } from '../../../src/replication/server/view-changes.js'
import { bytesPerEvent } from '../../support/heap.js'

function start(): { queue: ObserverQueue; names: number[] } {
  const entities = new ServerEntities()
  const names = [101, 102, 103].map((eid) => entities.add(eid, () => 0))
  return { queue: new ObserverQueue(entities), names }
}

function changes(netIds: readonly number[], reason?: LeaveReason): ViewChanges {
  const made = new ViewChanges()
  for (const netId of netIds) made.push(netId, reason)
  return made
}

describe('ObserverQueue', () => {
  it('returns the events of several connections one after another, and skips empty lists', () => {
    const { queue, names } = start()
    queue.exchange(7, changes(names, LeaveReason.Destroyed))
    queue.exchange(8, changes([]))
    queue.exchange(9, changes(names.slice(1), LeaveReason.Hidden))
    expect([...queue]).toEqual([])
    queue.publish()
    const read = (): unknown[] => Array.from(queue, (event) => [event.entity, event.connection, event.reason])
    const expected = [
      [101, 7, 'destroyed'],
      [102, 7, 'destroyed'],
      [103, 7, 'destroyed'],
      [102, 9, 'hidden'],
      [103, 9, 'hidden'],
    ]
    expect([read(), read()]).toEqual([expected, expected])
    queue.publish()
    expect(read()).toEqual([])
  })

  it('returns an empty list in exchange for each list', () => {
    const { queue, names } = start()
    let mine = changes(names)
    for (let i = 0; i < 5; i++) {
      mine = queue.exchange(7, mine)
      expect(mine.count).toBe(0)
      mine.push(names[i % 3]!)
      queue.publish()
      expect(Array.from(queue, (event) => event.netId)).toEqual(i === 0 ? names : [names[(i - 1) % 3]])
    }
  })

  it('is bounded while it is not published, and counts lost events', () => {
    const { queue, names } = start()
    for (let tick = 0; tick < 100; tick++) {
      queue.countTick()
      queue.exchange(7, changes(names))
    }
    queue.publish()
    const seen = [...queue].length
    expect(seen).toBeGreaterThanOrEqual(64 * names.length)
    expect([seen + queue.dropped, seen]).toEqual([300, 64 * names.length + names.length])
    for (let tick = 0; tick < 200; tick++) queue.countTick()
    queue.exchange(7, changes(names))
    queue.publish()
    expect([...queue]).toHaveLength(3)
  })

  it('allocates nothing per event', () => {
    const { queue, names } = start()
    const lists = Array.from({ length: 50 }, () => changes(Array.from({ length: 100 }, (_, i) => names[i % 3]!)))
    const sums = new Float64Array(1)
    const bytes = bytesPerEvent(5000, () => {
      queue.countTick()
      for (let i = 0; i < lists.length; i++) lists[i] = queue.exchange(i, lists[i]!)
      queue.publish()
      for (const event of queue) sums[0]! += event.entity + event.netId + event.connection + event.reason.length
      for (const list of lists) for (let i = 0; i < 100; i++) list.push(names[i % 3]!)
    })
    expect(sums[0]).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(1)
  })
})
