// Tests the remembered end reasons of interrupted sessions: their number is bounded, and timeouts are evicted first.
import { describe, expect, it } from 'vitest'
import { InterruptedSessions } from '../../../src/connection/server/interrupted-sessions.js'
import { Session } from '../../../src/connection/session.js'
import { networkOfAddress, normalizeAddress } from '../../../src/transport/addresses.js'
import { createLoopback } from '../../../src/transport/loopback.js'

/** Ends an interrupted session, and returns its secret. */
function end(sessions: InterruptedSessions, code: string): string {
  const session = new Session(createLoopback().server, 1, 0)
  sessions.prepare(session)
  const { token } = sessions.issue(session)!
  sessions.interrupt(session, 0)
  sessions.forget(session, { code, text: code, by: 'local' })
  return token
}

describe('the end reasons of interrupted sessions', () => {
  it('are remembered up to 256, with the oldest timeouts evicted first', () => {
    const sessions = new InterruptedSessions(10_000, Infinity)
    const banned = end(sessions, 'banned')
    const outs = Array.from({ length: 1000 }, () => end(sessions, 'timeout'))
    expect(sessions.endOf(banned)?.code).toBe('banned')
    expect(outs.filter((token) => sessions.endOf(token) !== undefined)).toEqual(outs.slice(-255))
    const kicks = Array.from({ length: 256 }, () => end(sessions, 'kicked'))
    expect([...outs, banned].filter((token) => sessions.endOf(token) !== undefined)).toEqual([])
    expect(kicks.every((token) => sessions.endOf(token)?.code === 'kicked')).toBe(true)
  })
})

describe('the interrupted sessions of one address', () => {
  it.each([
    ['203.0.113.7', true],
    ['2001:db8::1', true],
    ['127.0.0.1', false],
    ['::1', false],
  ])('are bounded except for those of the machine itself: %s', (address, isBounded) => {
    const sessions = new InterruptedSessions(10_000, 1)
    const waiting = [1, 2].map((peer) => {
      const session = new Session(createLoopback().server, peer, 0)
      session.network = networkOfAddress(normalizeAddress(address))
      sessions.prepare(session)
      sessions.issue(session)
      sessions.interrupt(session, 0)
      return session
    })
    expect(sessions.isCrowded(waiting[1]!)).toBe(isBounded)
  })
})
