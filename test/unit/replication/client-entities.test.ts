// Tests a client's table of entities: lookups, and its memory.
import { createRandom } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { makeNetId, MAX_SLOT } from '../../../src/protocol/net-id.js'
import { MAX_BLOCK_ENTITIES } from '../../../src/replication/wire/block-slots.js'
import { ClientEntities } from '../../../src/replication/client/client-entities.js'
import { takeCensus } from '../../fuzz/engine/census.js'

/** Bytes of every reachable array. */
function bytesOf(root: object): number {
  return [...takeCensus(root).bytes.values()].reduce((sum, size) => sum + size, 0)
}

describe("a client's table of entities", () => {
  it('behaves like a plain map while entities spawn and despawn in slots near and far', () => {
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
        entities.remove(there.get(gone)!.index)
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

  it('grows with the number of entities, wherever their slots are, and not when others replace them', () => {
    const entities = new ClientEntities(8)
    const empty = bytesOf(entities)
    const indices: number[] = []
    for (let i = 1; i <= 1000; i++) indices.push(entities.add(makeNetId(MAX_SLOT - i * 1000, 0), i))
    // Up to twice 256 bytes of a page, and 65 of the tables.
    const enough = 1000 * 2 * 321
    expect(bytesOf(entities) - empty).toBeLessThan(enough)
    for (let i = 1; i <= 100_000; i++) {
      entities.remove(indices[i % 1000]!)
      indices[i % 1000] = entities.add(makeNetId(1 + ((i * 97) % 500_000) * 2, 0), i % 1000)
    }
    // Some indices have become slots by now; the tables take at most three times the memory.
    expect(bytesOf(entities) - empty).toBeLessThan(enough + 1000 * 4 * 65)
  })
})
