// Tests that the server keeps a bounded number of spawn keys of despawned entities.
import { describe, expect, it } from 'vitest'
import { MAX_ENDED_KEYS } from '../../../src/protocol/limits.js'
import { EndedKeys } from '../../../src/replication/server/ended-keys.js'

describe('the spawn keys of despawned entities', () => {
  it('are kept up to 1,024, with the oldest evicted first', () => {
    const ended = new EndedKeys()
    for (let i = 0; i < 5000; i++) ended.add(`key ${i}`)
    const kept = Array.from({ length: 5000 }, (_, i) => i).filter((i) => ended.has(`key ${i}`))
    expect([kept.length, kept[0]]).toEqual([MAX_ENDED_KEYS, 5000 - MAX_ENDED_KEYS])
  })

  it('take no more memory when one key is used again and again', () => {
    const ended = new EndedKeys()
    const use = (): number => {
      for (let i = 0; i < 100_000; i++) {
        ended.add('again')
        ended.begin('again')
      }
      globalThis.gc!()
      return process.memoryUsage().heapUsed
    }
    const before = use()
    expect(use() - before).toBeLessThan(1_000_000)
  })
})
