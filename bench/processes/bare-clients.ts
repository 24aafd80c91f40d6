// Runs clients of the bare node-datachannel server: they count packets, and answer each with a small one.
import { type DataChannel, PeerConnection } from 'node-datachannel'
import { describe } from './bare-server.js'
import type { ClientTasks } from './roles.js'
import { sharedNow } from './samples.js'

const AT_ONCE = 8
/** As much as an acknowledgement. */
const ANSWER = new Uint8Array(16)

let latencies: number[] = []
/** Nothing else holds them. */
const connections: PeerConnection[] = []
const channels: DataChannel[] = []

async function connectOne(url: string): Promise<void> {
  const { id, sdp, type } = (await (await fetch(`${url}/offer`, { method: 'POST' })).json()) as {
    id: number
    sdp: string
    type: string
  }
  const connection = new PeerConnection('bare-client', { iceServers: [], bindAddress: '127.0.0.1' })
  const opened = new Promise<void>((resolve) => {
    connection.onDataChannel((channel) => {
      channels.push(channel)
      channel.onMessage((message) => {
        const bytes = message as Buffer
        latencies.push(sharedNow() - bytes.readDoubleLE(0))
        channel.sendMessageBinary(ANSWER)
      })
      resolve()
    })
  })
  connection.setRemoteDescription(sdp, type as never)
  const answer = await describe(connection)
  const response = await fetch(`${url}/answer/${id}`, { method: 'POST', body: JSON.stringify(answer) })
  if (response.ok) {
    connections.push(connection)
    return await opened
  }
  connection.close()
  await connectOne(url)
}

export const bareClients: ClientTasks = {
  async connect({ port, count }) {
    const start = performance.now()
    let begun = 0
    const connectSome = async (): Promise<void> => {
      while (begun++ < count) await connectOne(`http://127.0.0.1:${port}`)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, connectSome))
    return performance.now() - start
  },

  latencies() {
    const taken = latencies
    latencies = []
    return taken
  },
}
