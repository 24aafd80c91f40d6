// Scenes: what is told to whom, loaders that take their time, what waits meanwhile, and what goes wrong.
import { sceneBehaviours } from '../support/behaviours-scenes.js'
import { inMemory } from '../support/peers.js'

sceneBehaviours('the network in memory', inMemory)
