// geckos.io as it comes, to be attacked: kept as evidence of what our server holds off.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { geckos, type ServerChannel } from '@geckos.io/server'
import { FEED_WORD, MEAL, MEALS, RATE, SLOW } from './game.js'

export interface BareState {
  /** Connections that geckos holds. */
  readonly connections: number
  /** Clients that the game was told have left. */
  readonly left: number
  /** Bytes in memory. */
  readonly rss: number
  /** Messages that arrived. */
  readonly messages: number
}

/** What geckos' `emit` has no room for it drops; a game that cannot lose it hands it to the channel. */
function feed(channel: ServerChannel): void {
  const meal = Buffer.alloc(MEAL, 1)
  const { dataChannel } = io.connectionsManager.getConnection(channel.id!)!.channel
  setInterval(() => {
    for (let i = 0; i < MEALS && dataChannel?.isOpen(); i++) dataChannel.sendMessageBinary(meal)
  }, 1000 / RATE)
}

let io: ReturnType<typeof geckos>
let left = 0
let messages = 0

export const bareTasks = {
  async start(): Promise<{ port: number }> {
    io = geckos({
      bindAddress: '127.0.0.1',
      // As in the guides of geckos; with some requests each of them ends the process or never answers.
      cors: {
        allowAuthorization: true,
        origin: ({ headers }) => (headers.origin?.includes('throw') ? (undefined as never) : '*'),
      },
      authorization: async (header, _request, response) => {
        if (header === 'hang') await new Promise<never>(() => {})
        if (header === 'throw') (response as http.ServerResponse).end('no')
        return { secret: 'hunter2' }
      },
    })
    const server = http.createServer((_, response) => response.end('alive'))
    io.addServer(server)
    io.onConnection((channel: ServerChannel) => {
      channel.onRaw((message) => {
        messages++
        if ((message as ArrayBuffer).byteLength === FEED_WORD.length) return feed(channel)
        const end = performance.now() + SLOW
        while (performance.now() < end);
      })
      channel.onDisconnect(() => void left++)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: (server.address() as AddressInfo).port }
  },

  look(): BareState {
    return { connections: io.connectionsManager.connections.size, left, rss: process.memoryUsage().rss, messages }
  },
}

export type BareTasks = typeof bareTasks
