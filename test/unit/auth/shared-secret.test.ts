// A shared secret: who has it comes in, nobody else, and the answer takes as long for both.
import { UsageError } from 'bitecs-net'
import { AuthenticationError } from 'bitecs-net/users'
import { sharedSecret } from 'bitecs-net/auth'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { arena } from '../../support/arena.js'

describe('a shared secret', () => {
  it('accepts only clients that have it', () => {
    const net = createTestNetwork(arena, { clients: 0, users: { authenticate: sharedSecret('grün und gut') } })
    expect(net.connect({ token: 'grün und gut' }).connection).not.toBe(0)
    for (const token of ['', 'grün und gu', 'grün und gut ', 'GRÜN UND GUT', 'x'.repeat(4000)]) {
      expect(net.connect({ token }).reason).toMatchObject({
        code: 'authentication-failed',
        text: 'the secret is wrong',
      })
    }
  })

  it('may be one of several, while it is being changed', () => {
    const authenticate = sharedSecret(['old', 'new'])
    expect(authenticate({ token: 'old' })).toBeUndefined()
    expect(authenticate({ token: 'new' })).toBeUndefined()
    expect(authenticate({ token: 'oldnew' })).toBeInstanceOf(AuthenticationError)
  })

  it.each([[''], [[]], [['a', '']], [undefined], [[5]]])('is not %j', (secret) => {
    expect(() => sharedSecret(secret as string)).toThrow(UsageError)
  })
})
