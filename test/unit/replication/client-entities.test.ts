// The client's table of entities: which net ids may still arrive, and which never will.
import { describe, expect, it } from 'vitest'
import { makeNetId, MAX_GENERATION } from '../../../src/protocol/net-id.js'
import { ClientEntities } from '../../../src/replication/client-entities.js'

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
    entities.add(netId, 77)
    expect(entities.mayArrive(netId)).toBe(false)
    expect(entities.mayArrive(makeNetId(5, 1))).toBe(false)
    entities.remove(5, false)
    expect(entities.mayArrive(netId)).toBe(true)
    entities.add(netId, 78)
    entities.remove(5, true)
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
    entities.add(makeNetId(5, 2), 77)
    entities.remove(5, true)
    entities.forgetAll()
    expect(entities.mayArrive(makeNetId(5, 0))).toBe(true)
  })
})
