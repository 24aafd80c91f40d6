// Messages too large for one packet, over real WebRTC.
import { largeMessageBehaviours } from '../support/behaviours-large-messages.js'
import { overWebRtc } from '../support/peers.js'

largeMessageBehaviours('real WebRTC', overWebRtc())
