// A program of its own: starts a server and clients, uses them, closes them, and does not call `process.exit`. Whatever
// stays open keeps it alive.
import { listenWebRtc } from '../../src/transport/geckos/geckos-server.js'
import { Channel } from '../../src/transport/transport.js'
import { connectPatiently } from '../support/connect-patiently.js'
import { until } from '../support/until.js'

const server = await listenWebRtc({ host: '127.0.0.1', bindAddress: '127.0.0.1' })
const url = `http://127.0.0.1:${server.port}`
const clients = await Promise.all([1, 2, 3].map(() => connectPatiently({ url })))
for (const client of clients) client.send(1, Channel.Reliable, new Uint8Array(100), 100)
let packets = 0
await until('a packet of each client', () => {
  server.receive({ opened() {}, packet: () => packets++, closed() {} })
  return packets === clients.length
})
await Promise.all(clients.map((client) => client.close()))
await server.close()
