// One user who comes twice: both may play, the new one is refused, or the old one leaves, and nobody is locked out by a
// broken line.
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

/** The token is the user's id; without one nobody knows who it is. */
const authenticate = ({ token }: AuthenticationRequest): object => (token === '' ? {} : { id: token })

/** A server that lets everybody in, and everyone whose line is broken wait. */
function start(duplicateUsers: Policy, { users, ...options }: Parameters<typeof createTestNetwork>[1] = {}) {
  const net = createTestNetwork(game.arena, {
    clients: 0,
    sessions: { timeout: 1000, resumeTime: 5000 },
    users: { authenticate, userKey: 'id', duplicateUsers, ...users },
    ...options,
  })
  return { net, server: net.server, join: (token: string) => net.connect({ token, timeout: 1000 }) }
}

describe('a user who comes twice', () => {
  it('plays twice, unless the server says otherwise', () => {
    const { server, join } = start(undefined)
    const clients = [join('ann'), join('ann')]
    expect(clients.map(({ reason }) => reason)).toEqual([undefined, undefined])
    expect(stats(server).connections).toBe(2)
  })

  it("is refused with duplicateUsers: 'refuse-new', until the one who is here has left", () => {
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

  it("takes the place of the one who is here with duplicateUsers: 'close-old'; both sides hear why", () => {
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
    // Three times is no different.
    const third = join('ann')
    net.tick(2)
    expect([second.reason?.code, third.reason, stats(server).connections]).toEqual(['duplicate-user', undefined, 1])
  })

  it('is gone before it is here again, so that a system may hand over what was kept', () => {
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
    'is not kept out by a session that waits for its line, with %s; that one cannot be resumed any more',
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

  it('has two answers of the authenticator under way at once, and comes in once', async () => {
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

  it('is nobody’s duplicate without a key', () => {
    const { server, join } = start('refuse-new')
    expect([join('').reason, join('').reason]).toEqual([undefined, undefined])
    expect(stats(server).connections).toBe(2)
  })

  it.each([[''], ['x'.repeat(257)], [true], [{}], [NaN]])('is refused when its key is none: %j', (id) => {
    const { net, server, join } = start('refuse-new', { users: { authenticate: () => ({ id }) } })
    expect(join('ann').reason).toMatchObject({ code: 'authentication-failed' })
    net.tick()
    const [error] = [...drain(server, NetworkErrors)]
    expect(error).toMatchObject({ code: 'authentication-failed' })
    expect(error!.message).toContain('userKey: the property id of the user data is no text')
  })

  it('is told apart by numbers as well as by texts', () => {
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
    'no policy',
    { duplicateUsers: 'other' as 'allow' },
    "users.duplicateUsers is 'allow' or 'refuse-new' or 'close-old'",
  ],
  ['a policy without keys', { duplicateUsers: 'close-old' }, 'needs users.userKey'],
  ['a key of nobody', { userKey: 'id' }, 'users.userKey needs users.authenticate'],
  ['a key without a name', { userKey: '', authenticate }, 'users.userKey is the name of a property'],
])('listen refuses %s', async (_, options, text) => {
  const attempt = listen(createServerWorld(game.arena), { users: options })
  await expect(attempt).rejects.toThrow(UsageError)
  await expect(attempt).rejects.toThrow(text)
})
