// Tests options: values out of range are refused at once, by name, and an attempt in progress excludes another.
import http from 'node:http'
import { query } from 'bitecs'
import { defineProtocol, drain, removed, UsageError } from 'bitecs-net'
import { Listening } from 'bitecs-net/components'
import { close, createServerWorld, listen, type ListenOptions, runSystems, serverReceive } from 'bitecs-net/server'
import { afterEach, describe, expect, it } from 'vitest'
import { type ConnectOptions, connectWorld, type OpenClientTransport } from '../../../src/client/connect.js'
import { ConnectionError } from '../../../src/protocol/errors.js'
import { createLoopback } from '../../../src/transport/loopback.js'
import type { Transport } from '../../../src/transport/transport.js'
import { startSession } from '../../../src/world/client/start-session.js'
import { createClientWorld } from '../../../src/verbs/create.js'
import { clientState, serverState } from '../../../src/world/state.js'
import { until } from '../../support/until.js'

const protocol = defineProtocol({})
const NO_POSITIVE = [0, -1, NaN, Infinity, '5', null]

/** A factory whose attempts end only when they are aborted. */
function endless(): { open: OpenClientTransport; tries: () => number } {
  let tries = 0
  const open: OpenClientTransport = ({ signal }) => {
    tries++
    return new Promise((_, reject) => {
      const fail = (): void => reject(new ConnectionError('aborted', 'the try was ended'))
      if (signal?.aborted) fail()
      else signal?.addEventListener('abort', fail)
    })
  }
  return { open, tries: () => tries }
}

/** The error of an attempt, caught at once so that a test can look at it later. */
function failureOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('the options of a world', () => {
  it.each([
    ['undrainedTicks', [0, -1, 1.5, NaN, Infinity, '5', null]],
    ['tickRate', [0, 0.5, 1001, NaN, Infinity, '20', null]],
  ])('are refused with a bad %s of a server', (name, values) => {
    for (const value of values) {
      expect(() => createServerWorld(protocol, { [name]: value })).toThrow(UsageError)
      expect(() => createServerWorld(protocol, { [name]: value })).toThrow(`${name} is `)
    }
  })

  it.each([
    ['undrainedTicks', [0, 1.5, NaN, '5']],
    ['maxWaitingBytes', [0, -1, 1.5, NaN, '5', null]],
    ['interpolationDelay', [-1, 6.5, NaN, Infinity, '2', null]],
  ])('are refused with a bad %s of a client', (name, values) => {
    for (const value of values) {
      expect(() => createClientWorld(protocol, { [name]: value })).toThrow(UsageError)
      expect(() => createClientWorld(protocol, { [name]: value })).toThrow(`${name} is `)
    }
  })

  it('are refused with an error that contains the value', () => {
    expect(() => createServerWorld(protocol, { tickRate: 5000 })).toThrow(/tickRate is .*1 to 1,000.*got 5000/)
    expect(() => createServerWorld(protocol, { tickRate: '20' as never })).toThrow('got "20"')
  })

  it('are accepted at the ends of their ranges', () => {
    expect(() => createServerWorld(protocol, { tickRate: 1, undrainedTicks: 1 })).not.toThrow()
    expect(() => createServerWorld(protocol, { tickRate: 1000 })).not.toThrow()
    expect(() => createClientWorld(protocol, { interpolationDelay: 0 })).not.toThrow()
    expect(() => createClientWorld(protocol, { interpolationDelay: 6 })).not.toThrow()
  })
})

describe('the options of listen', () => {
  const worlds: ReturnType<typeof createServerWorld>[] = []
  const create = () => {
    const world = createServerWorld(protocol)
    worlds.push(world)
    return world
  }
  afterEach(async () => {
    await Promise.all(worlds.splice(0).map((world) => close(world)))
  })

  it.each([
    ['port', [-1, 65_536, 1.5, NaN, '80', null]],
    ['host', [5, '', null]],
    ['server', [5, {}]],
    ['transport', [5, {}]],
    ['limits', [5, null, { maxConections: 5 }]],
    ['limits.maxConnections', [0, -1, 1.5, NaN, Infinity, '5', null]],
    ['limits.inbound', ['x', null, { packets: 5 }]],
    ['limits.errorBudget', [5, { bursts: 5 }]],
    ['network.cors', ['*', null, [], { orgin: '*' }]],
    ['network.iceServers', ['stun:a', {}, [{}], [{ urls: 5 }], ['stun:a']]],
    ['network.bindAddress', [5, '']],
    ['network.portRange', [{ min: 5000, max: 4000 }, { min: 0, max: 5 }, { min: 1, max: 65_536 }, { min: 5000 }, 5000]],
    ['sessions.timeout', NO_POSITIVE],
    ['sessions.handshakeTimeout', NO_POSITIVE],
    ['sessions.sceneTimeout', NO_POSITIVE],
  ])('are refused with a bad %s', async (path, values) => {
    const [name, part] = path.split('.') as [string, string | undefined]
    for (const value of values) {
      const options = { [name]: part === undefined ? value : { [part]: value } } as ListenOptions
      await expect(listen(create(), options)).rejects.toMatchObject({
        name: 'UsageError',
        code: 'bad-option',
        message: expect.stringContaining(path) as string,
      })
    }
  })

  it('are refused by name when they are unknown, with a list of those that exist', async () => {
    const attempt = listen(create(), { maxConnections: 5 } as ListenOptions)
    await expect(attempt).rejects.toThrow(/the options of listen is an object of .*limits.*got "maxConnections"/)
  })

  it('are refused while an earlier listen is in progress, and nothing leaks', async () => {
    const world = create()
    const attempts = await Promise.allSettled([listen(world, { port: 0 }), listen(world, { port: 0 })])
    expect(attempts.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect((attempts[1] as PromiseRejectedResult).reason).toMatchObject({ name: 'UsageError', code: 'listening' })
    const transport = serverState(world).transport
    const [first] = attempts
    expect(first?.status === 'fulfilled' && first.value.port === (transport as { port?: number }).port).toBe(true)
    await expect(listen(world, { port: 0 })).rejects.toMatchObject({ code: 'listening' })
    await close(world)
    const again = await listen(world, { port: 0 })
    expect(again.port).toBeGreaterThan(0)
  })

  it('are dropped when close cancels a listen in progress, and the world can listen again', async () => {
    const probe = http.createServer()
    await new Promise<void>((resolve) => probe.listen(0, resolve))
    const { port } = probe.address() as { port: number }
    await new Promise((resolve) => probe.close(resolve))
    const world = create()
    const attempt = failureOf(listen(world, { port }))
    await close(world)
    expect(await attempt).toMatchObject({ name: 'ConnectionError', code: 'aborted' })
    expect(serverState(world).sessions).toBeUndefined()
    expect(query(world, [Listening])).toHaveLength(0)
    const again = await listen(world, { port })
    expect([again.port, query(world, [Listening]).length]).toEqual([port, 1])
  })

  it("may contain the game's own HTTP server, whose end also ends Listening", async () => {
    const world = create()
    for (let i = 0; i < 2; i++) {
      const game = http.createServer()
      await new Promise<void>((resolve) => game.listen(0, resolve))
      await listen(world, { server: game })
      await new Promise((resolve) => game.close(resolve))
      // It happens in a tick, so that systems can see it.
      expect(query(world, [Listening])).toHaveLength(1)
      runSystems(world, serverReceive)
      expect(query(world, [Listening])).toHaveLength(0)
      expect([...drain(world, removed(Listening))]).toHaveLength(1)
    }
    await listen(world, { port: 0 })
    expect(query(world, [Listening])).toHaveLength(1)
  })

  it('are given again to a closed world, which then runs only the loop of the last run', async () => {
    const world = create()
    const former = await listen(world, { port: 0 })
    let ticks = 0
    const old = former.run([() => void ticks++])
    await close(world)
    const next = await listen(world, { port: 0 })
    expect(next.port).toBeGreaterThan(0)
    await until('the world, which is closed, has gone on', () => old.steps > 0)
    const loop = next.run([])
    const before = ticks
    await until('the next loop runs', () => loop.steps > 2)
    expect(ticks).toBe(before)
    // The former server no longer has anything to close.
    await former.close('bye')
    expect(query(world, [Listening])).toHaveLength(1)
    await next.close()
    const { steps } = loop
    expect(query(world, [Listening])).toHaveLength(0)
    await close(world)
    expect(loop.steps).toBe(steps)
  })

  it('can be corrected: a world whose listen failed can listen again', async () => {
    const world = create()
    const taken = http.createServer()
    await new Promise<void>((resolve) => taken.listen(0, resolve))
    const { port } = taken.address() as { port: number }
    await expect(listen(world, { port })).rejects.toMatchObject({ code: 'port-in-use' })
    await expect(listen(world, { port: -1 })).rejects.toMatchObject({ code: 'bad-option' })
    await new Promise((resolve) => taken.close(resolve))
    expect((await listen(world, { port: 0 })).port).toBeGreaterThan(0)
  })
})

describe('connect', () => {
  const url = 'http://127.0.0.1:9208'

  it.each(['timeout', 'idleTimeout'])('refuses a value of %s that is not a positive number', async (name) => {
    for (const value of NO_POSITIVE) {
      const { open, tries } = endless()
      const attempt = connectWorld(createClientWorld(protocol), open, { url, [name]: value })
      await expect(attempt).rejects.toMatchObject({
        name: 'UsageError',
        code: 'bad-option',
        message: expect.stringMatching(new RegExp(`^${name} is `)) as string,
      })
      expect(tries()).toBe(0)
    }
  })

  it('and listen refuse a stalledAfter outside a second to a minute', async () => {
    for (const value of [0, 999, 60_001, Infinity, NaN]) {
      const { open, tries } = endless()
      const attempt = connectWorld(createClientWorld(protocol), open, { url, stalledAfter: value })
      await expect(attempt).rejects.toMatchObject({
        code: 'bad-option',
        message: expect.stringMatching(/^stalledAfter is /) as string,
      })
      expect(tries()).toBe(0)
      await expect(
        listen(createServerWorld(protocol), { port: 0, sessions: { stalledAfter: value } }),
      ).rejects.toMatchObject({
        code: 'bad-option',
        message: expect.stringMatching(/^sessions.stalledAfter is /) as string,
      })
    }
  })

  it('refuses a URL that is not http or https, without an attempt', async () => {
    for (const bad of [undefined, '', 'localhost:9208', '/game', 'ws://localhost', 'http://', 5, 'null']) {
      const { open, tries } = endless()
      const attempt = connectWorld(createClientWorld(protocol), open, { url: bad } as ConnectOptions)
      await expect(attempt).rejects.toMatchObject({
        name: 'ConnectionError',
        code: 'bad-url',
        message: expect.stringContaining('http') as string,
      })
      expect(tries()).toBe(0)
    }
  })

  it('is refused while an earlier one is in progress', async () => {
    const world = createClientWorld(protocol)
    const { open, tries } = endless()
    const first = connectWorld(world, open, { url })
    await expect(connectWorld(world, open, { url })).rejects.toMatchObject({ name: 'UsageError', code: 'busy' })
    expect(tries()).toBe(1)
    expect(clientState(world).pendingConnect).toBeDefined()
    await Promise.all([expect(first).rejects.toMatchObject({ code: 'aborted' }), close(world)])
    expect(clientState(world).pendingConnect).toBeUndefined()
  })

  it('is aborted by close, and the world can connect again at once', async () => {
    const world = createClientWorld(protocol)
    const { open, tries } = endless()
    const first = failureOf(connectWorld(world, open, { url }))
    await close(world)
    const second = failureOf(connectWorld(world, open, { url }))
    expect(await first).toMatchObject({ name: 'ConnectionError', code: 'aborted' })
    expect(tries()).toBe(2)
    expect(clientState(world).pendingConnect?.signal.aborted).toBe(false)
    await close(world)
    expect(await second).toMatchObject({ code: 'aborted' })
    expect(tries()).toBe(2)
  })

  it('is aborted by the caller’s signal, before and during the attempt', async () => {
    const world = createClientWorld(protocol)
    const { open } = endless()
    const early = connectWorld(world, open, { url, signal: AbortSignal.abort() })
    await expect(early).rejects.toMatchObject({ code: 'aborted' })
    const controller = new AbortController()
    const late = failureOf(connectWorld(world, open, { url, signal: controller.signal }))
    controller.abort()
    expect(await late).toMatchObject({ code: 'aborted' })
    expect(clientState(world).pendingConnect).toBeUndefined()
  })

  it('is aborted between two tries', async () => {
    const world = createClientWorld(protocol)
    let tries = 0
    const attempt = connectWorld(
      world,
      () => {
        tries++
        queueMicrotask(() => queueMicrotask(() => void close(world)))
        return Promise.reject(new ConnectionError('unreachable', 'nobody there'))
      },
      { url },
    )
    await expect(attempt).rejects.toMatchObject({ code: 'aborted' })
    expect(tries).toBe(1)
  })

  it('is aborted during the handshake, and frees the transport', async () => {
    const world = createClientWorld(protocol)
    const loopback = createLoopback()
    const transport = loopback.connect()
    let closed = 0
    const closeTransport = transport.close.bind(transport)
    transport.close = () => {
      closed++
      return closeTransport()
    }
    const attempt = failureOf(connectWorld(world, () => Promise.resolve(transport), { url }))
    for (let i = 0; i < 10 && clientState(world).session === undefined; i++) await Promise.resolve()
    expect(clientState(world).session).toBeDefined()
    await close(world)
    expect(await attempt).toMatchObject({ code: 'aborted' })
    expect(closed).toBeGreaterThan(0)
    expect(clientState(world).session).toBeUndefined()
  })

  it('closes a transport that opens after the attempt was aborted', async () => {
    const world = createClientWorld(protocol)
    const transport = createLoopback().connect()
    let closed = 0
    transport.close = () => {
      closed++
      return Promise.resolve()
    }
    let opened: (transport: Transport) => void = () => undefined
    const attempt = failureOf(connectWorld(world, () => new Promise((resolve) => (opened = resolve)), { url }))
    await close(world)
    opened(transport)
    expect(await attempt).toMatchObject({ code: 'aborted' })
    expect(closed).toBe(1)
    expect(clientState(world).session).toBeUndefined()
  })

  it('ends an earlier session without ending itself', async () => {
    const world = createClientWorld(protocol)
    const role = clientState(world)
    startSession(role, createLoopback().connect(), {})
    const old = role.session
    const transport = createLoopback().connect()
    const attempt = connectWorld(world, () => Promise.resolve(transport), { url, timeout: 30 })
    await expect(attempt).rejects.toMatchObject({ code: 'handshake-timeout' })
    expect(old?.state).toBe('closed')
    expect(role.session).toBeUndefined()
  })

  it('frees the transport when the session cannot begin', async () => {
    const world = createClientWorld(protocol)
    const transport = createLoopback().connect()
    let closed = 0
    transport.close = () => {
      closed++
      return Promise.resolve()
    }
    const attempt = connectWorld(world, () => Promise.resolve(transport), { url, token: 'x'.repeat(100_000) })
    await expect(attempt).rejects.toMatchObject({ code: 'bad-option' })
    expect(closed).toBe(1)
    expect(clientState(world).pendingConnect).toBeUndefined()
  })
})
