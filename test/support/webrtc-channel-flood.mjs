// A process of its own that connects to argv[2] and floods a channel that it opened itself. Tells its parent when the
// flood is out, and stays connected until it is killed.
import { PeerConnection } from 'node-datachannel'

const MESSAGES = 3000
const route = `${process.argv[2]}/.wrtc/v2/connections`
const offer = await (await fetch(route, { method: 'POST' })).json()
const native = new PeerConnection('flood', { iceServers: [], bindAddress: '127.0.0.1' })
native.onDataChannel((channel) => {
  channel.onMessage(() => {})
  if (channel.getLabel() !== 'geckos.io') return
  const own = native.createDataChannel('own')
  own.onOpen(() => {
    try {
      for (let i = 0; i < MESSAGES; i++) own.sendMessageBinary(new Uint8Array(1000))
    } catch {
      // The server has closed it already.
    }
    process.send?.('flooded')
  })
})
native.onLocalDescription((sdp, type) => {
  void fetch(`${route}/${offer.id}/remote-description`, { method: 'POST', body: JSON.stringify({ sdp, type }) })
})
native.setRemoteDescription(offer.localDescription.sdp, offer.localDescription.type)
for (let i = 0; i < 10; i++) {
  const response = await fetch(`${route}/${offer.id}/additional-candidates`)
  if (!response.ok) break
  for (const { candidate, sdpMid } of await response.json()) native.addRemoteCandidate(candidate, sdpMid)
  await new Promise((resolve) => setTimeout(resolve, 50))
}
