// The signalling in front of an HTTP server's own listeners: put there, taken away, and never more than one.
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../../src/protocol/errors.js'
import { ServerRoute } from '../../../../src/transport/signalling/server-route.js'

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server that listens nowhere, and how often its page was asked. */
function create() {
  let calls = 0
  const page: Listener = () => calls++
  const server = http.createServer(page)
  const ask = (): number => {
    calls = 0
    server.emit('request', { url: '/' } as IncomingMessage, {} as ServerResponse)
    return calls
  }
  return { server, page, ask, route: () => new ServerRoute(server, () => {}, false) }
}

describe('the route of a world on a server', () => {
  it('leaves the listeners as they were when it ends', () => {
    const { server, page, ask, route } = create()
    const first = route()
    expect(ask()).toBe(1)
    first.end()
    expect([server.listeners('request'), ask()]).toEqual([[page], 1])
  })

  it('leaves listeners alone that somebody has wrapped, however often worlds listen and close', () => {
    const { server, ask, route } = create()
    const first = route()
    const before = server.listeners('request').slice() as Listener[]
    server.removeAllListeners('request')
    server.on('request', (...exchange) => {
      for (const listener of before) listener(...exchange)
    })
    first.end()
    expect(ask()).toBe(1)
    for (let i = 0; i < 3; i++) route().end()
    expect([server.listenerCount('request'), ask()]).toEqual([1, 1])
  })

  it('keeps a second world away until it is released', () => {
    const { server, ask, route } = create()
    const first = route()
    expect(route).toThrow(UsageError)
    expect(route).toThrow('another world listens on this HTTP server')
    first.release()
    const second = route()
    first.end()
    expect(ask()).toBe(1)
    second.end()
    expect([server.listenerCount('request'), ask()]).toEqual([1, 1])
  })
})
