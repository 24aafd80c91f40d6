// The same authentication over real WebRTC, between a geckos server and Node clients.
import { authenticationBehaviours } from '../support/behaviours-authentication.js'
import { overWebRtc } from '../support/peers.js'

authenticationBehaviours('real WebRTC', overWebRtc())
