// Scenes, over real WebRTC.
import { sceneBehaviours } from '../support/behaviours-scenes.js'
import { overWebRtc } from '../support/peers.js'

sceneBehaviours('real WebRTC', overWebRtc())
