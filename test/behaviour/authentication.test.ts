// Tests authentication over the network in memory: authenticators, reasons for refusal, and user data.
import { entityExists, hasComponent, observe, onAdd, onRemove, query, removeEntity } from 'bitecs'
import {
  close,
  createServerWorld,
  defineMessage,
  defineProtocol,
  drain,
  kick,
  NetworkErrors,
  ProtocolError,
  removed,
  sendMessage,
  u8,
  UsageError,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import {
  accept,
  AuthenticationError,
  type AuthenticationRequest,
  type AuthenticationResult,
  type Authenticator,
  ban,
  bans,
  deny,
  userOf,
} from 'bitecs-net/users'
import { Authenticating, Connected, Connection } from 'bitecs-net/components'
import { close as closeServer, listen } from 'bitecs-net/server'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { authenticationBehaviours, challenging, Proof } from '../support/behaviours-authentication.js'
import { inMemory } from '../support/peers.js'

authenticationBehaviours('the network in memory', inMemory)

interface OpenOptions {
  maxConnections?: number
  authenticationTimeout?: number
}

/** An authenticator whose answers the test gives by token, at a time it chooses. */
class Desk {
  readonly requests: AuthenticationRequest[] = []
  private readonly resolvers = new Map<string, (result: AuthenticationResult) => void>()

  readonly authenticate: Authenticator = (request) => {
    this.requests.push(request)
    return new Promise<AuthenticationResult>((resolve) => this.resolvers.set(request.token, resolve))
  }

  /** Answers, and waits until the server has noted the answer. */
  async answer(token: string, result?: AuthenticationResult): Promise<void> {
    this.resolvers.get(token)!(result)
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }

  open({ maxConnections, authenticationTimeout }: OpenOptions = {}): TestNetwork {
    const users = { authenticate: this.authenticate, authenticationTimeout }
    return createTestNetwork(game.arena, { clients: 0, users, limits: { maxConnections } })
  }
}

/** A network with this authenticator, on which one client has connected and a few ticks have passed. */
function comeWith(authenticate: Authenticator) {
  const net = createTestNetwork(game.arena, { clients: 0, users: { authenticate } })
  const client = net.begin({ token: 't' })
  net.tick(4)
  return { net, client, errors: [...drain(net.server, NetworkErrors)] }
}

describe('an authenticator', () => {
  it('is called once for each client, within the tick, with its token and connection id', async () => {
    const desk = new Desk()
    const net = desk.open()
    net.begin({ token: 'one' })
    net.begin({ token: 'two' })
    expect(desk.requests).toEqual([])
    net.tick(5)
    expect(
      desk.requests.map(({ token, connectionId, address, authorization }) => [
        token,
        connectionId,
        address,
        authorization,
      ]),
    ).toEqual([
      ['one', 1, undefined, undefined],
      ['two', 2, undefined, undefined],
    ])
    expect(query(net.server, [Connection]).length).toBe(0)
    await desk.answer('one')
    net.tick(2)
    expect([...query(net.server, [Connected])].map((eid) => Connection.id[eid])).toEqual([1])
  })

  it('receives each address in the normalized form that bans use', () => {
    const desk = new Desk()
    const net = desk.open()
    const given = [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '::FFFF:CB00:7107',
      '2001:DB8:0:0:0::1',
      'fe80::1%eth0',
      'nowhere',
    ]
    for (const [i, address] of given.entries()) net.begin({ token: `${i}`, address })
    net.tick(2)
    const seen = desk.requests.map(({ address }) => address)
    expect(seen).toEqual(['203.0.113.7', '203.0.113.7', '203.0.113.7', '2001:db8::1', 'fe80::1', undefined])
    ban(net.server, { address: '2001:0DB8::0001' }, { text: 'enough' })
    expect(bans(net.server)).toEqual([{ address: '2001:db8::', text: 'enough' }])
    expect([...drain(net.server, NetworkErrors)].map(({ address }) => address)).toEqual(['2001:db8::1'])
  })

  it('may answer the later of two clients first', async () => {
    const desk = new Desk()
    const net = desk.open()
    const first = net.begin({ token: 'one' })
    const second = net.begin({ token: 'two' })
    net.tick(2)
    await desk.answer('two', { name: 'second' })
    net.tick(2)
    expect([first.connection, userOf(net.server, second.connection)]).toEqual([0, { name: 'second' }])
    await desk.answer('one', { name: 'first' })
    net.tick(2)
    expect(userOf(net.server, first.connection)).toEqual({ name: 'first' })
    expect(Connection.id[first.connection]).toBe(1)
  })

  it.each<[string, AuthenticationResult, unknown]>([
    ['nothing', undefined, undefined],
    ['true', true, undefined],
    ['an object', { level: 3 }, { level: 3 }],
  ])('admits the client at once when it returns %s', (_, result, user) => {
    const { net, client, errors } = comeWith(() => result)
    expect(client.reason).toBeUndefined()
    expect([userOf(net.server, client.connection), errors]).toEqual([user, []])
  })

  it.each<[string, () => AuthenticationResult | Promise<AuthenticationResult>]>([
    ['returns a denial', () => deny('closed today', 'monday')],
    ['promises a denial', () => Promise.resolve(deny('closed today', 'monday'))],
    [
      'throws a denial',
      () => {
        throw new AuthenticationError('closed today', 'monday')
      },
    ],
  ])('refuses the client with its reason when it %s', async (_, authenticate) => {
    const { net, client } = comeWith(authenticate)
    for (let i = 0; i < 3; i++) await Promise.resolve()
    net.tick(2)
    expect(client.reason).toEqual({ code: 'monday', text: 'closed today', by: 'remote' })
    expect(stats(net.server).counters.refusedConnections).toBe(1)
  })

  it('refuses with authentication-failed when the denial has no code', () => {
    const { client } = comeWith(() => deny('no'))
    expect(client.reason).toMatchObject({ code: 'authentication-failed', text: 'no' })
  })

  it('refuses without authenticator-failed when it returns false', () => {
    const { client, errors } = comeWith(() => false)
    expect(client.reason).toMatchObject({ code: 'authentication-failed' })
    expect(errors.map(({ code }) => code)).toEqual(['authentication-failed'])
  })

  const secret = new Error('the database password is hunter2')
  it.each<[string, () => unknown, unknown]>([
    [
      'throws',
      () => {
        throw secret
      },
      secret,
    ],
    ['rejects', () => Promise.reject(secret), secret],
    ['returns an error', () => secret, secret],
    ['returns null', () => null, null],
    ['returns a text', () => 'yes', 'yes'],
    [
      'throws nonsense',
      () => {
        throw Object.create(null)
      },
      {},
    ],
  ])('refuses the client when it %s, and only the server learns the cause', async (_, authenticate, cause) => {
    const net = createTestNetwork(game.arena, { clients: 0, users: { authenticate: authenticate as Authenticator } })
    const client = net.begin()
    net.tick(2)
    for (let i = 0; i < 3; i++) await Promise.resolve()
    net.tick(2)
    expect(client.reason).toEqual({
      code: 'authentication-failed',
      text: 'the server did not authenticate this client',
      by: 'remote',
    })
    const errors = [...drain(net.server, NetworkErrors)]
    expect(errors.map(({ code }) => code)).toEqual(['authenticator-failed', 'authentication-failed'])
    expect(errors[0]!.cause).toEqual(cause)
    expect(query(net.server, [Connection]).length).toBe(0)
  })

  it('has its signal aborted when the client leaves, and its late answer is ignored', async () => {
    const desk = new Desk()
    const net = desk.open()
    const client = net.begin({ token: 'gone' })
    net.tick(2)
    expect(desk.requests[0]!.signal.aborted).toBe(false)
    await close(client.world)
    net.tick()
    expect(desk.requests[0]!.signal.aborted).toBe(true)
    await desk.answer('gone', { name: 'ghost' })
    net.tick(3)
    expect([query(net.server, [Connection]).length, [...drain(net.server, NetworkErrors)]]).toEqual([0, []])
  })

  it('must answer within authenticationTimeout; an answer while the server is blocked counts', async () => {
    const desk = new Desk()
    const net = desk.open({ authenticationTimeout: 1000 })
    const [slow, quick] = [net.begin({ token: 'slow' }), net.begin({ token: 'quick' })]
    net.tick(2)
    await desk.answer('quick')
    net.stall(900)
    net.tick(3)
    expect(quick.connection).not.toBe(0)
    net.tick(3)
    expect(slow.reason).toMatchObject({ code: 'authentication-timeout', by: 'remote' })
    expect(desk.requests.map(({ signal }) => signal.aborted)).toEqual([true, false])
    await desk.answer('slow')
    net.tick(2)
    expect(query(net.server, [Connected]).length).toBe(1)
  })

  it('does not time out because the server was blocked', () => {
    const net = new Desk().open({ authenticationTimeout: 2000 })
    const client = net.begin({ token: 'one' })
    net.tick(2)
    net.stall(20_000)
    net.tick(2)
    expect(client.reason).toBeUndefined()
    net.tick(40)
    expect(client.reason).toMatchObject({ code: 'authentication-timeout' })
  })

  it('reports no failure for a client that has left by the next tick', async () => {
    let fail: (error: Error) => void = () => {}
    const authenticate = (): Promise<never> => new Promise<never>((_, reject) => (fail = reject))
    const net = createTestNetwork(game.arena, { clients: 0, users: { authenticate } })
    const client = net.begin()
    net.tick(2)
    fail(new Error('no database'))
    for (let i = 0; i < 3; i++) await Promise.resolve()
    await close(client.world)
    net.tick(2)
    expect([...drain(net.server, NetworkErrors)]).toEqual([])
  })

  it('reserves a place for each client that waits for an answer, so the server can be full', async () => {
    const desk = new Desk()
    const net = desk.open({ maxConnections: 2 })
    const first = net.begin({ token: 'one' })
    net.begin({ token: 'two' })
    const third = net.begin({ token: 'three' })
    net.tick(3)
    expect(third.reason).toMatchObject({ code: 'server-full', text: 'the server is full' })
    await desk.answer('one', deny('no'))
    net.tick(2)
    expect(first.reason).toMatchObject({ code: 'authentication-failed' })
    const fourth = net.begin({ token: 'four' })
    net.tick(2)
    await desk.answer('four')
    net.tick(2)
    expect(fourth.connection).not.toBe(0)
  })

  it('runs a bounded number of times at once when it ignores its signal, and recovers later', async () => {
    const desk = new Desk()
    const net = desk.open({ maxConnections: 3 })
    for (let i = 0; i < 10; i++) {
      const client = net.begin({ token: `hit and run ${i}` })
      net.tick(2)
      await close(client.world)
      net.tick(2)
    }
    expect(desk.requests.length).toBe(3)
    expect([...drain(net.server, NetworkErrors)].map(({ code }) => code)).toContain('authenticator-busy')
    net.stall(30_000)
    const honest = net.begin({ token: 'honest' })
    net.tick(2)
    await desk.answer('honest')
    net.tick(2)
    expect(honest.connection).not.toBe(0)
  })

  it('has its signal aborted when the server stops, and each waiting client gets the reason', async () => {
    const desk = new Desk()
    const net = desk.open()
    const client = net.begin({ token: 'one' })
    net.tick(2)
    await close(net.server, 'good night')
    expect(desk.requests[0]!.signal.aborted).toBe(true)
    net.tick()
    expect(client.reason).toEqual({ code: 'server-stopped', text: 'good night', by: 'remote' })
    await desk.answer('one')
    net.tick(2)
    expect(query(net.server, [Connection]).length).toBe(0)
  })
})

describe('a client that is being authenticated', () => {
  it('has no entity when no message has beforeAuthentication', () => {
    const desk = new Desk()
    const net = desk.open()
    const seen: number[] = []
    observe(net.server, onAdd(Connection), (eid: number) => void seen.push(eid))
    net.begin({ token: 'one' })
    net.tick(5)
    expect([desk.requests.length, seen]).toEqual([1, []])
  })
})

describe('user data', () => {
  it('is readable until the end of the tick in which Connected is removed, then gone with the entity', () => {
    const net = createTestNetwork(game.arena, {
      clients: 1,
      users: { authenticate: () => ({ name: 'Ann' }) },
      serverSystems: [
        (world) => {
          for (const { entity } of drain(world, removed(Connected))) seen.push(['drained', userOf(world, entity)])
        },
      ],
    })
    const seen: unknown[] = []
    const { connection } = net.clients[0]!
    observe(net.server, onRemove(Connected), (eid: number) => void seen.push(['removed', userOf(net.server, eid)]))
    kick(net.server, connection)
    net.tick()
    expect(seen).toEqual([
      ['removed', { name: 'Ann' }],
      ['drained', { name: 'Ann' }],
    ])
    expect(Connection.user[connection]).toBeUndefined()
    expect(() => userOf(net.server, connection)).toThrow(UsageError)
    expect(entityExists(net.server, connection)).toBe(false)
  })

  it('is not inherited from an earlier client by a client without user data', () => {
    const answers: AuthenticationResult[] = [{ name: 'Ann' }, undefined]
    const net = createTestNetwork(game.arena, { clients: 1, users: { authenticate: () => answers.shift() } })
    removeEntity(net.server, net.clients[0]!.connection)
    net.tick(2)
    const next = net.connect()
    expect(userOf(net.server, next.connection)).toBeUndefined()
  })

  it('is undefined without an authenticator, and userOf throws for an entity that is not a connection', () => {
    const net = createTestNetwork(game.arena)
    expect(userOf(net.server, net.clients[0]!.connection)).toBeUndefined()
    expect(() => userOf(net.server, game.spawnShip(net.server))).toThrow(/is not a connection/)
  })
})

describe('a host', () => {
  it('does not authenticate its own client, only remote ones, also by messages', async () => {
    const desk = new Desk()
    const net = createTestNetwork(game.arena, { host: true, clients: 0, users: { authenticate: desk.authenticate } })
    expect(hasComponent(net.server, net.host.connection, Connected)).toBe(true)
    expect(userOf(net.server, net.host.connection)).toBeUndefined()
    const guest = net.begin({ token: 'guest' })
    net.tick(3)
    expect([desk.requests.map(({ token }) => token), guest.connection]).toEqual([['guest'], 0])
    await desk.answer('guest', { name: 'Gus' })
    net.tick(3)
    expect(userOf(net.server, guest.connection)).toEqual({ name: 'Gus' })

    const other = createTestNetwork(challenging, { host: true, clients: 0, users: { authenticate: 'by-messages' } })
    expect(hasComponent(other.server, other.host.connection, Authenticating)).toBe(false)
    expect(hasComponent(other.server, other.host.connection, Connected)).toBe(true)
    const second = other.begin()
    other.tick(3)
    const [connection] = query(other.server, [Authenticating])
    sendMessage(second.world, Proof, { word: 'sesame', nonce: 1 })
    other.tick(2)
    expect([...drain(other.server, Proof)].map(({ sender }) => sender)).toEqual([connection])
    accept(other.server, connection!, { name: 'Ali' })
    other.tick(3)
    expect(userOf(other.server, second.connection)).toEqual({ name: 'Ali' })
  })
})

describe('authentication options', () => {
  it('refuse by-messages without a message that clients may send before authentication', async () => {
    const Hint = defineMessage({ n: u8 }, { from: 'server', beforeAuthentication: true })
    const protocol = defineProtocol({ messages: { Hint } })
    expect(() => createTestNetwork(protocol, { clients: 0, users: { authenticate: 'by-messages' } })).toThrow(
      /needs a message/,
    )
    const world = createServerWorld(protocol)
    await expect(listen(world, { users: { authenticate: 'by-messages' } })).rejects.toThrow(UsageError)
    await closeServer(world)
  })

  it('refuse invalid values with an error that names the option', async () => {
    const world = createServerWorld(game.arena)
    await expect(listen(world, { users: { authenticate: 'yes' as never } })).rejects.toThrow(
      /authenticate is a function/,
    )
    await expect(listen(world, { users: { authenticationTimeout: 0 } })).rejects.toThrow(/authenticationTimeout is/)
  })

  it('refuse beforeAuthentication on a large message, or on one side only', () => {
    expect(() => defineMessage({}, { large: true, beforeAuthentication: true })).toThrow(ProtocolError)
    expect(() => defineMessage({}, { beforeAuthentication: 1 as never })).toThrow(/beforeAuthentication is/)
    const early = defineProtocol({ messages: { Hint: defineMessage({ n: u8 }, { beforeAuthentication: true }) } })
    const late = defineProtocol({ messages: { Hint: defineMessage({ n: u8 }) } })
    const net = createTestNetwork(early, { clients: 0 })
    const client = net.connect({ protocol: late })
    expect(client.reason).toMatchObject({ code: 'protocol-mismatch' })
    expect(client.reason!.text).toContain('from both before-authentication on the server')
  })
})
