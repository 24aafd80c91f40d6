// Tests the values that a client still has to receive: since when, and which of them were lost.
import { describe, expect, it } from 'vitest'
import { ComponentSets, EMPTY_SET } from '../../../src/protocol/component-sets.js'
import { UnsentChanges } from '../../../src/replication/server/unsent-changes.js'

function make() {
  const sets = new ComponentSets(4)
  const setOf = (...components: number[]): number => components.reduce((set, c) => sets.with(set, c), EMPTY_SET)
  return { sets, owed: new UnsentChanges(sets), setOf }
}

describe('unsent changes', () => {
  it('are unsent since the oldest of them, until all are sent', () => {
    const { owed, setOf } = make()
    owed.add(7, 0, 30)
    owed.add(7, 1, 20)
    owed.add(7, 2, 40)
    expect(owed.since[7]).toBe(20)
    owed.strike(7, setOf(0, 1))
    expect(owed.sets[7]).toBe(setOf(2))
    expect(owed.since[7]).toBe(20)
    owed.strike(7, setOf(2))
    expect(owed.slots.size).toBe(0)
    owed.add(7, 3, 50)
    expect(owed.since[7]).toBe(50)
  })

  it('count how many of the sent values had been lost', () => {
    const { owed, setOf } = make()
    owed.addLost(900, 0, 5)
    owed.addLost(900, 1, 5)
    owed.add(900, 2, 6)
    expect(owed.strike(900, setOf(0, 2))).toBe(1)
    // A newer value replaces the lost one.
    owed.add(900, 1, 7)
    expect(owed.strike(900, setOf(1))).toBe(0)
    expect(owed.slots.size).toBe(0)
  })

  it('end with the entity', () => {
    const { owed, setOf } = make()
    owed.addLost(3, 0, 5)
    owed.strikeAll(3)
    expect(owed.slots.size).toBe(0)
    owed.add(3, 1, 9)
    expect(owed.strike(3, setOf(0, 1))).toBe(0)
  })

  it('keep their components when sets are renumbered', () => {
    const { owed, sets, setOf } = make()
    setOf(0, 1, 2, 3)
    owed.add(1, 3, 5)
    owed.addLost(1, 2, 5)
    const live = new Set<number>()
    owed.addSetsTo(live)
    owed.renumber(sets.compact(live))
    expect([...sets.members[owed.sets[1]!]!]).toEqual([2, 3])
    expect(owed.strike(1, owed.sets[1]!)).toBe(1)
  })
})
