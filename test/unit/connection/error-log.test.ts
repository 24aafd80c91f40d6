// Tests the error log: its size is bounded, and it reports a repeated error once.
import { describe, expect, it } from 'vitest'
import { ErrorLog } from '../../../src/connection/error-log.js'

describe('ErrorLog', () => {
  it('returns each complete entry once', () => {
    const log = new ErrorLog()
    const cause = new Error('x')
    log.push('handler-threw', 'it threw', { connection: 3, cause })
    expect(log.take()).toEqual([
      { code: 'handler-threw', message: 'it threw', connection: 3, entity: 0, name: '', count: 1, cause },
    ])
    expect(log.take()).toEqual([])
  })

  it('reports a repeated error once for each code and name', () => {
    const log = new ErrorLog()
    for (let i = 0; i < 5; i++) {
      log.once('undrained', 'Fire', 'nobody drains Fire')
      log.once('undrained', 'Boom', 'nobody drains Boom')
      log.take()
    }
    log.once('undrained', 'Fire', 'again')
    log.once('clamped', 'Fire', 'another code')
    expect(log.take().map(({ code }) => code)).toEqual(['clamped'])
  })

  it('has a bounded size while it is not drained, and counts dropped entries', () => {
    const log = new ErrorLog(10)
    for (let i = 0; i < 25; i++) log.push('code', `${i}`)
    expect(log.dropped).toBe(15)
    expect(log.take()).toHaveLength(10)
    log.push('code', 'room again')
    expect(log.take()).toHaveLength(1)
  })

  it('has room for errors of other sources after one client has filled it, and stays bounded', () => {
    const log = new ErrorLog(100)
    for (let i = 0; i < 500; i++) log.push('late', `${i}`, { connection: 1 })
    for (let i = 0; i < 30; i++) log.push('late', `${i}`, { connection: 2 })
    for (let i = 0; i < 30; i++) log.push('refused', `${i}`, { address: '203.0.113.7' })
    log.push('handler-threw', 'the game itself')
    const counts = new Map<number | string, number>()
    for (const { connection, address } of log.take()) {
      const source = address ?? connection
      counts.set(source, (counts.get(source) ?? 0) + 1)
    }
    expect(counts).toEqual(
      new Map<number | string, number>([
        [1, 100],
        [2, 30],
        ['203.0.113.7', 30],
        [0, 1],
      ]),
    )
    for (let i = 0; i < 5000; i++) log.push('late', `${i}`, { connection: i })
    expect(log.waiting).toBeLessThanOrEqual(200)
  })
})
