// Tests the join progress that a client receives: progress that no honest server sends is malformed.
import { createWorld } from 'bitecs'
import { describe, expect, it } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/protocol/bytes.js'
import { MAX_SLOT } from '../../../src/protocol/net-id.js'
import { ClientJoin } from '../../../src/replication/client/client-join.js'

function fails(...numbers: number[]): boolean {
  const writer = new ByteWriter(16)
  for (const number of numbers) writer.varint(number)
  const reader = new ByteReader()
  reader.reset(writer.bytes, 0, writer.length)
  new ClientJoin(createWorld(), 1, (change) => change()).check(reader)
  return reader.failed
}

describe('the join progress', () => {
  it.each([
    [0, 0],
    [10, 0],
    [10, 10],
    [MAX_SLOT, 1],
  ])('of %d entities with %d remaining is well formed', (total, remaining) => {
    expect(fails(total, remaining)).toBe(false)
  })

  it.each([[0, 1], [10, 11], [MAX_SLOT + 1, 0], [5], []])('with %d, %d is malformed', (...numbers) => {
    expect(fails(...numbers.filter((number) => number !== undefined))).toBe(true)
  })
})
