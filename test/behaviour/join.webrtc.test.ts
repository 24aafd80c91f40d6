// Joining late over real WebRTC.
import { joinBehaviours } from '../support/behaviours-join.js'
import { overWebRtc } from '../support/peers.js'

joinBehaviours('real WebRTC', overWebRtc())
