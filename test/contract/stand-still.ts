// Runs a client in its own process, whose loop is blocked from its first packet on while the server sends and closes.
// It reports to its parent what it received.
import { Channel } from '../../src/transport/transport.js'
import { standStill } from '../support/stand-still.js'
import { connectPatiently } from '../support/connect-patiently.js'
import { until } from '../support/until.js'
import { LocalSide } from './side.js'

const client = new LocalSide(await connectPatiently({ url: process.argv[2]! }))
const indexes: number[] = []
let closed: string | undefined
await until('the close', async () => {
  for (const event of await client.receive()) {
    if (event.type === 'closed') closed = event.code
    if (event.type !== 'packet') continue
    indexes.push(event.index)
    if (indexes.length > 1) continue
    await client.send(1, { channel: Channel.Reliable, count: 1, size: 100 })
    standStill(500)
  }
  return closed !== undefined
})
process.send?.({ indexes, closed })
