// Tests that unchanged collections are neither read nor cause allocations. Needs `--expose-gc`.
import { addComponent, addEntity } from 'bitecs'
import { createServerWorld, defineProtocol, replicate, u8 } from 'bitecs-net'
import { listOf, setOf, type SyncList, type SyncSet } from 'bitecs-net/collections'
import { Networked } from 'bitecs-net/components'
import { runSystems, serverReceive, serverSend } from 'bitecs-net/systems'
import { describe, expect, it } from 'vitest'

const Bag = { items: [] as SyncList<number>[], perks: [] as SyncSet<number>[] }
const protocol = defineProtocol({
  components: { Bag: replicate(Bag, { items: listOf(u8, 8), perks: setOf(u8, 8) }) },
})
const ENTITIES = 2000
const TICKS = 50

describe('a tick with 4,000 unchanged collections', () => {
  it('allocates nothing, and reads none of them', () => {
    const server = createServerWorld(protocol)
    const bags: number[] = []
    for (let i = 0; i < ENTITIES; i++) {
      const eid = addEntity(server)
      addComponent(server, eid, Bag)
      addComponent(server, eid, Networked)
      Bag.items[eid]!.push(i & 0xff)
      bags.push(eid)
    }
    const pipeline = [...serverReceive, ...serverSend]
    const turn = (): void => {
      for (let tick = 0; tick < TICKS; tick++) runSystems(server, pipeline)
    }
    turn()
    // From now on, reads are counted.
    const { items, perks } = Bag
    const seen = { count: 0 }
    for (const store of [items, perks] as unknown[][]) {
      for (const eid of bags) {
        const collection = store[eid]
        Object.defineProperty(store, eid, { get: () => (seen.count++, collection), configurable: true })
      }
    }
    for (let i = 0; i < 20; i++) turn()
    let least = Infinity
    for (let i = 0; i < 10; i++) {
      globalThis.gc!()
      const before = process.memoryUsage().heapUsed
      turn()
      least = Math.min(least, process.memoryUsage().heapUsed - before)
    }
    expect(seen.count).toBe(0)
    // Measuring the heap allocates some; one byte per collection and tick would be 200,000.
    expect(least / TICKS).toBeLessThan(1000)
  })
})
