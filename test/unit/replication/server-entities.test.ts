// Tests the server's table of entities: slots first in, first out, generations, and issued net ids.
import { describe, expect, it } from 'vitest'
import { generationOf, makeNetId, MAX_GENERATION, slotOf } from '../../../src/protocol/net-id.js'
import { ServerEntities } from '../../../src/replication/server/server-entities.js'

/** Removes the entity of a slot, whose despawn is sent at `tick`. */
function remove(entities: ServerEntities, slot: number, tick: number): void {
  entities.remove(slot)
  entities.release(slot, tick)
}

describe('ServerEntities', () => {
  it('reuses a slot, oldest first, only when all clients have acknowledged its despawn', () => {
    const entities = new ServerEntities()
    let acknowledged = 0
    const add = (eid: number): number => entities.add(eid, () => acknowledged)
    expect([add(11), add(12), add(13)].map(slotOf)).toEqual([1, 2, 3])
    remove(entities, 2, 5)
    remove(entities, 1, 6)
    acknowledged = 4
    expect(slotOf(add(14))).toBe(4)
    acknowledged = 5
    const again = add(15)
    expect([slotOf(again), generationOf(again)]).toEqual([2, 1])
    expect(slotOf(add(16))).toBe(5)
    acknowledged = 6
    expect(slotOf(add(17))).toBe(1)
  })

  it('maps entities to net ids and back, and forgets despawned entities', () => {
    const entities = new ServerEntities()
    const first = entities.add(11, () => 100)
    expect([entities.entityOf(first), entities.netIdOf(11)]).toEqual([11, first])
    remove(entities, slotOf(first), 1)
    expect([entities.entityOf(first), entities.netIdOf(11)]).toEqual([0, 0])
    const second = entities.add(11, () => 100)
    expect(slotOf(second)).toBe(slotOf(first))
    expect([entities.entityOf(first), entities.entityOf(second)]).toEqual([0, 11])
    expect([entities.netIdOf(999_999), entities.entityOf(makeNetId(77, 0)), entities.entityOf(0)]).toEqual([0, 0, 0])
  })

  it('wraps the generation after 1,024 entities in a slot', () => {
    const entities = new ServerEntities()
    for (let i = 0; i <= MAX_GENERATION; i++) {
      const netId = entities.add(5, () => i)
      expect(generationOf(netId)).toBe(i)
      remove(entities, slotOf(netId), i)
    }
    expect(generationOf(entities.add(5, () => MAX_GENERATION))).toBe(0)
  })

  it('distinguishes issued net ids from those that were never issued', () => {
    const entities = new ServerEntities()
    const first = entities.add(11, () => 100)
    remove(entities, slotOf(first), 1)
    const second = entities.add(11, () => 100)
    expect(entities.wasIssued(first)).toBe(true)
    expect(entities.wasIssued(second)).toBe(true)
    expect(entities.wasIssued(makeNetId(slotOf(second), 2))).toBe(false)
    expect(entities.wasIssued(makeNetId(2, 0))).toBe(false)
    expect(entities.wasIssued(0)).toBe(false)
  })

  it('stays small while thousands of entities spawn and despawn', () => {
    const entities = new ServerEntities()
    for (let tick = 1; tick < 5000; tick++) {
      const netId = entities.add(tick % 50, () => tick - 3)
      remove(entities, slotOf(netId), tick)
    }
    expect(entities.slots).toBeLessThan(12)
    expect(entities.alive).toBe(0)
  })
})
