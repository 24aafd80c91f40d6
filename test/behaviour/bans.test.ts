// Tests bans by user and by address, with and without an end: kept as data, bounded. Also tests the places that
// interrupted clients hold.
import { connectionOf, drain, kick, NetworkErrors, type ServerWorld, UsageError } from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { ban, type Ban, bans, unban } from 'bitecs-net/users'
import { Connection } from 'bitecs-net/components'
import { createServerWorld } from 'bitecs-net/server'
import { createTestNetwork, type TestClient } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { refusalBehaviours } from '../support/behaviours-refusals.js'
import { inMemory } from '../support/peers.js'

refusalBehaviours('the network in memory', inMemory)

function start({ users, ...options }: Parameters<typeof createTestNetwork>[1] = {}) {
  const net = createTestNetwork(game.arena, {
    clients: 0,
    sessions: { timeout: 1000, resumeTime: 5000 },
    users: { authenticate: ({ token }) => (token === '' ? {} : { id: token }), userKey: 'id', ...users },
    ...options,
  })
  const join = (token: string, address?: string): TestClient => net.connect({ token, address, timeout: 1000 })
  return { net, server: net.server, join }
}

const code = ({ reason }: TestClient): string | undefined => reason?.code

describe('a ban', () => {
  it('ends all sessions of a user, also interrupted ones, and no session of another user', () => {
    const { net, server, join } = start()
    const [one, two, other] = [join('ann'), join('ann'), join('ben')]
    two.setConditions({ down: true })
    net.setServerConditions({ down: true })
    net.tick(25)
    net.setServerConditions({ down: false })
    other.cut()
    one.cut()
    net.tick(3)
    ban(server, { user: 'ann' }, { text: 'bye' })
    net.tick(3)
    expect([code(one), code(other), stats(server).connections]).toEqual(['banned', undefined, 1])
    two.setConditions({ down: false })
    two.cut()
    net.until(() => two.reason !== undefined)
    expect(two.reason).toEqual({ code: 'banned', text: 'bye', by: 'remote' })
    expect(code(join('ann'))).toBe('banned')
  })

  it('covers the first 64 bits of an IPv6 address, however it is written', () => {
    const { net, server, join } = start()
    const neighbour = join('ann', '2001:db8:0:1:aaaa::1')
    const other = join('ben', '2001:db8:0:2::1')
    ban(server, { address: '2001:DB8::1:0:0:0:7' })
    net.tick(3)
    expect([code(neighbour), code(other)]).toEqual(['banned', undefined])
    expect(code(join('cara', '2001:db8:0:1::ffff'))).toBe('banned')
    expect(code(join('cara', '2001:db8:0:3::1'))).toBeUndefined()
    expect(bans(server)).toEqual([{ address: '2001:db8:0:1::', text: 'banned' }])
    expect(unban(server, { address: '2001:db8:0:1:1:2:3:4' })).toBe(true)
    expect(code(join('cara', '2001:db8:0:1::ffff'))).toBeUndefined()
  })

  it('applies to an address without authentication, and ends its interrupted sessions', () => {
    const { net, server, join } = start({ users: { authenticate: undefined, userKey: undefined } })
    const lost = join('', '203.0.113.7')
    lost.cut()
    ban(server, { address: '203.0.113.7' }, { text: 'bye' })
    net.tick(3)
    expect(code(join('', '203.0.113.7'))).toBe('banned')
    expect(code(join('', '203.0.113.8'))).toBeUndefined()
    net.until(() => lost.reason !== undefined)
    expect(lost.reason).toEqual({ code: 'banned', text: 'bye', by: 'remote' })
  })

  it('applies to the same IPv4 address inside IPv6', () => {
    const { server, join } = start()
    ban(server, { address: '203.0.113.7' })
    expect([code(join('ann', '::ffff:203.0.113.7')), code(join('ann', '203.0.113.8'))]).toEqual(['banned', undefined])
  })

  it('ends after its number of seconds', () => {
    const { net, server, join } = start()
    ban(server, { user: 'ann' }, { seconds: 2 })
    expect(code(join('ann'))).toBe('banned')
    net.tick(45)
    expect([code(join('ann')), bans(server), unban(server, { user: 'ann' })]).toEqual([undefined, [], false])
  })

  it('applies to the user of a connection, else to its address, also when it has left in this tick', () => {
    const { net, server, join } = start()
    const [known, unknown] = [join('ann', '203.0.113.1'), join('', '203.0.113.2')]
    kick(server, known.connection)
    ban(server, known.connection)
    ban(server, unknown.connection)
    expect(bans(server)).toEqual([
      { user: 'ann', text: 'banned' },
      { address: '203.0.113.2', text: 'banned' },
    ])
    net.tick(3)
    expect([code(known), code(unknown), stats(server).connections]).toEqual(['kicked', 'banned', 0])
    expect(Connection.reason[connectionOf(unknown.world)]).toMatchObject({ code: 'banned' })
  })

  it('refuses clients that are being authenticated, by address and by the user of a later answer', async () => {
    let answer: () => void = () => {}
    const { net, server } = start({
      users: { authenticate: () => new Promise((resolve) => (answer = () => resolve({ id: 'ann' }))) },
    })
    const there = net.begin({ token: 'x', address: '203.0.113.1' })
    const waiting = net.begin({ token: 'x', address: '203.0.113.2' })
    net.tick(3)
    ban(server, { address: '203.0.113.1' })
    ban(server, { user: 'ann' })
    answer()
    for (let i = 0; i < 5; i++) await Promise.resolve()
    net.tick(3)
    expect([code(there), code(waiting), stats(server).connections]).toEqual(['banned', 'banned', 0])
  })

  it('can be saved as JSON and loaded into another server', () => {
    const first = start().server
    ban(first, { user: 7 }, { text: 'why' })
    ban(first, { address: '203.0.113.7' }, { seconds: 100 })
    const saved = JSON.stringify(bans(first))
    const { server, join } = start()
    for (const one of JSON.parse(saved) as Ban[]) ban(server, one, one)
    expect(bans(server)[0]).toEqual({ user: '7', text: 'why' })
    expect(Math.abs(bans(server)[1]!.until! - Date.now() - 100_000)).toBeLessThan(2000)
    expect([code(join('7')), code(join('8', '203.0.113.7'))]).toEqual(['banned', 'banned'])
  })

  it('replaces the ban that would end first when there are too many, and reports that', () => {
    const server = createServerWorld(game.arena)
    for (let i = 0; i < 9999; i++) ban(server, { user: i }, { seconds: 1000 + i })
    ban(server, { user: 'for ever' })
    ban(server, { user: 'one more' }, { seconds: 1 })
    expect([bans(server).length, unban(server, { user: 0 }), unban(server, { user: 'one more' })]).toEqual([
      10_000,
      false,
      true,
    ])
    expect(
      [...drain(server, NetworkErrors)].map((error) => [error.code, error.message.includes('that of 0,')]),
    ).toEqual([['ban-dropped', true]])
  })

  it('throws when its target, end or text is invalid', () => {
    const { server, join } = start()
    const nobody = join('').connection
    const wrong: [() => void, string][] = [
      [() => ban(server, 12_345), 'not a connection'],
      [() => ban(server, nobody), 'does not have an address'],
      [() => ban(server, nobody, { by: 'user' }), 'does not have a user key'],
      [() => ban(server, { address: 'example.org' }), 'with an IP address, got "example.org"'],
      [() => ban(server, { user: '' }), 'user is a text of 1 to 256'],
      [() => ban(server, { user: 'a', address: '1.2.3.4' } as never), 'who is a connection'],
      [() => ban(server, undefined as never), 'who is a connection'],
      [() => ban(server, { user: 'a' }, { seconds: 0 }), 'seconds is a number'],
      [() => ban(server, { user: 'a' }, { seconds: 1, until: 1 }), 'leave one out'],
      [() => ban(server, { user: 'a' }, { text: 7 as never }), 'text is a text'],
    ]
    for (const [act, text] of wrong) {
      expect(act).toThrow(UsageError)
      expect(act).toThrow(text)
    }
    expect(bans(server)).toEqual([])
  })
})

describe('an interrupted session', () => {
  it('is evicted for a joining client when the server is full, the longest interrupted first', () => {
    const { net, server, join } = start({ limits: { maxConnections: 3 } })
    const [first, second, third] = [join('a'), join('b'), join('c')]
    for (const client of [second, first]) {
      client.running = false
      client.cut()
      net.tick(2)
    }
    expect(code(join('d'))).toBeUndefined()
    expect(stats(server).connections).toBe(3)
    first.running = true
    net.tick(5)
    expect([code(first), code(third)]).toEqual([undefined, undefined])
    second.running = true
    net.until(() => second.reason !== undefined)
    expect(second.reason).toMatchObject({ code: 'timeout', by: 'remote' })
    expect(code(join('e'))).toBe('server-full')
  })

  it('is not evicted for a client that authentication refuses', () => {
    const { net, server } = start({
      limits: { maxConnections: 1 },
      users: { authenticate: ({ token }) => token === 'a' },
    })
    const client = net.connect({ token: 'a' })
    client.running = false
    client.cut()
    net.tick(2)
    expect(code(net.connect({ token: 'b' }))).toBe('authentication-failed')
    client.running = true
    net.tick(5)
    expect([code(client), stats(server).connections]).toEqual([undefined, 1])
  })

  it('is evicted when too many are interrupted at its address, the longest interrupted first', () => {
    const { net, server, join } = start({ limits: { interruptedPerAddress: 2 } })
    const clients = ['a', 'b', 'c'].map((token, i) => join(token, `2001:db8::${i}`))
    const elsewhere = join('d', '2001:db8:1::1')
    for (const client of [elsewhere, ...clients]) {
      client.running = false
      client.cut()
      net.tick()
    }
    expect(stats(server).connections).toBe(3)
    for (const client of [elsewhere, ...clients]) client.running = true
    net.until(() => clients[0]!.reason !== undefined)
    net.tick(10)
    expect([elsewhere, ...clients].map(code)).toEqual([undefined, 'timeout', undefined, undefined])
  })
})

describe('a client whose session ended while its link was down', () => {
  it.each([
    ['kicked', 'be nice', (server: ServerWorld, connection: number) => kick(server, connection, 'be nice')],
    ['banned', 'cheating', (server: ServerWorld) => ban(server, { user: 'ann' }, { text: 'cheating' })],
    ['banned', 'not from there', (server: ServerWorld) => banThere(server)],
  ] as const)('gets the reason when it reconnects: %s, %s', (expected, text, end) => {
    const { net, server, join } = start()
    const ann = join('ann', '203.0.113.1')
    const { connection } = ann
    ann.setConditions({ down: true })
    net.setServerConditions({ down: true })
    net.tick(25)
    end(server, connection)
    net.tick(25)
    expect(ann.reason).toBeUndefined()
    net.setServerConditions({ down: false })
    ann.setConditions({ down: false })
    net.until(() => ann.reason !== undefined)
    expect(ann.reason).toEqual({ code: expected, text, by: 'remote' })
  })

  it('gets duplicate-user when a new session of its user has replaced it', () => {
    const { net, join } = start({ users: { duplicateUsers: 'close-old' } })
    const old = join('ann')
    old.setConditions({ down: true })
    net.tick(25)
    expect(code(join('ann'))).toBeUndefined()
    old.setConditions({ down: false })
    net.until(() => old.reason !== undefined)
    expect(old.reason).toMatchObject({ code: 'duplicate-user', by: 'remote' })
  })
})

function banThere(server: ServerWorld): void {
  ban(server, { address: '203.0.113.1' }, { text: 'not from there' })
}
