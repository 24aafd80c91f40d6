// Tests change logs: they record real differences only, are bounded, and allocate nothing per event. Needs
// `--expose-gc`.
import { describe, expect, it } from 'vitest'
import { replicate } from '../../../src/protocol/definitions.js'
import { entity, f32, f64, i16, quantized, u16 } from '../../../src/protocol/types/schema.js'
import { ChangeLog } from '../../../src/replication/change-log.js'
import { ClientChanges } from '../../../src/replication/client/client-changes.js'
import { Column } from '../../../src/replication/wire/columns.js'
import { Members } from '../../../src/replication/wire/component-members.js'
import { LastSentValues } from '../../../src/replication/server/last-sent-values.js'
import { EventQueue } from '../../../src/remote/event-queue.js'
import { bytesPerEvent } from '../../support/heap.js'

const Health = { hp: new Uint16Array(1), armor: new Float32Array(1) }
const component = replicate(Health, { hp: u16, armor: f32 }, { trackChanges: true })

describe('ChangeLog', () => {
  it('records differences, and treats NaN as equal to NaN', () => {
    const log = new ChangeLog(component)
    // Fields are sorted by name: armor, hp.
    log.record(1, 7, Float64Array.of(9, 9, 1, 2), 2, Float64Array.of(1, 2), 0)
    log.record(2, 7, Float64Array.of(NaN, 2), 0, Float64Array.of(NaN, 2), 0)
    log.record(3, 7, Float64Array.of(0, 2), 0, Float64Array.of(-0, 2), 0)
    log.record(4, 7, Float64Array.of(NaN, 2), 0, Float64Array.of(1, 2), 0)
    log.record(5, 8, Float64Array.of(1, 2), 0, Float64Array.of(9, 1, 3), 1)
    expect([...log]).toEqual([])
    log.publish()
    const seen = Array.from(log, (event) => [event.entity, event.netId, { ...event.before }, { ...event.after }])
    expect(seen).toEqual([
      [4, 7, { hp: 2, armor: NaN }, { hp: 2, armor: 1 }],
      [5, 8, { hp: 2, armor: 1 }, { hp: 3, armor: 1 }],
    ])
  })

  it('is bounded while it is not published, and counts lost changes', () => {
    const log = new ChangeLog(component)
    for (let i = 0; i < 70_000; i++) log.record(i, 1, Float64Array.of(0, 0), 0, Float64Array.of(1, 1), 0)
    expect(log.dropped).toBe(70_000 - 65_536)
    log.publish()
    expect([...log]).toHaveLength(65_536)
  })
})

describe('an event', () => {
  it('for a change allocates nothing when it is recorded, published and read', () => {
    const log = new ChangeLog(component)
    const before = Float64Array.of(0.5, 100)
    const after = Float64Array.of(1.5, 90)
    const sums = new Float64Array(1)
    const bytes = bytesPerEvent(5000, (count) => {
      for (let i = 0; i < count; i++) log.record(i, i, before, 0, after, 0)
      log.publish()
      for (const event of log) {
        const was = event.before as { hp: number; armor: number }
        const is = event.after as { hp: number; armor: number }
        sums[0]! += was.hp - is.hp + was.armor - is.armor + event.entity + event.netId
      }
    })
    expect(sums[0]).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(1)
  })

  it('for the lifecycle allocates nothing, and neither does a loop that reads it', () => {
    const queue = new EventQueue([component], component)
    const sums = new Float64Array(1)
    const bytes = bytesPerEvent(5000, (count) => {
      for (let i = 0; i < count; i++) queue.push(0, true, i, i, 'hidden')
      queue.publish()
      for (const event of queue) sums[0]! += event.entity + event.netId + event.reason.length
      for (let i = 0; i < count; i++) for (const event of queue) if (event.entity >= 0) break
    })
    expect(sums[0]).toBeGreaterThan(0)
    expect(bytes).toBeLessThan(1)
  })
})

describe('a change', () => {
  const COUNT = 2000
  const entities = { netIdOf: (eid: number) => eid, entityOf: (netId: number) => netId }
  const store = {
    a: new Float32Array(COUNT + 1),
    b: new Float64Array(COUNT + 1),
    c: new Int16Array(COUNT + 1),
    d: new Float32Array(COUNT + 1),
    e: new Uint32Array(COUNT + 1),
  }
  const fields = { a: quantized(-100, 100, 0.01), b: f64, c: i16, d: f32, e: entity }
  const moving = replicate(store, fields, { trackChanges: true })
  const write = (value: number): void => {
    for (const array of Object.values(store)) array.fill(value)
  }

  it('found by the server allocates nothing', () => {
    const columns = moving.fields.map((field) => new Column(field, entities))
    const log = new ChangeLog(moving)
    const told = new LastSentValues(columns, log)
    const members = new Members()
    for (let eid = 1; eid <= COUNT; eid++) {
      members.add(eid)
      for (const column of columns) column.start(eid, true)
    }
    members.refresh(COUNT + 1)
    const hits = new Uint32Array(members.words.length)
    told.reserve(COUNT + 1)
    let value = 0
    const bytes = bytesPerEvent(COUNT, (count) => {
      write((value = (value + 1) % 50))
      for (let c = 0; c < columns.length; c++) columns[c]!.scan(members, hits)
      for (let slot = 1; slot <= count; slot++) told.change(slot, slot, slot)
      log.publish()
    })
    expect(Array.from(log, ({ entity: eid }) => eid)).toHaveLength(COUNT)
    expect(bytes).toBeLessThan(1)
  })

  it('applied by a client allocates nothing', () => {
    const log = new ChangeLog(moving)
    const columns = moving.fields.map((field) => ({ store: field.store, references: undefined }))
    const changes = new ClientChanges(columns, undefined, entities, log)
    const ids = Uint32Array.from({ length: COUNT }, (_, i) => i + 1)
    let value = 0
    const bytes = bytesPerEvent(COUNT, (count) => {
      changes.begin(ids, ids, count)
      write((value = (value + 1) % 50))
      changes.finish(ids, ids, count)
      log.publish()
    })
    expect(Array.from(log, ({ entity: eid }) => eid)).toHaveLength(COUNT)
    expect(bytes).toBeLessThan(1)
  })
})
