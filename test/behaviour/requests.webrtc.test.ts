// The same requests over real WebRTC, between a geckos server and Node clients.
import { requestBehaviours } from '../support/behaviours-requests.js'
import { overWebRtc } from '../support/peers.js'

requestBehaviours('real WebRTC', overWebRtc())
