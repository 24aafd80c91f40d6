// The same remote actions and messages over real WebRTC, between a geckos server and Node clients.
import { remoteActionBehaviours } from '../support/behaviours-remote.js'
import { overWebRtc } from '../support/peers.js'

remoteActionBehaviours('real WebRTC', overWebRtc())
