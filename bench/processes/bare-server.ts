// Runs a bare node-datachannel server: a peer connection and one unreliable channel for each client, and as many
// bytes in each tick.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type DataChannel, PeerConnection } from 'node-datachannel'
import type { ServerTasks } from './roles.js'
import { PAYLOAD, serveFor, sharedNow } from './samples.js'

interface Client {
  readonly connection: PeerConnection
  readonly channel: DataChannel
  open: boolean
}

const clients: Client[] = []
const payload = new Uint8Array(PAYLOAD)
const clock = new DataView(payload.buffer)
let packets = 0

/** Resolves with the description of a connection when all its addresses are in it: none follow one by one. */
export function describe(connection: PeerConnection): Promise<{ sdp: string; type: string }> {
  return new Promise((resolve) => {
    const tell = (): void => {
      const description = connection.localDescription()
      if (description !== null) resolve({ sdp: description.sdp, type: description.type })
    }
    connection.onGatheringStateChange((state) => {
      if (state === 'complete') tell()
    })
    if (connection.gatheringState() === 'complete') tell()
  })
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request) text += String(part)
  return text
}

async function offer(): Promise<{ id: number; sdp: string; type: string }> {
  const id = clients.length
  const connection = new PeerConnection(`bare-${id}`, { iceServers: [], bindAddress: '127.0.0.1' })
  const channel = connection.createDataChannel('bare', { unordered: true, maxRetransmits: 0 })
  const client: Client = { connection, channel, open: false }
  clients.push(client)
  channel.onOpen(() => {
    client.open = true
  })
  // What clients say, such as acknowledgements, is taken in and forgotten.
  channel.onMessage(() => {})
  return { id, ...(await describe(connection)) }
}

const server = createServer((request, response) => {
  void (async () => {
    const url = request.url ?? ''
    if (url === '/offer') response.end(JSON.stringify(await offer()))
    else {
      const { sdp, type } = JSON.parse(await textOf(request)) as { sdp: string; type: string }
      const id = Number(url.slice('/answer/'.length))
      try {
        clients[id]!.connection.setRemoteDescription(sdp, type as never)
      } catch {
        // The library now and then has no transport yet although it said so; the client tries again.
        clients[id]!.connection.close()
        response.statusCode = 503
      }
      response.end('{}')
    }
  })()
})

/** Everything that this server is. */
function tick(): void {
  clock.setFloat64(0, sharedNow(), true)
  for (let i = 0; i < clients.length; i++) {
    const { channel, open } = clients[i]!
    if (!open) continue
    channel.sendMessageBinary(payload)
    packets++
  }
}

const ready = (): number => clients.filter(({ open }) => open).length

export const bareServer: ServerTasks = {
  start: () =>
    new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve({ port: (server.address() as AddressInfo).port }))
    }),

  ready,

  memory() {
    globalThis.gc?.()
    return process.memoryUsage().rss
  },

  async serve({ milliseconds }) {
    return await serveFor(milliseconds, ready(), tick, () => ({ bytes: packets * PAYLOAD, packets }))
  },
}
