// Synchronised collections over real WebRTC.
import { collectionBehaviours } from '../support/behaviours-collections.js'
import { overWebRtc } from '../support/peers.js'

collectionBehaviours('real WebRTC', overWebRtc())
