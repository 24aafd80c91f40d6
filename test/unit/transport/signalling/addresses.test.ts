// Addresses in one form, networks, and whom to believe about the address of a client.
import { describe, expect, it } from 'vitest'
import { isIP } from 'node:net'
import { isLoopback, networkOfAddress, normalizeAddress } from '../../../../src/transport/addresses.js'
import { clientAddress, Networks } from '../../../../src/transport/signalling/addresses.js'
import { createRandom } from '../../../../src/transport/random.js'

describe('an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:0', '2001:db8:0:0:1::'],
    ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['::1', '::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::', '::'],
    ['64:ff9b::203.0.113.7', '64:ff9b::cb00:7107'],
    ['256.1.1.1', ''],
    ['example.org', ''],
    ['', ''],
    [undefined, ''],
  ])('%s has one form: %s', (given, form) => {
    expect(normalizeAddress(given)).toBe(form)
  })

  it('is one exactly where Node takes it for one', () => {
    const random = createRandom(7)
    const parts = ['', '0', '1', 'ffff', '10', '255', '256', '01', '::', ':', '.', 'g', '1.2.3.4', 'dead', '00001']
    const mistaken: string[] = []
    for (let i = 0; i < 20_000; i++) {
      const count = 1 + Math.floor(random() * 9)
      const joints = random() < 0.5 ? ':' : random() < 0.5 ? '.' : ''
      const text = Array.from({ length: count }, () => parts[Math.floor(random() * parts.length)]).join(joints)
      if ((normalizeAddress(text) !== '') !== (isIP(text) !== 0)) mistaken.push(text)
    }
    expect(mistaken).toEqual([])
  })

  it('with IPv6 is written as in the address of a page, and stays the same', () => {
    const random = createRandom(11)
    const mistaken: string[] = []
    for (let i = 0; i < 2000; i++) {
      const groups = Array.from({ length: 8 }, () =>
        random() < 0.6 ? '0' : Math.floor(random() * 65_536).toString(16),
      )
      const written = groups.join(':')
      const form = normalizeAddress(written)
      if (normalizeAddress(form) !== form || form !== new URL(`http://[${written}]`).hostname.slice(1, -1)) {
        mistaken.push(written)
      }
    }
    expect(mistaken).toEqual([])
  })

  it('counts with its network: 64 bits of IPv6, an IPv4 address alone', () => {
    const networks = ['2001:db8::1', '2001:db8::ffff:1', '2001:db8:0:1::1', '203.0.113.7'].map((address) =>
      networkOfAddress(normalizeAddress(address)),
    )
    expect(networks).toEqual(['2001:db8::', '2001:db8::', '2001:db8:0:1::', '203.0.113.7'])
  })

  it('is this machine itself over loopback and over a socket without address', () => {
    expect(
      ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', undefined].map(normalizeAddress).every(isLoopback),
    ).toBe(true)
    expect(['10.0.0.1', '::2', '128.0.0.1'].map(normalizeAddress).some(isLoopback)).toBe(false)
  })
})

describe('networks', () => {
  it('have the addresses in them, of both families', () => {
    const networks = new Networks(['10.0.0.0/8', '203.0.113.7', '2001:db8::/32', '::ffff:192.0.2.1'])
    const has = (address: string): boolean => networks.has(normalizeAddress(address))
    expect(['10.1.2.3', '203.0.113.7', '2001:db8:1::1', '::ffff:10.0.0.1', '192.0.2.1'].map(has)).toEqual(
      Array(5).fill(true),
    )
    expect(['11.0.0.0', '203.0.113.8', '2001:db9::', '', 'x'].map(has)).toEqual(Array(5).fill(false))
  })

  it.each(['', 'x', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', 7 as never])(
    'refuse what is none: %s',
    (entry) => {
      expect(() => new Networks([entry])).toThrow(RangeError)
    },
  )
})

describe('the address of a client', () => {
  const trusted = new Networks(['10.0.0.0/8'])

  it.each([
    ['of a socket is what nobody can write', '203.0.113.7', '1.2.3.4', '203.0.113.7'],
    ['behind a trusted proxy is the last that it says', '10.0.0.1', '1.2.3.4, 203.0.113.7', '203.0.113.7'],
    ['behind two is the last before them', '10.0.0.1', '6.6.6.6, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['behind proxies alone is the first of them', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['with a port', '10.0.0.1', '203.0.113.7:1234', '203.0.113.7'],
    ['in brackets', '10.0.0.1', '[2001:db8::1]:443', '2001:db8::1'],
    ['that is none stays that of the proxy', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['without a header is that of the proxy', '10.0.0.1', undefined, '10.0.0.1'],
    ['is not looked for without end', '10.0.0.1', `6.6.6.6${', 10.0.0.2'.repeat(500)}`, '10.0.0.2'],
  ])('%s', (_, socket, forwarded, address) => {
    expect(clientAddress(socket, forwarded, trusted)).toBe(address)
  })
})
