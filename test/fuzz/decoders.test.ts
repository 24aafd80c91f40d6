// Tests every decoder with more than ten thousand inputs: none throws, reads past its end, or fails silently.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { protocolDifferences } from '../../src/protocol/protocol.js'
import { createRandom } from '../../src/transport/random.js'
import { protocol } from './game.js'
import { pick, type Random, randomBytes } from './generate.js'
import { decoderInput, decoders, decodeWith, makeQueues, offer } from './targets/decoders.js'

const RUNS = 10_000
const SEED = 31

/**
 * A random generator that draws what fast-check gives, again and again: so that fast-check can make a failure smaller.
 */
function drawing(draws: readonly number[]): Random {
  let next = 0
  return () => draws[next++ % draws.length]!
}

const draws = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 30 })

describe.each(decoders)(`the decoder of a %s, seed ${SEED}`, (...decoder) => {
  it(`survives ${RUNS} inputs`, () => {
    const random = createRandom(SEED)
    let failed = 0
    for (let run = 0; run < RUNS; run++) {
      const bytes = randomBytes(random, 200)
      const start = pick(random, bytes.length + 1)
      if (decodeWith(decoder, bytes, start, start + pick(random, bytes.length - start + 1))) failed++
    }
    expect(failed).toBeGreaterThan(0)
  })

  it('survives damaged pieces of real packets', () => {
    const survives = fc.property(draws, (drawn) => void decodeWith(decoder, decoderInput(drawing(drawn))))
    expect(() => fc.assert(survives, { seed: SEED, numRuns: 150 })).not.toThrow()
  })
})

describe(`call queues, seed ${SEED}`, () => {
  it.each(protocol.definitionNames.map((name, id) => [name, id] as const))(
    '%s returns only validated calls',
    (_, id) => {
      const random = createRandom(SEED + id)
      const { maxBytes, minBytes } = protocol.definitions[id]!.codec
      const queue = makeQueues()[id]!
      let accepted = 0
      for (let run = 0; run < RUNS; run++) {
        // Small bytes are more often valid.
        const bytes = randomBytes(random, Math.min(Math.max(40, 2 * minBytes), maxBytes + 4))
        if (run % 2 === 0) for (let i = 0; i < bytes.length; i++) bytes[i]! &= 3
        if (offer(queue, id, bytes, pick(random, bytes.length + 1))) accepted++
      }
      expect(accepted).toBeGreaterThan(0)
    },
  )
})

describe(`differences between protocols, seed ${SEED}`, () => {
  it('are found for any text', () => {
    const random = createRandom(SEED)
    const alphabet = 'component message wire 1 {x:u8}\n\n \u0000é'
    for (let run = 0; run < 1000; run++) {
      const text = Array.from({ length: pick(random, 200) }, () => alphabet[pick(random, alphabet.length)]).join('')
      expect(protocolDifferences(protocol.description, text).length).toBeGreaterThan(0)
    }
  })
})
