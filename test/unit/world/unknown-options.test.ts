// Tests that every function with options refuses unknown names, also from a variable, which TypeScript does not check.
import { createClientWorld, createServerWorld, defineProtocol } from 'bitecs-net'
import { connect } from 'bitecs-net/client'
import { createHostWorld } from 'bitecs-net/host'
import { createTestNetwork } from 'bitecs-net/testing'
import { condition } from 'bitecs-net/transport'
import { describe, expect, it } from 'vitest'
import { createLoopback } from '../../../src/transport/loopback.js'

const protocol = defineProtocol({})
const wrong: object = { latecy: 5 }

describe('an option that does not exist is refused by', () => {
  it.each<[string, () => unknown]>([
    ['createServerWorld', () => createServerWorld(protocol, wrong)],
    ['createClientWorld', () => createClientWorld(protocol, wrong)],
    ['createHostWorld', () => createHostWorld(protocol, wrong)],
    ['createTestNetwork', () => createTestNetwork(protocol, wrong)],
    ['the clients of a test network', () => createTestNetwork(protocol).connect(wrong)],
    ['the conditions of a test network', () => createTestNetwork(protocol, { conditions: wrong })],
    ['condition', () => condition(createLoopback().server, wrong)],
    ['changed conditions', () => condition(createLoopback().server).set(wrong)],
  ])('%s', (_, call) => {
    expect(call).toThrow(/an object of .*, got "latecy"/)
  })

  it('connect', async () => {
    await expect(connect(createClientWorld(protocol), { url: 'http://127.0.0.1:1', ...wrong })).rejects.toThrow(
      /the options of connect is an object of .*, got "latecy"/,
    )
  })
})

describe('conditions', () => {
  it.each([{ latency: -1 }, { jitter: Number.NaN }, { loss: 1.1 }, { rate: Infinity }, { down: 1 as never }])(
    'refuse %o',
    (bad) => {
      const transport = condition(createLoopback().server)
      expect(() => transport.set({ duplicate: 0.5, ...bad })).toThrow(Object.keys(bad)[0])
    },
  )

  it('ignore a field that is undefined', () => {
    const transport = condition(createLoopback().server, { latency: undefined, seed: 3, now: () => 0 })
    expect(() => transport.set({ queue: undefined })).not.toThrow()
  })
})
