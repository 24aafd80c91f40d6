// Authentication by messages, over the network in memory: what can be said before it, by whom, and who decides.
import { hasComponent, observe, onRemove, query, removeEntity } from 'bitecs'
import { added, close, connectionOf, drain, handle, kick, sendMessage, setOwner, UsageError } from 'bitecs-net'
import { joinGroup } from 'bitecs-net/groups'
import { stats } from 'bitecs-net/stats'
import { accept, type AuthenticationResult, deny, userOf } from 'bitecs-net/users'
import { Authenticating, Connected, Connection } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { challenging, Challenge, Later, Proof } from '../support/behaviours-authentication.js'

/** Servers that decide by messages, with one client that has just come. */
function greet({ authenticationTimeout }: { authenticationTimeout?: number } = {}) {
  const users = { authenticate: 'by-messages', authenticationTimeout } as const
  const net = createTestNetwork(challenging, { clients: 0, users })
  const client = net.begin()
  net.tick(2)
  const [connection] = query(net.server, [Authenticating])
  return { net, client, connection: connection! }
}

describe('before authentication', () => {
  it('a client has an entity with Authenticating and no Connected; it is no connection that can own or be kicked', () => {
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

  it('19: only messages marked so can be sent, by either side, and none before the hello has left', () => {
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

  it('19: what goes to all, to the ready or to a list passes by who is not authenticated', () => {
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

  it('a message is drained in the frame of the welcome too, and a handler gets it', () => {
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

  it('a message that nobody drained before the welcome is still there after it', () => {
    const { net, client, connection } = greet()
    sendMessage(net.server, Challenge, { nonce: 5 }, { to: connection })
    net.tick(2)
    accept(net.server, connection)
    net.tick(3)
    expect(client.connection).toBe(connection)
    expect([...drain(client.world, Challenge)].map(({ args }) => args.nonce)).toEqual([5])
  })

  it('a message that came with the hello finds whose it is, also where everybody comes in', () => {
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

  it('accept lets in with user data, deny refuses behind what was sent before, each once', () => {
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

  it('the time limit holds for messages too', () => {
    const { net, client } = greet({ authenticationTimeout: 500 })
    net.tick(12)
    expect(client.reason).toMatchObject({ code: 'authentication-timeout' })
    expect(query(net.server, [Connection]).length).toBe(0)
  })

  it('a client that leaves leaves nothing, and its entity names why while Authenticating is removed', async () => {
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

  it('an entity that the game removes takes its client with it', () => {
    const { net, client, connection } = greet()
    removeEntity(net.server, connection)
    net.tick(2)
    expect(client.reason).toMatchObject({ code: 'kicked' })
    expect(query(net.server, [Connection]).length).toBe(0)
  })

  it('an authenticator that is still asking loses to accept', async () => {
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
