// Tests authentication by messages, over the network in memory: allowed messages, accept and deny.
import { hasComponent, observe, onRemove, query, removeEntity } from 'bitecs'
import { added, close, connectionOf, drain, handle, kick, sendMessage, setOwner, UsageError } from 'bitecs-net'
import { joinGroup } from 'bitecs-net/groups'
import { stats } from 'bitecs-net/stats'
import { accept, type AuthenticationResult, deny, userOf } from 'bitecs-net/users'
import { Authenticating, Connected, Connection } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { challenging, Challenge, Later, Proof } from '../support/behaviours-authentication.js'

/** A server that authenticates by messages, with one client that has just connected. */
function greet({ authenticationTimeout }: { authenticationTimeout?: number } = {}) {
  const users = { authenticate: 'by-messages', authenticationTimeout } as const
  const net = createTestNetwork(challenging, { clients: 0, users })
  const client = net.begin()
  net.tick(2)
  const [connection] = query(net.server, [Authenticating])
  return { net, client, connection: connection! }
}

describe('authentication by messages', () => {
  it('a client with Authenticating has an entity that can neither own entities nor be kicked', () => {
    const { net, client, connection } = greet()
    expect(hasComponent(net.server, connection, Connection)).toBe(true)
    expect(hasComponent(net.server, connection, Connected)).toBe(false)
    expect([Connection.id[connection], stats(net.server).connections, client.connection]).toEqual([1, 0, 0])
    expect([...drain(net.server, added(Authenticating))]).toEqual([])
    expect(() => kick(net.server, connection)).toThrow(UsageError)
    expect(() => setOwner(net.server, connection, connection)).toThrow(UsageError)
    expect(() => joinGroup(net.server, connection, 'red')).toThrow(
      /still being authenticated: .* once it has Connected/,
    )
  })

  it('19: either side sends only messages with beforeAuthentication, and none before the hello is sent', () => {
    const net = createTestNetwork(challenging, { clients: 0, users: { authenticate: 'by-messages' } })
    const client = net.begin()
    const proof = { word: 'x', nonce: 1 }
    expect(() => sendMessage(client.world, Proof, proof)).toThrow(/not connected/)
    net.tick(2)
    sendMessage(client.world, Proof, proof)
    expect(() => sendMessage(client.world, Later, { data: new Uint8Array() })).toThrow(/not connected/)
    const [connection] = query(net.server, [Authenticating])
    expect(() => sendMessage(net.server, Later, { data: new Uint8Array() }, { to: connection! })).toThrow(
      /Later: connection .* is still being authenticated/,
    )
    net.tick()
    expect([...drain(net.server, Proof)].map(({ sender }) => sender)).toEqual([connection])
  })

  it('19: a message to all, to ready clients or to a list skips a client that is not authenticated', () => {
    const { net, client, connection } = greet()
    const data = new Uint8Array(3)
    sendMessage(net.server, Later, { data }, { to: 'all' })
    sendMessage(net.server, Later, { data }, { to: 'ready' })
    sendMessage(net.server, Challenge, { nonce: 1 }, { to: 'all' })
    sendMessage(net.server, Later, { data }, { to: [connection] })
    expect(stats(net.server).counters.unsentCalls).toBe(1)
    sendMessage(net.server, Challenge, { nonce: 2 }, { to: [connection] })
    net.tick(2)
    expect([...drain(client.world, Challenge)].map(({ args }) => args.nonce)).toEqual([2])
    expect([...drain(client.world, Later)]).toEqual([])
    expect(client.reason).toBeUndefined()
  })

  it('a handler receives the messages that arrive in the same frame as the welcome', () => {
    const { net, client, connection } = greet()
    const handled: number[] = []
    handle(client.world, Challenge, ({ args, sender }) => void handled.push(args.nonce, sender))
    sendMessage(net.server, Challenge, { nonce: 5 }, { to: connection })
    accept(net.server, connection)
    sendMessage(net.server, Challenge, { nonce: 6 }, { to: connection })
    net.tick(2)
    const mine = connectionOf(client.world)
    expect(handled).toEqual([5, mine, 6, mine])
    expect(hasComponent(client.world, mine, Connected)).toBe(true)
  })

  it('a message that was not drained before the welcome stays queued after it', () => {
    const { net, client, connection } = greet()
    sendMessage(net.server, Challenge, { nonce: 5 }, { to: connection })
    net.tick(2)
    accept(net.server, connection)
    net.tick(3)
    expect(client.connection).toBe(connection)
    expect([...drain(client.world, Challenge)].map(({ args }) => args.nonce)).toEqual([5])
  })

  it('a message that arrives with the hello has its sender, with and without an authenticator', () => {
    for (const authenticate of ['by-messages', undefined, () => ({})] as const) {
      const net = createTestNetwork(challenging, { clients: 0, users: { authenticate } })
      const client = net.begin()
      client.step()
      sendMessage(client.world, Proof, { word: 'early', nonce: 0 })
      client.step()
      net.tick()
      const [call] = drain(net.server, Proof)
      expect(call!.args.word).toBe('early')
      expect(hasComponent(net.server, call!.sender, Connection)).toBe(true)
      expect(stats(net.server).counters.notReadyCalls).toBe(0)
    }
  })

  it('accept admits with user data, deny refuses after delivering earlier messages, and each works once', () => {
    const { net, client, connection } = greet()
    const other = net.begin()
    net.tick(2)
    const second = query(net.server, [Authenticating]).find((eid) => eid !== connection)!
    accept(net.server, connection, { name: 'Ann' })
    expect(() => deny(net.server, connection, 'too late')).toThrow(/not any more/)
    sendMessage(net.server, Challenge, { nonce: 9 }, { to: second })
    deny(net.server, second, 'not you')
    expect(() => accept(net.server, second)).toThrow(UsageError)
    net.tick()
    expect([...drain(other.world, Challenge)].map(({ args }) => args.nonce)).toEqual([9])
    expect(other.reason).toEqual({ code: 'authentication-failed', text: 'not you', by: 'remote' })
    expect(userOf(net.server, client.connection)).toEqual({ name: 'Ann' })
    expect([...query(net.server, [Authenticating])]).toEqual([])
  })

  it('a client that is not accepted within authenticationTimeout is disconnected', () => {
    const { net, client } = greet({ authenticationTimeout: 500 })
    net.tick(12)
    expect(client.reason).toMatchObject({ code: 'authentication-timeout' })
    expect(query(net.server, [Connection]).length).toBe(0)
  })

  it('a client that leaves is removed, and its reason is readable while Authenticating is removed', async () => {
    const { net, client, connection } = greet()
    sendMessage(client.world, Proof, { word: 'x', nonce: 1 })
    client.step()
    const reasons: unknown[] = []
    observe(net.server, onRemove(Authenticating), (eid: number) => void reasons.push(Connection.reason[eid]?.code))
    await close(client.world)
    net.tick(2)
    expect(reasons).toEqual(['client-closed'])
    expect(hasComponent(net.server, connection, Connection)).toBe(false)
    expect([...drain(net.server, Proof)]).toEqual([])
  })

  it('a client is kicked when the game removes its entity', () => {
    const { net, client, connection } = greet()
    removeEntity(net.server, connection)
    net.tick(2)
    expect(client.reason).toMatchObject({ code: 'kicked' })
    expect(query(net.server, [Connection]).length).toBe(0)
  })

  it('accept overrides an authenticator that has not answered yet', async () => {
    let answer: (result: AuthenticationResult) => void = () => {}
    const net = createTestNetwork(challenging, {
      clients: 0,
      users: { authenticate: () => new Promise<AuthenticationResult>((resolve) => (answer = resolve)) },
    })
    const client = net.begin()
    net.tick(2)
    const [connection] = query(net.server, [Authenticating])
    accept(net.server, connection!, { by: 'hand' })
    answer(deny('no'))
    for (let i = 0; i < 3; i++) await Promise.resolve()
    net.tick(3)
    expect(userOf(net.server, client.connection)).toEqual({ by: 'hand' })
  })
})
