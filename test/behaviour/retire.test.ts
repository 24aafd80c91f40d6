// A server that is about to close: nobody comes in any more, everybody knows, and those who are in play on until they
// have left.
import { hasComponent, query } from 'bitecs'
import {
  added,
  type ClientWorld,
  close,
  connectionOf,
  drain,
  NetworkErrors,
  removed,
  retire,
  sendMessage,
  UsageError,
} from 'bitecs-net'
import { stats } from 'bitecs-net/stats'
import { deny } from 'bitecs-net/users'
import { Connected, Connection, Draining, Listening } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const SAVE = { grace: 10_000, text: 'a new version' }

/** A server with one client, and whether its retirement is over. */
function start(options: Parameters<typeof createTestNetwork>[1] = {}) {
  const net = createTestNetwork(game.arena, options)
  const { server } = net
  const [client] = net.clients
  const own = client === undefined ? 0 : connectionOf(client.world)
  const network = query(server, [Listening])[0]!
  const watch = (retirement: Promise<void>) => {
    let isOver = false
    void retirement.then(() => (isOver = true))
    // What is awaited goes on when the tick is over.
    return async () => {
      await Promise.resolve()
      await Promise.resolve()
      return isOver
    }
  }
  return { net, server, client: client!, own, network, watch }
}

describe('a server that retires', () => {
  it('tells its clients, and the game on the server, why and until when', () => {
    const { net, server, client, own, network } = start()
    void retire(server, SAVE)
    expect([hasComponent(server, network, Draining), Draining.text[network]]).toEqual([true, 'a new version'])
    expect(Draining.endsAt[network]).toBe(net.now + 10_000)
    net.tick(2)
    expect([...drain(client.world, added(Draining))].map(({ entity }) => entity)).toEqual([own])
    expect(Draining.text[own]).toBe('a new version')
    expect(Math.abs(Draining.endsAt[own]! - Draining.endsAt[network]!)).toBeLessThanOrEqual(100)
    expect(hasComponent(client.world, own, Connected)).toBe(true)
    sendMessage(client.world, game.Chat, { text: 'still here' })
    net.tick(2)
    expect([...drain(server, game.Chat)].map(({ args }) => args.text)).toEqual(['still here'])
  })

  it('refuses who comes now, with a reason to show, and counts it', () => {
    const { net, server } = start()
    void retire(server, SAVE)
    const late = net.connect()
    expect(late.reason).toEqual({ code: 'draining', text: 'a new version', by: 'remote' })
    expect(stats(server).counters.refusedConnections).toBe(1)
    expect([...drain(server, NetworkErrors)].map(({ code }) => code)).toEqual(['draining'])
    expect(stats(server).connections).toBe(1)
  })

  it('refuses who waits for its authenticator, who is not asked any more', () => {
    let asked = 0
    const forever = new Promise<never>(() => {})
    const { net, server } = start({ clients: 0, users: { authenticate: () => (asked++, forever) } })
    const waiting = net.begin()
    net.until(() => asked === 1)
    void retire(server, SAVE)
    net.until(() => waiting.reason !== undefined)
    expect(waiting.reason).toMatchObject({ code: 'draining', text: 'a new version' })
    expect(net.connect().reason).toMatchObject({ code: 'draining' })
    expect(asked).toBe(1)
  })

  it('has nothing to do with whom its authenticator turned away', () => {
    const { net } = start({ clients: 0, users: { authenticate: () => deny('not you') } })
    expect(net.connect().reason).toMatchObject({ code: 'authentication-failed' })
  })

  it('is done when the last client has left', async () => {
    const { net, server, client, watch } = start({ clients: 2 })
    const isOver = watch(retire(server, SAVE))
    net.tick(5)
    void close(client.world)
    net.tick(5)
    expect(await isOver()).toBe(false)
    void close(net.clients[1]!.world)
    net.tick(5)
    expect(await isOver()).toBe(true)
    expect(query(server, [Listening]).length).toBe(1)
  })

  it('is done when the time is over, and not before', async () => {
    const { net, server, watch } = start()
    const isOver = watch(retire(server, SAVE))
    net.tick(198)
    expect(await isOver()).toBe(false)
    net.tick(3)
    expect(await isOver()).toBe(true)
    expect(stats(server).connections).toBe(1)
  })

  it('is finished in its next tick when no client is connected', async () => {
    const { net, server, watch } = start({ clients: 0 })
    const isOver = watch(retire(server, SAVE))
    net.tick()
    expect(await isOver()).toBe(true)
  })

  it('keeps a session whose line breaks meanwhile: it comes back, still knowing', () => {
    const { net, server, client, own } = start()
    void retire(server, SAVE)
    net.tick(2)
    client.cut()
    net.tick(10)
    expect(client.reason).toBeUndefined()
    expect([hasComponent(client.world, own, Connected), hasComponent(client.world, own, Draining)]).toEqual([
      true,
      true,
    ])
  })

  it('tells a client whose line is broken at that moment as soon as it is back', () => {
    const { net, server, client, own } = start()
    client.setConditions({ loss: 1 })
    net.setServerConditions({ loss: 1 })
    void retire(server, SAVE)
    net.tick(5)
    expect(hasComponent(client.world, own, Draining)).toBe(false)
    client.setConditions({ loss: 0 })
    net.setServerConditions({ loss: 0 })
    net.until(() => hasComponent(client.world, own, Draining))
  })

  it('may change the time and the text, and sends them to all clients again', async () => {
    const { net, server, client, own, watch } = start()
    const first = watch(retire(server, SAVE))
    net.tick(2)
    const second = watch(retire(server, { grace: 1000, text: 'now' }))
    net.tick(2)
    expect(Draining.text[own]).toBe('now')
    expect(Draining.endsAt[own]! - net.now).toBeLessThanOrEqual(1000)
    net.tick(20)
    expect([await first(), await second()]).toEqual([true, true])
    expect(client.reason).toBeUndefined()
  })

  it('closes as ever: the clients get the last word, and nothing of it is left on either side', async () => {
    let shownEnds = 0
    const countEnds = (world: ClientWorld): void => {
      for (const _ of drain(world, removed(Draining))) shownEnds++
    }
    const { net, server, client, own, network, watch } = start({ clientSystems: [countEnds] })
    const isOver = watch(retire(server, SAVE))
    net.tick(2)
    const closed = close(server, 'see you')
    net.tick(2)
    await closed
    expect(Connection.reason[own]).toMatchObject({ code: 'server-stopped', text: 'see you', by: 'remote' })
    expect([hasComponent(client.world, own, Draining), hasComponent(server, network, Draining)]).toEqual([false, false])
    expect(shownEnds).toBe(1)
    expect(await isOver()).toBe(true)
  })

  it('counts a host’s own client for nothing, and shows it on the network entity', async () => {
    const net = createTestNetwork(game.arena, { host: true, clients: 0 })
    let isOver = false
    void retire(net.server, SAVE).then(() => (isOver = true))
    const [network] = query(net.server, [Listening])
    expect([...query(net.server, [Draining])]).toEqual([network])
    net.tick(3)
    await Promise.resolve()
    expect(isOver).toBe(true)
    expect(net.host!.reason).toBeUndefined()
    expect([...query(net.server, [Draining])]).toEqual([network])
  })

  it('is refused where nothing listens, and when the time is none', async () => {
    const { server } = start({ clients: 0 })
    expect(() => retire(server, { grace: -1 })).toThrow('grace is a number from 0 to 86,400,000 milliseconds, got -1')
    expect(() => retire(server, { grace: NaN })).toThrow(UsageError)
    await close(server)
    expect(() => retire(server, SAVE)).toThrow('does not listen')
  })
})
