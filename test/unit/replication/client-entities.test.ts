// The client's table of entities: which net ids may still arrive, and which never will.
import { createRandom } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { makeNetId, MAX_GENERATION, MAX_SLOT } from '../../../src/protocol/net-id.js'
import { MAX_BLOCK_ENTITIES } from '../../../src/replication/block-slots.js'
import { ClientEntities } from '../../../src/replication/client-entities.js'
import { takeCensus } from '../../fuzz/engine/census.js'

/** Bytes of every array that can be reached. */
function bytesOf(root: object): number {
  return [...takeCensus(root).bytes.values()].reduce((sum, size) => sum + size, 0)
}

describe('the table', () => {
  it('agrees with a plain map while entities come and go in slots near and far', () => {
    const random = createRandom(7)
    const entities = new ClientEntities(2)
    let inherited = 0
    const there = new Map<number, { netId: number; eid: number; index: number }>()
    const slots = new Uint32Array(MAX_BLOCK_ENTITIES)
    const [indices, eids] = [slots.slice(), slots.slice()]
    for (let turn = 0; turn < 4000; turn++) {
      const slot = 1 + Math.floor(random() * (random() < 0.5 ? 200 : MAX_SLOT))
      const known = there.get(slot)
      if (known === undefined) {
        const netId = makeNetId(slot, turn % 1000)
        const index = entities.add(netId, turn + 1)
        if (entities.hasComponent(index, 0) || entities.hasComponent(index, 1)) inherited++
        entities.setValueTick(index, 1, turn)
        there.set(slot, { netId, eid: turn + 1, index })
      }
      const [first, last] = [there.keys().next().value!, [...there.keys()].at(-1)!]
      for (const gone of there.size > 300 ? [first, last] : []) {
        entities.remove(there.get(gone)!.index, true)
        there.delete(gone)
      }
      if (turn % 100 > 0) continue
      const named = [...there.keys(), 3, MAX_SLOT].sort((a, b) => a - b)
      slots.set(named)
      entities.bySlot.gather(slots, named.length, indices, eids, entities.eidOf, 0x7fffffff)
      named.forEach((one, i) => {
        const { netId, eid, index } = there.get(one) ?? { netId: 0, eid: 0, index: 0 }
        expect([entities.indexOf(one), indices[i], eids[i]]).toEqual([index, index, eid])
        expect(entities.entityOf(netId)).toBe(eid)
      })
      expect(new Set([...there.values()].map(({ index }) => index)).size).toBe(there.size)
      expect(entities.alive).toBe(there.size)
    }
    expect(inherited).toBe(0)
  })

  it('is as long as there are entities, wherever their slots are, and grows no more when others come instead', () => {
    const entities = new ClientEntities(8)
    const empty = bytesOf(entities)
    const indices: number[] = []
    for (let i = 1; i <= 1000; i++) indices.push(entities.add(makeNetId(MAX_SLOT - i * 1000, 0), i))
    // Up to twice 256 bytes of a page, and 65 of the tables.
    const enough = 1000 * 2 * 321
    expect(bytesOf(entities) - empty).toBeLessThan(enough)
    for (let i = 1; i <= 100_000; i++) {
      entities.remove(indices[i % 1000]!, i % 2 === 0)
      indices[i % 1000] = entities.add(makeNetId(1 + ((i * 97) % 500_000) * 2, 0), i % 1000)
    }
    // By then some indices are slots; three times the tables at the most.
    expect(bytesOf(entities) - empty).toBeLessThan(enough + 1000 * 4 * 65)
  })

  it('remembers a bounded number of those that have gone', () => {
    const entities = new ClientEntities(1)
    for (let slot = 1; slot <= 10_000; slot++) entities.remove(entities.add(makeNetId(slot, 0), 1), true)
    expect(Math.max(...takeCensus(entities).elements.values())).toBe(4096)
    expect(entities.mayArrive(makeNetId(10_000, 0))).toBe(false)
  })
})

describe('an entity that is not there', () => {
  it('may arrive when nothing is known of its slot, or what is known was before it', () => {
    const entities = new ClientEntities(1)
    expect(entities.mayArrive(makeNetId(5, 0))).toBe(true)
    expect(entities.mayArrive(makeNetId(500_000, 3))).toBe(true)
    entities.add(makeNetId(5, 2), 77)
    expect(entities.mayArrive(makeNetId(5, 3))).toBe(true)
    expect(entities.mayArrive(makeNetId(4, 0))).toBe(true)
  })

  it('may return while it is merely hidden, and not once it has ended, or one after it has been', () => {
    const entities = new ClientEntities(1)
    const netId = makeNetId(5, 2)
    entities.remove(entities.add(netId, 77), false)
    expect(entities.mayArrive(netId)).toBe(true)
    const index = entities.add(netId, 78)
    expect(entities.mayArrive(netId)).toBe(false)
    expect(entities.mayArrive(makeNetId(5, 1))).toBe(false)
    entities.remove(index, true)
    expect(entities.mayArrive(netId)).toBe(false)
    expect(entities.mayArrive(makeNetId(5, 3))).toBe(true)
  })

  it('is told from its slot’s former tenants where generations wrap', () => {
    const entities = new ClientEntities(1)
    entities.add(makeNetId(5, MAX_GENERATION), 77)
    expect(entities.mayArrive(makeNetId(5, 0))).toBe(true)
    expect(entities.mayArrive(makeNetId(5, MAX_GENERATION - 1))).toBe(false)
  })

  it('of a session that has ended says nothing of the next', () => {
    const entities = new ClientEntities(1)
    entities.remove(entities.add(makeNetId(5, 2), 77), true)
    expect(entities.mayArrive(makeNetId(5, 2))).toBe(false)
    entities.forgetAll()
    expect(entities.mayArrive(makeNetId(5, 0))).toBe(true)
  })
})
