// The contract over the transports without a network.
import { condition } from '../../src/transport/conditioner.js'
import { createLoopback, type LoopbackOptions } from '../../src/transport/loopback.js'
import type { Transport } from '../../src/transport/transport.js'
import { LocalSide } from './side.js'
import { transportContract, type Network } from './transport-contract.js'

function inMemory(options: LoopbackOptions, wrap: (transport: Transport) => Transport): Promise<Network> {
  const loopback = createLoopback(options)
  const server = new LocalSide(wrap(loopback.server))
  return Promise.resolve({
    server,
    connect: async (first) => {
      const client = new LocalSide(wrap(loopback.connect()))
      if (first !== undefined) await client.send(1, first)
      return client
    },
    close: () => server.close(),
  })
}

transportContract('loopback', (options) => inMemory(options, (transport) => transport))

transportContract('conditioner with nothing set', (options) => inMemory(options, (transport) => condition(transport)))

transportContract('conditioner with latency and jitter', (options) =>
  inMemory(options, (transport) => condition(transport, { latency: 5, jitter: 3, timer: true, seed: 3 })),
)
