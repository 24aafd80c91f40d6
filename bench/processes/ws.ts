// Runs a WebSocket server of the package ws that sends as many bytes in each tick, and its clients.
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { ClientTasks, ServerTasks } from './roles.js'
import { PAYLOAD, serveFor, sharedNow } from './samples.js'

const payload = Buffer.alloc(PAYLOAD)
let server: WebSocketServer
let packets = 0

function tick(): void {
  payload.writeDoubleLE(sharedNow(), 0)
  for (const client of server.clients) {
    if (client.readyState !== WebSocket.OPEN) continue
    client.send(payload)
    packets++
  }
}

export const wsServer: ServerTasks = {
  start: () =>
    new Promise((resolve) => {
      server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => {
        resolve({ port: (server.address() as AddressInfo).port })
      })
      server.on('connection', (socket) => socket.on('message', () => {}))
    }),

  ready: () => server.clients.size,

  memory() {
    globalThis.gc?.()
    return process.memoryUsage().rss
  },

  async serve({ milliseconds }) {
    const sent = (): { bytes: number; packets: number } => ({ bytes: packets * PAYLOAD, packets })
    return await serveFor(milliseconds, server.clients.size, tick, sent)
  },
}

const ANSWER = Buffer.alloc(16)
let latencies: number[] = []

function connectOne(port: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  socket.on('message', (message: Buffer) => {
    latencies.push(sharedNow() - message.readDoubleLE(0))
    socket.send(ANSWER)
  })
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve())
    socket.on('error', reject)
  })
}

export const wsClients: ClientTasks = {
  async connect({ port, count }) {
    const start = performance.now()
    await Promise.all(Array.from({ length: count }, () => connectOne(port)))
    return performance.now() - start
  },

  latencies() {
    const taken = latencies
    latencies = []
    return taken
  },
}
