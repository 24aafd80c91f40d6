// Requests in host mode: the host's own client asks and answers as a remote one does, in the same ticks.
import { clearOwner, close, despawn, drain, entityOf, handle, netIdOf, NetworkErrors, setOwner } from 'bitecs-net'
import {
  refusalOf,
  refuse,
  reply,
  request,
  RequestDespawnedError,
  RequestDisconnectedError,
  RequestLostAuthorityError,
} from 'bitecs-net/requests'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, describe, it } from 'vitest'
import { Ask, Buy, Look, Often, shop, spawn, watch } from '../support/behaviours-requests.js'

const sold = { left: 1, note: '', gift: 0 }

/** A host with an entity of its own, or with one of a remote client's; `asker` is the world that asks. */
function stalls(host: boolean) {
  const net = host ? createTestNetwork(shop, { host: true, clients: 1 }) : createTestNetwork(shop, { clients: 1 })
  const remote = net.clients[0]!
  const connection = net.host === undefined ? remote.connection : net.host.connection
  const world = net.host === undefined ? remote.world : net.host.world
  const stall = spawn(net.server)
  setOwner(net.server, stall, connection)
  net.tick(3)
  const tick = async (count = 1): Promise<void> => {
    net.tick(count)
    await Promise.resolve()
  }
  return { net, server: net.server, world, stall, copy: entityOf(world, netIdOf(net.server, stall)), connection, tick }
}

describe('16: the requests of a host', () => {
  it('are answered and refused by its own server, in the very ticks in which those of a remote client are', async () => {
    const ticksOf = async (host: boolean): Promise<unknown> => {
      const { server, world, copy, connection, tick } = stalls(host)
      const seen: unknown[] = []
      const outcomes = [1, 2].map((item) => watch(request(world, copy, Buy, { item })))
      for (let i = 0; i < 6; i++) {
        for (const { id, sender, args } of drain(server, Buy)) {
          seen.push([i, 'arrived', args.item, sender === connection])
          if (args.item === 1) reply(server, id, sold)
          else refuse(server, id, 'too-poor')
        }
        for (const { value, error } of outcomes) {
          if (value !== undefined) seen.push([i, 'answered', value])
          if (error !== undefined) seen.push([i, 'refused', refusalOf(error, Buy)])
        }
        await tick()
      }
      return seen
    }
    const remote = await ticksOf(false)
    expect(remote).toContainEqual([1, 'arrived', 1, true])
    expect(remote).toContainEqual([3, 'answered', sold])
    expect(await ticksOf(true)).toEqual(remote)
  })

  it('pass the same checks: owner, rate, and an entity that ends under way', async () => {
    const { net, server, world, stall, copy, connection, tick } = stalls(true)
    handle(server, Often, ({ id }) => reply(server, id, {}))
    const often = Array.from({ length: 3 }, () => watch(request(world, copy, Often, {})))
    await tick(2)
    expect(often[1]!.value).toEqual({})
    expect(often[2]!.error).toMatchObject({ code: 'over-rate' })

    const lost = watch(request(world, copy, Buy, { item: 1 }))
    clearOwner(server, stall)
    await tick(2)
    expect(lost.error).toBeInstanceOf(RequestLostAuthorityError)

    setOwner(server, stall, net.clients[0]!.connection)
    const others = watch(request(world, copy, Buy, { item: 1 }))
    const looking = watch(request(world, copy, Look, { at: 1 }))
    handle(server, Look, ({ id, sender }) => reply(server, id, { seen: String(sender === connection) }))
    await tick(2)
    expect(others.error).toBeInstanceOf(RequestLostAuthorityError)
    expect(looking.value).toEqual({ seen: 'true' })

    setOwner(server, stall, connection)
    const gone = watch(request(world, copy, Buy, { item: 1 }))
    despawn(server, stall)
    await tick(2)
    expect(gone.error).toBeInstanceOf(RequestDespawnedError)
    const { counters } = stats(net.host!.world, { side: 'server' })
    expect([counters.rateLimitedCalls, counters.malformedPackets]).toEqual([1, 0])
  })

  it('from the server go to its own client and to remote ones, and each answers for itself', async () => {
    const { net, server, world, stall, tick } = stalls(true)
    const remote = net.clients[0]!
    const own = watch(request(server, stall, Ask, { question: 'own?' }))
    const other = watch(request(server, stall, Ask, { question: 'other?' }, { to: remote.connection }))
    handle(world, Ask, ({ id, entity, args }) =>
      reply(world, id, { answer: entity === stall ? args.question.length : 0 }),
    )
    handle(remote.world, Ask, ({ id }) => refuse(remote.world, id, 'busy'))
    await tick(4)
    expect(own.value).toEqual({ answer: 4 })
    expect(refusalOf(other.error, Ask)).toBe('busy')
    expect([...drain(server, NetworkErrors)]).toEqual([])
  })

  it('in both directions at once are told apart by their ids', async () => {
    const { server, world, stall, copy, tick } = stalls(true)
    const buying = watch(request(world, copy, Buy, { item: 5 }))
    const asking = watch(request(server, stall, Ask, { question: '' }))
    await tick()
    const ids: number[] = []
    for (const { id } of drain(server, Buy)) {
      ids.push(id)
      reply(world, id, { ...sold, left: 5 })
    }
    await tick()
    for (const { id } of drain(world, Ask)) {
      ids.push(id)
      reply(world, id, { answer: 6 })
    }
    await tick(2)
    expect(new Set(ids).size).toBe(2)
    expect(buying.value?.left).toBe(5)
    expect(asking.value).toEqual({ answer: 6 })
  })

  it('end with the host', async () => {
    const { server, world, stall, copy, tick } = stalls(true)
    const buying = watch(request(world, copy, Buy, { item: 5 }))
    const asking = watch(request(server, stall, Ask, { question: '' }))
    await tick()
    await close(server)
    expect(buying.error).toBeInstanceOf(RequestDisconnectedError)
    expect(asking.error).toBeInstanceOf(RequestDisconnectedError)
  })
})
