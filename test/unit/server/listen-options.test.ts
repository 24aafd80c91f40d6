// Tests that `listen` refuses wrong options of the signalling, by name.
import { describe, expect, it } from 'vitest'
import { checkNetwork } from '../../../src/server/listen-options.js'

describe('options of the signalling', () => {
  it('are accepted when they can work', () => {
    const options = [
      {},
      { trustProxy: ['10.0.0.0/8', '::1'], candidates: 'own', cors: { origin: '*' } },
      { candidates: 'all', handshakes: { perSecond: 0.5, addressBurst: 1 } },
      { candidates: ['192.168.0.0/16'], handshakes: { connecting: undefined } },
      { candidates: () => true, cors: { origin: () => 'https://a.example' } },
    ] as const
    for (const one of options) expect(() => checkNetwork(one)).not.toThrow()
  })

  it.each([
    [{ trustProxy: '10.0.0.0/8' }, 'network.trustProxy is a list'],
    [{ trustProxy: ['proxy.example'] }, '"proxy.example"'],
    [{ trustProxy: [7] }, 'got 7'],
    [{ candidates: 'none' }, 'network.candidates is'],
    [{ candidates: ['10.0.0.0/99'] }, '"10.0.0.0/99"'],
    [{ candidates: null }, 'network.candidates is'],
    [{ cors: { origin: 7 } }, 'network.cors.origin is'],
    [{ handshakes: 5 }, 'network.handshakes is'],
    [{ handshakes: { perMinute: 5 } }, '"perMinute"'],
    [{ handshakes: { perSecond: 0 } }, 'network.handshakes.perSecond is'],
    [{ handshakes: { addressPerSecond: NaN } }, 'network.handshakes.addressPerSecond is'],
    [{ handshakes: { connecting: 0 } }, 'network.handshakes.connecting is'],
    [{ handshakes: { addressClients: 1.5 } }, 'network.handshakes.addressClients is'],
  ])('that cannot are refused by their names: %o', (options, message) => {
    expect(() => checkNetwork(options as never)).toThrow(message)
  })
})
