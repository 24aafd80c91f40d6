// Requests over the network in memory: who may answer what, and what becomes of a request that nobody answers.
import { requestBehaviours } from '../support/behaviours-requests.js'
import { inMemory } from '../support/peers.js'

requestBehaviours('the network in memory', inMemory)
