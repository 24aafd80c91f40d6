// The same lifecycle over real WebRTC, between a geckos server and Node clients.
import { lifecycleBehaviours } from '../support/behaviours-lifecycle.js'
import { overWebRtc } from '../support/peers.js'

lifecycleBehaviours('real WebRTC', overWebRtc())
