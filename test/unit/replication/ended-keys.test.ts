// The keys of entities that ended, on the server: how many it keeps, whatever clients make it end.
import { describe, expect, it } from 'vitest'
import { MAX_ENDED_KEYS } from '../../../src/protocol/limits.js'
import { EndedKeys } from '../../../src/replication/server/ended-keys.js'

describe('ended keys', () => {
  it('are the last 1,024: the oldest are forgotten first', () => {
    const ended = new EndedKeys()
    for (let i = 0; i < 5000; i++) ended.add(`key ${i}`)
    const kept = Array.from({ length: 5000 }, (_, i) => i).filter((i) => ended.has(`key ${i}`))
    expect([kept.length, kept[0]]).toEqual([MAX_ENDED_KEYS, 5000 - MAX_ENDED_KEYS])
  })

  it('that begin and end again without end take no more memory', () => {
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
