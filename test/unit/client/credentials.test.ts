// Tests the credentials of a client: a token and an authorization, fresh for each try, and how long it waits for an
// answer.
import { defineProtocol } from 'bitecs-net'
import { runSystems, serverReceive, serverSend } from 'bitecs-net/systems'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectWorld, type OpenClientTransport } from '../../../src/client/connect.js'
import { ConnectionError } from '../../../src/protocol/errors.js'
import { createLoopback } from '../../../src/transport/loopback.js'
import type { Authenticator } from '../../../src/world/server/authenticator.js'
import { createClientWorld, createServerWorld } from '../../../src/verbs/create.js'
import { startServing } from '../../../src/world/server/start-serving.js'
import { clientState, serverState } from '../../../src/world/state.js'

const protocol = defineProtocol({})
const url = 'http://127.0.0.1:9208'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

/** A server in memory that ticks twenty times a second, and what its authenticator was shown. */
function serve(authenticate: Authenticator, authenticationTimeout = 60_000) {
  const loopback = createLoopback()
  const server = createServerWorld(protocol)
  const tokens: string[] = []
  startServing(serverState(server), loopback.server, {
    users: {
      authenticationTimeout,
      authenticate: (request) => {
        tokens.push(request.token)
        return authenticate(request)
      },
    },
  })
  const tick = (): void => runSystems(server, [...serverReceive, ...serverSend])
  const timer = setInterval(tick, 50)
  const open: OpenClientTransport = () => Promise.resolve(loopback.connect())
  return { tokens, open, stop: () => clearInterval(timer) }
}

/** What became of an attempt, once `milliseconds` have passed. */
async function after(milliseconds: number, attempt: Promise<void>): Promise<unknown> {
  let outcome: unknown = 'pending'
  attempt.then(
    () => (outcome = 'connected'),
    (error: unknown) => (outcome = error),
  )
  await vi.advanceTimersByTimeAsync(milliseconds)
  return outcome
}

describe('a token', () => {
  it.each([
    ['a text', 'abc', 'abc'],
    ['a function', () => 'abc', 'abc'],
    ['an async function', () => Promise.resolve('abc'), 'abc'],
    ['nothing', undefined, ''],
  ])('that is %s reaches the authenticator', async (_, token, shown) => {
    const server = serve(() => undefined)
    expect(await after(500, connectWorld(createClientWorld(protocol), server.open, { url, token }))).toBe('connected')
    expect(server.tokens).toEqual([shown])
    server.stop()
  })

  it('is made again for each try when it is a function, and so is the authorization', async () => {
    const server = serve(() => undefined)
    let tries = 0
    const headers: (string | undefined)[] = []
    const open: OpenClientTransport = (options) => {
      headers.push(options.authorization)
      if (++tries < 3) return Promise.reject(new ConnectionError('unreachable', 'not yet'))
      return server.open(options)
    }
    let made = 0
    const token = (): Promise<string> => Promise.resolve(`token ${++made}`)
    const authorization = (): string => `Bearer ${made}`
    const attempt = connectWorld(createClientWorld(protocol), open, { url, token, authorization })
    expect(await after(3000, attempt)).toBe('connected')
    expect(server.tokens).toEqual(['token 3'])
    expect(headers).toEqual(['Bearer 1', 'Bearer 2', 'Bearer 3'])
    server.stop()
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('logged out')
      },
      /token\(\) threw: logged out/,
    ],
    ['rejects', () => Promise.reject(new Error('logged out')), /token\(\) threw: logged out/],
    ['gives no text', () => 5, /must give a string, gave number/],
  ])('made by a function that %s ends the attempt, without a try', async (_, token, message) => {
    let tries = 0
    const open: OpenClientTransport = () => {
      tries++
      return Promise.reject(new ConnectionError('unreachable', 'no'))
    }
    const attempt = connectWorld(createClientWorld(protocol), open, { url, token: token as () => string })
    const outcome = await after(100, attempt)
    expect(outcome).toMatchObject({ name: 'ConnectionError', code: 'token-failed' })
    expect((outcome as Error).message).toMatch(message)
    expect(tries).toBe(0)
  })

  it('is awaited as long as the attempt lasts, and leaves no timer', async () => {
    const world = createClientWorld(protocol)
    const attempt = connectWorld(world, () => Promise.reject(new Error('no')), {
      url,
      token: () => new Promise(() => {}),
      timeout: 1000,
    })
    expect(await after(1001, attempt)).toMatchObject({ code: 'token-failed' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('in the making ends with the attempt', async () => {
    const controller = new AbortController()
    const attempt = connectWorld(createClientWorld(protocol), () => Promise.reject(new Error('no')), {
      url,
      token: () => new Promise(() => {}),
      signal: controller.signal,
    })
    const outcome = after(10, attempt)
    controller.abort()
    expect(await outcome).toMatchObject({ code: 'aborted' })
  })

  it('leaves no timer after it arrived', async () => {
    const server = serve(() => undefined)
    await after(500, connectWorld(createClientWorld(protocol), server.open, { url, token: () => 'x' }))
    server.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a client', () => {
  it('waits for a server that takes long to authenticate, as long as it hears of it', async () => {
    const server = serve(() => new Promise((resolve) => setTimeout(resolve, 20_000)))
    const attempt = connectWorld(createClientWorld(protocol), server.open, { url, timeout: 30_000 })
    expect(await after(19_000, attempt)).toBe('pending')
    expect(await after(1500, attempt)).toBe('connected')
    expect(server.tokens.length).toBe(1)
    server.stop()
  })

  it('ends its attempt even if the token never arrives', async () => {
    const server = serve(() => new Promise(() => {}))
    const attempt = connectWorld(createClientWorld(protocol), server.open, { url, timeout: 10_000 })
    expect(await after(10_500, attempt)).toMatchObject({ code: 'handshake-timeout' })
    server.stop()
  })

  it('tries again when the server falls silent while it authenticates', async () => {
    const server = serve(() => new Promise(() => {}))
    let tries = 0
    const open: OpenClientTransport = (options) => {
      tries++
      return server.open(options)
    }
    const world = createClientWorld(protocol)
    const attempt = connectWorld(world, open, { url, timeout: 30_000 })
    await after(8000, attempt)
    expect([tries, clientState(world).session?.state]).toEqual([1, 'connecting'])
    server.stop()
    await after(7000, attempt)
    expect(tries).toBe(2)
    await after(30_000, attempt)
  })

  it('does not try again after it was refused', async () => {
    const server = serve(() => false)
    const outcome = await after(5000, connectWorld(createClientWorld(protocol), server.open, { url }))
    expect(outcome).toMatchObject({ code: 'authentication-failed' })
    expect(server.tokens.length).toBe(1)
    server.stop()
  })
})
