// The contract over real WebRTC, with clients in Node.
import { listenWebRtc } from '../../src/transport/geckos/geckos-server.js'
import type { Transport } from '../../src/transport/transport.js'
import { connectPatiently } from '../support/connect-patiently.js'
import { LocalSide } from './side.js'
import { transportContract } from './transport-contract.js'

transportContract('geckos server and Node client', async (options) => {
  const transport = await listenWebRtc({ host: '127.0.0.1', bindAddress: '127.0.0.1', ...options })
  const clients: Transport[] = []
  return {
    server: new LocalSide(transport),
    connect: async (first) => {
      const client = await connectPatiently({ url: 'http://127.0.0.1', port: transport.port, ...options })
      clients.push(client)
      const side = new LocalSide(client)
      if (first !== undefined) await side.send(1, first)
      return side
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()))
      await transport.close()
    },
  }
})
