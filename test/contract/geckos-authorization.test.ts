// Authorization of the signalling: who may begin to connect, what the game learns, what the client does not, and hooks
// that fail.
import http from 'node:http'
import { query } from 'bitecs'
import { close, createClientWorld, defineProtocol, drain, NetworkErrors } from 'bitecs-net'
import { type AuthenticationRequest, deny, userOf } from 'bitecs-net/users'
import { Connected } from 'bitecs-net/components'
import { connect } from 'bitecs-net/node'
import {
  type AuthorizationRequest,
  type Authorize,
  createServerWorld,
  listen,
  runSystems,
  serverReceive,
  serverSend,
} from 'bitecs-net/server'
import { afterEach, describe, expect, it } from 'vitest'
import { listenWebRtc, type WebRtcServerOptions } from '../../src/transport/geckos/geckos-server.js'
import { until } from '../support/until.js'

const protocol = defineProtocol({})
const cleanup: (() => unknown)[] = []

afterEach(async () => {
  for (const action of cleanup.splice(0).reverse()) await action()
})

/** A signalling with this hook: its address, and what it reported. */
async function serve(authorize: Authorize, options: Partial<WebRtcServerOptions> = {}) {
  const errors: { message: string; cause: unknown }[] = []
  const server = await listenWebRtc({
    host: '127.0.0.1',
    bindAddress: '127.0.0.1',
    authorize,
    onAuthorizeError: (message, cause) => errors.push({ message, cause }),
    ...options,
  })
  cleanup.push(() => server.close())
  return { server, errors, url: `http://127.0.0.1:${server.port}/.wrtc/v2/connections` }
}

function begin(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', headers })
}

describe('a hook', () => {
  it('sees the headers and the address, and what it returns is not sent to the client', async () => {
    const requests: AuthorizationRequest[] = []
    const { url } = await serve((request) => {
      requests.push(request)
      return { name: 'Ann', secret: 'hunter2' }
    })
    const response = await begin(url, { authorization: 'Bearer abc', 'x-region': 'eu' })
    expect(response.status).toBe(200)
    const body = await response.text()
    expect(body).not.toMatch(/Ann|hunter2/)
    expect((JSON.parse(body) as { userData: unknown }).userData).toEqual({})
    expect(requests.length).toBe(1)
    const { header, headers, address, signal } = requests[0]!
    expect([header, headers['x-region'], address, signal.aborted]).toEqual(['Bearer abc', 'eu', '127.0.0.1', false])
  })

  it('sees the address of a client behind a proxy, if the proxy is trusted', async () => {
    const addresses: string[] = []
    const note: Authorize = ({ address }) => void addresses.push(address)
    const headers = { 'x-forwarded-for': '1.1.1.1, 203.0.113.7' }
    for (const trustProxy of [[], ['127.0.0.1']]) await begin((await serve(note, { trustProxy })).url, headers)
    expect(addresses).toEqual(['127.0.0.1', '203.0.113.7'])
  })

  it('is asked once for each client, not for the requests that follow', async () => {
    let asked = 0
    const { url } = await serve(() => void asked++)
    const { id } = (await (await begin(url)).json()) as { id: string }
    await fetch(`${url}/${id}/additional-candidates`)
    expect(asked).toBe(1)
  })

  const secret = new Error('the password is hunter2')
  it.each<[string, () => unknown, number, string | undefined]>([
    ['returns false', () => false, 401, undefined],
    ['returns a denial', () => deny('no'), 401, undefined],
    ['rejects with a denial', () => Promise.reject(deny('no')), 401, undefined],
    [
      'throws',
      () => {
        throw secret
      },
      401,
      'authorize threw: the password is hunter2',
    ],
    ['rejects', () => Promise.reject(secret), 401, 'authorize threw: the password is hunter2'],
    ['returns an error', () => secret, 401, 'authorize returned: the password is hunter2'],
    ['returns null', () => null, 401, 'authorize returned: null'],
    ['returns a status', () => 200, 401, 'authorize returned: 200'],
    ['throws nonsense', () => Promise.reject(Object.create(null)), 401, 'authorize threw: an object'],
    ['never answers', () => new Promise(() => {}), 503, 'authorize took longer than 100 ms; the client was refused'],
  ])('that %s refuses, makes no connection, and serves on', async (_, hook, status, report) => {
    let isBroken = true
    const { server, errors, url } = await serve((() => (isBroken ? hook() : true)) as Authorize, {
      authorizationTimeout: 100,
    })
    const response = await begin(url)
    expect(response.status).toBe(status)
    expect(await response.text()).not.toContain('hunter2')
    expect(errors.map(({ message }) => message)).toEqual(report === undefined ? [] : [report])
    expect(server.counters.neverOpened).toBe(0)
    isBroken = false
    expect((await begin(url)).status).toBe(200)
  })

  it('cannot return data that looks like a status of geckos', async () => {
    const { url } = await serve(() => ({ _statusCode: 200, status: 500 }))
    expect((await begin(url)).status).toBe(200)
  })

  it('gets an aborted signal when the client hangs up, and no connection is made for it', async () => {
    let signal: AbortSignal | undefined
    let answer: (result: boolean) => void = () => {}
    const { server, url } = await serve((request) => {
      signal = request.signal
      return new Promise<boolean>((resolve) => (answer = resolve))
    })
    const request = http.request(url, { method: 'POST' })
    request.on('error', () => {})
    request.end()
    await until('the hook is asked', () => signal !== undefined)
    request.destroy()
    await until('the hook is told', () => signal!.aborted)
    answer(true)
    await server.close()
    expect(server.counters.neverOpened).toBe(0)
  })

  it('does not delay close when it never answers', async () => {
    let signal: AbortSignal | undefined
    const { server, url } = await serve(({ signal: given }) => {
      signal = given
      return new Promise(() => {})
    })
    const response = begin(url).catch(() => undefined)
    await until('the hook is asked', () => signal !== undefined)
    const start = performance.now()
    await server.close()
    expect(performance.now() - start).toBeLessThan(1000)
    expect(signal!.aborted).toBe(true)
    await response
  })

  it('runs at most as often at once as there may be clients, even if it ignores its signal', async () => {
    let asked = 0
    const hook = (): Promise<never> => {
      asked++
      return new Promise<never>(() => {})
    }
    const { url, errors } = await serve(hook, { authorizationTimeout: 20, maxPeers: 2 })
    for (let i = 0; i < 5; i++) expect((await begin(url)).status).toBe(503)
    expect(asked).toBe(2)
    expect(errors.at(-1)!.message).toContain('too many calls of authorize')
  })
})

describe('a client', { timeout: 30_000 }, () => {
  /** A server that ticks by itself. */
  async function run(options: Parameters<typeof listen>[1]) {
    const world = createServerWorld(protocol)
    const { port } = await listen(world, {
      port: 0,
      host: '127.0.0.1',
      network: { bindAddress: '127.0.0.1' },
      ...options,
    })
    const timer = setInterval(() => runSystems(world, [...serverReceive, ...serverSend]), 20)
    cleanup.push(() => {
      clearInterval(timer)
      return close(world)
    })
    return { world, url: `http://127.0.0.1:${port}` }
  }

  it('25: that is authorized is authenticated next, with what the hook said of it', async () => {
    const requests: AuthenticationRequest[] = []
    const { world, url } = await run({
      network: { authorize: async ({ header }) => header === 'Bearer abc' && { player: 7 } },
      users: {
        authenticate: (request) => {
          requests.push(request)
          return { ...(request.authorization as { player: number }), token: request.token }
        },
      },
    })
    const client = createClientWorld(protocol)
    cleanup.push(() => close(client))
    await connect(client, { url, authorization: () => 'Bearer abc', token: 'xyz', timeout: 20_000 })
    const found = (): number | undefined => query(world, [Connected])[0]
    await until('connected', () => found() !== undefined)
    expect(requests.map(({ address, authorization }) => [address, authorization])).toEqual([
      ['127.0.0.1', { player: 7 }],
    ])
    expect(userOf(world, found()!)).toEqual({ player: 7, token: 'xyz' })
  })

  it('25: that is not authorized learns so at once, tries no more, and never appears in the world of the server', async () => {
    let asked = 0
    const { world, url } = await run({
      network: {
        authorize: ({ header }) => {
          asked++
          return header === 'Bearer abc'
        },
      },
    })
    const client = createClientWorld(protocol)
    const refused = connect(client, { url, authorization: 'Bearer x', timeout: 20_000 })
    await expect(refused).rejects.toMatchObject({ name: 'ConnectionError', code: 'unauthorized' })
    await expect(connect(client, { url, timeout: 20_000 })).rejects.toThrow(/authorization/)
    expect(asked).toBe(2)
    expect([query(world, [Connected]).length, [...drain(world, NetworkErrors)]]).toEqual([0, []])
  })

  it.each([
    [undefined, 'unauthorized'],
    ['maintenance', 'maintenance'],
    ['no code\n', 'refused'],
  ])('is refused in the words of deny, and under its code %s; nobody tries again', async (code, seen) => {
    let asked = 0
    const { url } = await run({
      network: {
        authorize: () => {
          asked++
          return deny(`not today: ÿ 猫 ${'x'.repeat(2000)}`, code)
        },
      },
    })
    const attempt = connect(createClientWorld(protocol), { url, timeout: 20_000 })
    const error = (await attempt.catch((cause: unknown) => cause)) as Error & { code: string }
    expect([error.name, error.code, asked]).toEqual(['ConnectionError', seen, 1])
    expect(error.message.slice(0, 17)).toBe('not today: ÿ 猫 xx')
    expect(new TextEncoder().encode(error.message).length).toBeLessThanOrEqual(512)
  })

  it('is refused when the hook fails, and the server gets the error', async () => {
    const cause = new Error('no database')
    const { world, url } = await run({ network: { authorize: () => Promise.reject(cause) } })
    await expect(connect(createClientWorld(protocol), { url, timeout: 20_000 })).rejects.toMatchObject({
      code: 'unauthorized',
    })
    const [error] = drain(world, NetworkErrors)
    expect(error).toMatchObject({ code: 'authorize-failed', message: 'authorize threw: no database', cause })
  })

  it('options that cannot work are refused by their names', async () => {
    const world = createServerWorld(protocol)
    await expect(listen(world, { network: { authorize: 'Bearer abc' as never } })).rejects.toThrow(
      /authorize is a function/,
    )
    await expect(listen(world, { network: { authorizationTimeout: -1 } })).rejects.toThrow(/authorizationTimeout is/)
  })
})
