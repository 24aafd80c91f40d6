// Tests a user who connects twice: both may play, the new client is refused, or the old session is closed. An
// interrupted session locks no user out.
import { hasComponent, observe, onAdd, onRemove } from 'bitecs'
import { close, connectionOf, drain, NetworkErrors, setOwner, setPlayer, UsageError } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { type AuthenticationRequest, userOf } from 'bitecs-net/users'
import { Connected, Connection, Networked, Owned } from 'bitecs-net/components'
import { createServerWorld, listen, type ListenOptions } from 'bitecs-net/server'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

type Policy = NonNullable<ListenOptions['users']>['duplicateUsers']

/** The token is the user's id; an empty token means an unknown user. */
const authenticate = ({ token }: AuthenticationRequest): object => (token === '' ? {} : { id: token })

/** A server that admits everyone, and lets interrupted sessions resume. */
function start(duplicateUsers: Policy, { users, ...options }: Parameters<typeof createTestNetwork>[1] = {}) {
  const net = createTestNetwork(game.arena, {
    clients: 0,
    sessions: { timeout: 1000, resumeTime: 5000 },
    users: { authenticate, userKey: 'id', duplicateUsers, ...users },
    ...options,
  })
  return { net, server: net.server, join: (token: string) => net.connect({ token, timeout: 1000 }) }
}

describe('a user who connects twice', () => {
  it('plays twice by default', () => {
    const { server, join } = start(undefined)
    const clients = [join('ann'), join('ann')]
    expect(clients.map(({ reason }) => reason)).toEqual([undefined, undefined])
    expect(stats(server).connections).toBe(2)
  })

  it("is refused with duplicateUsers: 'refuse-new' until the first session ends", () => {
    const { net, server, join } = start('refuse-new')
    const first = join('ann')
    const second = join('ann')
    expect(second.reason).toEqual({
      code: 'duplicate-user',
      text: 'you are on this server already',
      by: 'remote',
    })
    expect([first.reason, stats(server).connections, stats(server).counters.refusedConnections]).toEqual([
      undefined,
      1,
      1,
    ])
    expect([...drain(server, NetworkErrors)].map(({ code }) => code)).toEqual(['duplicate-user'])
    expect(join('ben').reason).toBeUndefined()
    void close(first.world)
    net.tick(3)
    expect(join('ann').reason).toBeUndefined()
  })

  it("replaces the first session with duplicateUsers: 'close-old', and both sides get the reason", () => {
    const { net, server, join } = start('close-old')
    const first = join('ann')
    const { connection } = first
    const second = join('ann')
    net.tick(2)
    const text = 'you have connected to this server again'
    expect(first.reason).toEqual({ code: 'duplicate-user', text, by: 'remote' })
    expect(Connection.reason[connectionOf(first.world)]).toMatchObject({ code: 'duplicate-user' })
    expect(second.reason).toBeUndefined()
    expect([stats(server).connections, stats(server).counters.refusedConnections]).toEqual([1, 0])
    expect(second.connection).not.toBe(connection)
    // A third connection works the same way.
    const third = join('ann')
    net.tick(2)
    expect([second.reason?.code, third.reason, stats(server).connections]).toEqual(['duplicate-user', undefined, 1])
  })

  it('leaves before the new session connects, so that a system can hand entities over', () => {
    const { net, server, join } = start('close-old')
    const log: string[] = []
    const name = (eid: number): string => `${userOf<{ id: string }>(server, eid)!.id} ${Connection.id[eid]}`
    observe(server, onAdd(Connected), (eid: number) => void log.push(`+${name(eid)}`))
    observe(server, onRemove(Connected), (eid: number) => {
      log.push(`-${name(eid)} ${Connection.reason[eid]!.code} ${Connection.reason[eid]!.by}`)
    })
    const first = join('ann')
    const ship = game.spawnShip(server, 1, 2, 3)
    setPlayer(server, first.connection, ship, { onLeave: { graceMs: 5000 } })
    net.tick(2)
    const second = join('ann')
    expect(log).toEqual(['+ann 1', '-ann 1 duplicate-user local', '+ann 2'])
    setOwner(server, ship, second.connection)
    net.tick(200)
    expect([hasComponent(server, ship, Owned), Networked.owner[ship]]).toEqual([true, second.connection])
  })

  it.each<Policy>(['refuse-new', 'close-old'])(
    'replaces its own interrupted session with %s, which then cannot resume',
    (policy) => {
      const { net, server, join } = start(policy)
      const first = join('ann')
      net.setServerConditions({ down: true })
      first.setConditions({ down: true })
      net.tick(30)
      first.running = false
      net.setServerConditions({ down: false })
      const second = join('ann')
      expect(second.reason).toBeUndefined()
      expect(stats(server).connections).toBe(1)
      first.running = true
      first.setConditions({ down: false })
      first.cut()
      net.until(() => first.reason !== undefined)
      expect(first.reason).toMatchObject({ code: 'duplicate-user', by: 'remote' })
      net.tick(60)
      expect([second.reason, stats(server).connections]).toEqual([undefined, 1])
    },
  )

  it('is admitted once when two authentications are pending at the same time', async () => {
    const answers: (() => void)[] = []
    const { net, server } = start('refuse-new', {
      users: { authenticate: ({ token }) => new Promise((resolve) => answers.push(() => resolve({ id: token }))) },
    })
    const clients = [net.begin({ token: 'ann' }), net.begin({ token: 'ann' })]
    net.until(() => answers.length === 2)
    for (const answer of answers) answer()
    for (let i = 0; i < 5; i++) await Promise.resolve()
    net.tick(3)
    expect(clients.map(({ reason }) => reason?.code)).toEqual([undefined, 'duplicate-user'])
    expect(stats(server).connections).toBe(1)
  })

  it('is not a duplicate without a user key', () => {
    const { server, join } = start('refuse-new')
    expect([join('').reason, join('').reason]).toEqual([undefined, undefined])
    expect(stats(server).connections).toBe(2)
  })

  it.each([[''], ['x'.repeat(257)], [true], [{}], [NaN]])('is refused when its user key is invalid: %j', (id) => {
    const { net, server, join } = start('refuse-new', { users: { authenticate: () => ({ id }) } })
    expect(join('ann').reason).toMatchObject({ code: 'authentication-failed' })
    net.tick()
    const [error] = [...drain(server, NetworkErrors)]
    expect(error).toMatchObject({ code: 'authentication-failed' })
    expect(error!.message).toContain('userKey: the property id of the user data is no text')
  })

  it('is recognized by a number as well as by a text', () => {
    const { server, join } = start('refuse-new', { users: { authenticate: ({ token }) => ({ id: Number(token) }) } })
    expect([join('1').reason, join('2').reason, join('1').reason?.code]).toEqual([
      undefined,
      undefined,
      'duplicate-user',
    ])
    expect(stats(server).connections).toBe(2)
  })
})

it.each<[string, ListenOptions['users'], string]>([
  [
    'an unknown policy',
    { duplicateUsers: 'other' as 'allow' },
    "users.duplicateUsers is 'allow' or 'refuse-new' or 'close-old'",
  ],
  ['a policy without a user key', { duplicateUsers: 'close-old' }, 'needs users.userKey'],
  ['a user key without authenticate', { userKey: 'id' }, 'users.userKey needs users.authenticate'],
  ['an empty user key', { userKey: '', authenticate }, 'users.userKey is the name of a property'],
])('listen refuses %s', async (_, options, text) => {
  const attempt = listen(createServerWorld(game.arena), { users: options })
  await expect(attempt).rejects.toThrow(UsageError)
  await expect(attempt).rejects.toThrow(text)
})
