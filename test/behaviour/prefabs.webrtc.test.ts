// The same prefabs over real WebRTC, between a geckos server and Node clients.
import { prefabBehaviours } from '../support/behaviours-prefabs.js'
import { overWebRtc } from '../support/peers.js'

prefabBehaviours('real WebRTC', overWebRtc())
