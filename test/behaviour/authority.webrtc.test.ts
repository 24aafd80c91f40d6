// Components that owners write, over real WebRTC.
import { authorityBehaviours } from '../support/behaviours-authority.js'
import { overWebRtc } from '../support/peers.js'

authorityBehaviours('real WebRTC', overWebRtc())
