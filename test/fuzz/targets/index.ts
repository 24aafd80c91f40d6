// Lists every target that is fuzzed in memory.
import { clientTarget } from './client.js'
import { decoderTarget } from './decoders.js'
import { saveTarget } from './saves.js'
import { serverTarget } from './server.js'
import { signallingTarget } from './signalling.js'
import type { Target } from './target.js'

export const targets: readonly Target[] = [decoderTarget, serverTarget, clientTarget, saveTarget, signallingTarget]
