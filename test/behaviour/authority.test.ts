// Components that owners write, over the network in memory.
import { authorityBehaviours } from '../support/behaviours-authority.js'
import { inMemory } from '../support/peers.js'

authorityBehaviours('the network in memory', inMemory)
