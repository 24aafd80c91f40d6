// Requests over the network in memory: every way to end but a value, the bounds, and what both sides may not do.
import { removeEntity } from 'bitecs'
import {
  type CallIdOf,
  clearOwner,
  type ClientWorld,
  close,
  despawn,
  drain,
  entityOf,
  handle,
  ignore,
  netIdOf,
  NetworkErrors,
  sendCommand,
  sendTargetRpc,
  setOwner,
  UsageError,
} from 'bitecs-net'
import {
  isWaiting,
  reply,
  refuse,
  request,
  RequestAbortedError,
  RequestDespawnedError,
  RequestDisconnectedError,
  RequestLostAuthorityError,
  RequestRejectedError,
  RequestTimedOutError,
} from 'bitecs-net/requests'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork, type TestNetworkOptions } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { Ask, Buy, Look, Often, Plain, requestBehaviours, shop, spawn, watch } from '../support/behaviours-requests.js'
import { inMemory } from '../support/peers.js'

requestBehaviours('the network in memory', inMemory)

/** A network with an entity of the first client, known to all. */
function stallOfFirst(options: TestNetworkOptions = {}) {
  const net = createTestNetwork(shop, options)
  const stall = spawn(net.server)
  setOwner(net.server, stall, net.clients[0]!.connection)
  net.tick(4)
  const { world } = net.clients[0]!
  /** Promises go on only when the test lets go. */
  const tick = async (count = 1): Promise<void> => {
    net.tick(count)
    await Promise.resolve()
  }
  return { net, server: net.server, stall, world, copy: entityOf(world, netIdOf(net.server, stall)), tick }
}

const sold = { left: 1, note: '', gift: 0 }

/** The calls that a server has to answer. */
function calls(server: ReturnType<typeof stallOfFirst>['server']): CallIdOf<typeof Buy>[] {
  const ids: CallIdOf<typeof Buy>[] = []
  for (const { id } of drain(server, Buy)) ids.push(id)
  return ids
}

describe('a request that the library refuses', () => {
  it('3: authority taken away while it is in flight: dropped on arrival, and answered so', async () => {
    const { net, server, stall, world, copy, tick } = stallOfFirst()
    const outcome = watch(request(world, copy, Buy, { item: 1 }))
    net.clients[0]!.step()
    clearOwner(server, stall)
    await tick(2)
    expect(calls(server)).toEqual([])
    expect(stats(server).counters.unauthorizedCalls).toBe(1)
    expect(outcome.error).toBeInstanceOf(RequestLostAuthorityError)
  })

  it('2: on an entity of another it is answered as lost authority; with requiresAuthority: false it runs', async () => {
    const { net, server, stall, tick } = stallOfFirst({ clients: 2 })
    const { world, connection } = net.clients[1]!
    const copy = entityOf(world, netIdOf(server, stall))
    const buying = watch(request(world, copy, Buy, { item: 1 }))
    const looking = watch(request(world, copy, Look, { at: 5 }))
    handle(server, Look, ({ id, sender, args }) => reply(server, id, { seen: `${sender === connection} ${args.at}` }))
    await tick(3)
    expect(buying.error).toBeInstanceOf(RequestLostAuthorityError)
    expect(looking.value).toEqual({ seen: 'true 5' })
    expect([...drain(world, NetworkErrors)].map(({ code, name }) => [code, name])).toEqual([['not-owner', 'Buy']])
  })

  it('11: on an entity despawned before it arrives it is answered, counted, and counts against no error budget', async () => {
    const { net, server, stall, world, copy, tick } = stallOfFirst()
    const outcomes = Array.from({ length: 100 }, () => watch(request(world, copy, Buy, { item: 1 })))
    net.clients[0]!.step()
    despawn(server, stall)
    await tick(2)
    expect(stats(server).counters.staleCalls).toBe(100)
    for (const { error } of outcomes) expect(error).toBeInstanceOf(RequestDespawnedError)
    expect(net.clients[0]!.reason).toBeUndefined()
  })

  it('11: on an entity despawned between arrival and drain it is answered too', async () => {
    const { server, stall, world, copy, tick } = stallOfFirst()
    const outcome = watch(request(world, copy, Buy, { item: 1 }))
    await tick()
    despawn(server, stall)
    expect(calls(server)).toEqual([])
    await tick(2)
    expect(outcome.error).toBeInstanceOf(RequestDespawnedError)
  })

  it('13: over its rate it is rejected, and what is within it is not', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    handle(server, Often, ({ id }) => reply(server, id, {}))
    const outcomes = Array.from({ length: 4 }, () => watch(request(world, copy, Often, {})))
    await tick(2)
    expect(outcomes.map(({ value }) => value)).toEqual([{}, {}, undefined, undefined])
    expect(outcomes[3]!.error).toBeInstanceOf(RequestRejectedError)
    expect(outcomes[3]!.error).toMatchObject({ code: 'over-rate', request: 'Often' })
    expect(stats(server).counters.rateLimitedCalls).toBe(2)
  })

  it('17: an undrained request is answered when it is dropped, an ignored one at once', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    ignore(server, Look)
    const undrained = watch(request(world, copy, Buy, { item: 1 }))
    const unwanted = watch(request(world, copy, Look, { at: 1 }))
    await tick(2)
    expect(unwanted.error).toMatchObject({ code: 'undrained' })
    expect(undrained.settled).toBe(false)
    await tick(125)
    expect(undrained.error).toBeInstanceOf(RequestRejectedError)
    expect(undrained.error).toMatchObject({ code: 'undrained' })
    expect(stats(server).counters.undrainedCalls).toBe(1)
  })

  it('6: whose handler throws before it answers is rejected; after it has answered, nothing changes', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    handle(server, Buy, ({ id, args }) => {
      if (args.item === 2) reply(server, id, sold)
      throw new Error('broken')
    })
    const early = watch(request(world, copy, Buy, { item: 1 }))
    const late = watch(request(world, copy, Buy, { item: 2 }))
    await tick(2)
    expect(early.error).toMatchObject({ code: 'handler-threw' })
    expect(late.value).toEqual(sold)
    expect(stats(server).counters.handlerErrors).toBe(2)
  })

  it('is answered at once when the client’s game has removed its copy of the entity', async () => {
    const { net, server, stall, world, copy, tick } = stallOfFirst()
    removeEntity(world, copy)
    const outcome = watch(request(server, stall, Ask, { question: '' }))
    await tick(3)
    expect(outcome.error).toBeInstanceOf(RequestDespawnedError)
    expect(stats(world).counters.staleCalls).toBe(1)
    expect(net.clients[0]!.reason).toBeUndefined()
  })

  it('is rejected as not observed when the client does not have the entity', async () => {
    const net = createTestNetwork(shop)
    const late = net.connect({ autoReady: false })
    const stall = spawn(net.server)
    const outcome = watch(request(net.server, stall, Ask, { question: '' }, { to: late.connection }))
    net.tick(2)
    await Promise.resolve()
    expect(outcome.error).toBeInstanceOf(RequestRejectedError)
    expect(outcome.error).toMatchObject({ code: 'not-observed' })
    expect(stats(net.server).counters.unsentCalls).toBe(1)
  })
})

describe('the bounds of requests', () => {
  it('at most 256 of a connection wait: one more throws where it is made, until some are answered', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const outcomes = Array.from({ length: 256 }, () => watch(request(world, copy, Buy, { item: 1 })))
    expect(() => request(world, copy, Buy, { item: 1 })).toThrow(/Buy: 256 requests of this connection wait/)
    await tick()
    const ids = calls(server)
    expect(ids.length).toBe(256)
    for (const id of ids) reply(server, id, sold)
    await tick(2)
    expect(outcomes.every(({ value }) => value?.left === 1)).toBe(true)
    expect(() => request(world, copy, Buy, { item: 1 })).not.toThrow()
  })

  it('room is made by giving up, on both sides', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    for (let round = 0; round < 4; round++) {
      const controllers = Array.from({ length: 256 }, () => new AbortController())
      for (const { signal } of controllers) void request(world, copy, Buy, { item: 1 }, { signal })
      await tick()
      const ids = calls(server)
      expect(ids.length).toBe(256)
      for (const controller of controllers) controller.abort()
      await tick()
      expect(ids.some((id) => isWaiting(server, id))).toBe(false)
    }
    expect(stats(server).counters.overloadedRequests).toBe(0)
  })
})

describe('giving up', () => {
  it('removes an undrained request from the queue, and counts it', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const controller = new AbortController()
    const outcome = watch(request(world, copy, Buy, { item: 1 }, { signal: controller.signal }))
    void request(world, copy, Buy, { item: 2 })
    await tick()
    controller.abort()
    await tick()
    const items: number[] = []
    for (const { args } of drain(server, Buy)) items.push(args.item)
    expect(items).toEqual([2])
    expect(stats(server).counters.cancelledCalls).toBe(1)
    expect(outcome.error).toBeInstanceOf(RequestAbortedError)
  })

  it('before the request is sent, or with a signal that was aborted before, keeps it from every system', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const controller = new AbortController()
    const first = watch(request(world, copy, Buy, { item: 1 }, { signal: controller.signal }))
    controller.abort(new Error('no more'))
    const second = watch(request(world, copy, Buy, { item: 2 }, { signal: controller.signal }))
    await tick(2)
    expect(calls(server)).toEqual([])
    for (const { error } of [first, second]) {
      expect(error).toBeInstanceOf(RequestAbortedError)
      expect(error).toMatchObject({ cause: new Error('no more') })
    }
  })

  it('is counted in the clock of the world, and an answer of the same tick comes before it', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const short = watch(request(world, copy, Buy, { item: 1 }, { timeout: 200 }))
    const long = watch(request(world, copy, Buy, { item: 2 }, { timeout: 300 }))
    await tick(2)
    const [, second] = calls(server)
    await tick(1)
    expect(short.settled).toBe(false)
    await tick(1)
    expect(short.error).toBeInstanceOf(RequestTimedOutError)
    // It leaves in the next tick, and arrives with the frame of its time-out.
    expect(reply(server, second!, sold)).toBe(true)
    await tick(1)
    expect(long.settled).toBe(false)
    await tick(1)
    expect(long.value).toEqual(sold)
  })

  it('leaves no listener on the signal, however it ends', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    void request(world, copy, Buy, { item: 1 }, { signal })
    void request(world, copy, Buy, { item: 2 }, { signal, timeout: 150 })
    void request(world, copy, Buy, { item: 3 }, { signal })
    expect(listeners).toBe(3)
    await tick()
    const [first] = calls(server)
    reply(server, first!, sold)
    await tick(4)
    expect(listeners).toBe(1)
    await close(world)
    expect(listeners).toBe(0)
  })
})

describe('an answer', () => {
  it('arrives when its entity is despawned in the same tick, and the awaiting code still finds the entity', async () => {
    const { server, stall, world, copy, tick } = stallOfFirst()
    const found: number[] = []
    const outcome = watch(
      request(world, copy, Buy, { item: 1 }).then((value) => {
        found.push(netIdOf(world, copy))
        return value
      }),
    )
    await tick()
    const [id] = calls(server)
    const netId = netIdOf(server, stall)
    reply(server, id!, sold)
    despawn(server, stall)
    await tick(2)
    await Promise.resolve()
    expect(outcome.value).toEqual(sold)
    expect(found).toEqual([netId])
    await tick(2)
    expect(netIdOf(world, copy)).toBe(0)
  })

  it('is not sent for a call that was not a request', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    sendCommand(world, copy, Buy, { item: 1 })
    await tick()
    const [id] = calls(server)
    expect(isWaiting(server, id!)).toBe(false)
    expect(reply(server, id!, sold)).toBe(false)
    await tick(2)
    expect(stats(world).counters.unknownReplies + stats(world).counters.lateReplies).toBe(0)
  })

  it('given twice, or to a call without returns, is an error', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    void request(world, copy, Buy, { item: 1 })
    sendCommand(world, copy, Buy, { item: 2 })
    sendCommand(world, copy, Plain, { n: 1 })
    await tick()
    const [requested, sent] = calls(server)
    reply(server, requested!, sold)
    expect(() => reply(server, requested!, sold)).toThrow(/answered already/)
    expect(() => refuse(server, requested!, 'sold-out')).toThrow(UsageError)
    refuse(server, sent!, 'too-poor')
    expect(() => refuse(server, sent!, 'too-poor')).toThrow(/answered already/)
    const plain: number[] = []
    for (const { id } of drain(server, Plain)) plain.push(id)
    for (const id of [...plain, 0, -1, 1.5, NaN]) expect(() => reply(server, id as never, {})).toThrow(/needs returns/)
  })

  it('15: that cannot be represented throws with the name of the field, and the request stays open', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const outcome = watch(request(world, copy, Buy, { item: 1 }))
    void request(world, copy, Look, { at: 1 })
    await tick()
    const [id] = calls(server)
    expect(() => reply(server, id!, { ...sold, left: -1 })).toThrow(/value\.left: .*-1/)
    expect(() => reply(server, id!, undefined as never)).toThrow(/value: must be an object with gift, left, note/)
    expect(() => refuse(server, id!, 'ugly' as never)).toThrow(/reason: must be one of sold-out, too-poor, got "ugly"/)
    for (const look of drain(server, Look)) {
      expect(() => refuse(server, look.id, 'é'.repeat(101))).toThrow(/reason: is 202 bytes long, at most 200 fit/)
      expect(refuse(server, look.id, 'é'.repeat(100))).toBe(true)
    }
    expect(isWaiting(server, id!)).toBe(true)
    expect(reply(server, id!, sold)).toBe(true)
    await tick(2)
    expect(outcome.value).toEqual(sold)
  })

  it('is a separate object, which no later answer changes', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const outcomes = [1, 2].map((item) => watch(request(world, copy, Buy, { item })))
    await tick()
    calls(server).forEach((id, i) => reply(server, id, { ...sold, left: i + 1 }))
    await tick(2)
    expect(outcomes.map(({ value }) => value?.left)).toEqual([1, 2])
  })

  it('still arrives when it was given before the connection ended', async () => {
    const { server, world, copy, tick } = stallOfFirst()
    const outcome = watch(request(world, copy, Buy, { item: 1 }))
    await tick()
    for (const id of calls(server)) reply(server, id, sold)
    await close(server)
    await tick()
    expect(outcome.value).toEqual(sold)
  })

  it('keeps its place among the RPCs of its tick', async () => {
    const { server, stall, world, copy, tick } = stallOfFirst()
    const order: string[] = []
    void request(world, copy, Buy, { item: 1 }).then(() => order.push('answer'))
    handle(world, Ask, ({ args }) => order.push(args.question))
    await tick()
    sendTargetRpc(server, stall, Ask, { question: 'before' })
    for (const id of calls(server)) reply(server, id, sold)
    sendTargetRpc(server, stall, Ask, { question: 'after' })
    await tick(2)
    // Handlers run within the frame; code that awaits continues after it.
    expect(order).toEqual(['before', 'after', 'answer'])
  })
})

describe('the end of a connection', () => {
  it('forgets what its client asked: a later answer goes nowhere, also after the client is back', async () => {
    const { net, server, stall, world, copy, tick } = stallOfFirst()
    const outcome = watch(request(world, copy, Buy, { item: 1 }))
    await tick()
    const [id] = calls(server)
    await close(world)
    expect(outcome.error).toBeInstanceOf(RequestDisconnectedError)
    await tick(2)
    expect(isWaiting(server, id!)).toBe(false)
    const back = net.connect({ world })
    const again = spawn(server)
    setOwner(server, again, back.connection)
    await tick(3)
    const second = watch(request(world, entityOf(world, netIdOf(server, again)), Buy, { item: 2 }))
    await tick()
    expect(reply(server, id!, sold)).toBe(false)
    const [next] = calls(server)
    reply(server, next!, { ...sold, left: 2 })
    await tick(2)
    expect(second.value?.left).toBe(2)
    expect(stall).toBeGreaterThan(0)
  })

  it('forgets what the server asked of its client too', async () => {
    const { net, server, stall, world, tick } = stallOfFirst()
    void request(server, stall, Ask, { question: '' })
    await tick(2)
    const [id] = [...drain(world, Ask)].map((call) => call.id)
    expect(isWaiting(world, id!)).toBe(true)
    await close(world)
    expect(isWaiting(world, id!)).toBe(false)
    net.connect({ world })
    expect(reply(world, id!, { answer: 1 })).toBe(false)
    await tick(2)
    expect(stats(server).counters.unknownReplies).toBe(0)
  })

  it('rejects requests made after the server saw it, and does not throw', async () => {
    const { net, server, stall, tick } = stallOfFirst({ clients: 2 })
    const { connection, world } = net.clients[1]!
    const pending = watch(request(server, stall, Ask, { question: '' }, { to: connection }))
    await close(world)
    const outcomes: ReturnType<typeof watch>[] = []
    handle(server, Look, ({ id }) => {
      outcomes.push(watch(request(server, stall, Ask, { question: '' }, { to: connection })))
      reply(server, id, { seen: '' })
    })
    void request(net.clients[0]!.world, entityOf(net.clients[0]!.world, netIdOf(server, stall)), Look, { at: 1 })
    await tick(2)
    expect(pending.error).toBeInstanceOf(RequestDisconnectedError)
    expect(outcomes[0]?.error).toBeInstanceOf(RequestDisconnectedError)
  })

  it('causes no unhandled rejection for a promise that is not awaited', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    const { server, stall, world, copy, tick } = stallOfFirst()
    void request(world, copy, Buy, { item: 1 })
    void request(server, stall, Ask, { question: '' })
    void request(world, copy, Buy, { item: 1 }, { signal: AbortSignal.abort() })
    await tick()
    await close(server)
    await tick()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  })
})

describe('requests that cannot be made', () => {
  it('15: throw at the call, with a message that names what is wrong', () => {
    const { net, server, stall, world, copy } = stallOfFirst()
    const wild = spawn(server)
    expect(() => request(world, copy, Plain as never, { n: 1 })).toThrow(
      /Plain returns nothing: define it with returns/,
    )
    expect(() => request(world, copy, Buy, { item: -1 })).toThrow(/args\.item/)
    expect(() => request(world, 0, Buy, { item: 1 })).toThrow(/Buy: entity 0 is not networked/)
    expect(() => request(world, copy, Buy, { item: 1 }, { timeout: 0 })).toThrow(/timeout is a finite number/)
    expect(() => request(world, copy, Buy, { item: 1 }, { timeout: Infinity })).toThrow(/timeout is a finite number/)
    expect(() => request(server, wild, Ask, { question: '' })).toThrow(/Ask: entity \d+ has no owner/)
    expect(() => request(server, stall, Ask, { question: '' }, { to: stall })).toThrow(/not a connection/)
    expect(() => request(world as never, copy, Ask, { question: '' })).toThrow(/createServerWorld/)
    expect(() => request(server as unknown as ClientWorld, stall, Buy, { item: 1 })).toThrow(/createClientWorld/)
    expect(stats(net.server).counters.unsentCalls).toBe(0)
  })
})
