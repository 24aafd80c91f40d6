// The same reasons over real WebRTC: what HTTP refuses has its words too.
import { overWebRtc } from '../support/peers.js'
import { refusalBehaviours } from '../support/behaviours-refusals.js'

refusalBehaviours('real WebRTC', overWebRtc())
