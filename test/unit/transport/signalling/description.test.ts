// Answers of clients: what is read of them, what is refused, and that nothing else gets through.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CandidateFilter, type CandidatePolicy } from '../../../../src/transport/signalling/candidates.js'
import { readAnswer, type RemoteCandidate, writeDescription } from '../../../../src/transport/signalling/description.js'

const FINGERPRINT = `sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`

const CHROMIUM = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'a=extmap-allow-mixed',
  'a=msid-semantic: WMS',
  'm=application 54321 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 198.51.100.9',
  'a=candidate:1 1 udp 2113937151 0f3d0a5c-a9b1-4ab8-9b38-2d9cd3f5ba8a.local 54321 typ host generation 0 network-cost 999',
  'a=candidate:2 1 udp 1677729535 203.0.113.7 54321 typ srflx raddr 0.0.0.0 rport 0 generation 0',
  'a=candidate:3 1 tcp 1518280447 203.0.113.7 9 typ host tcptype active',
  'a=candidate:4 1 udp 41885439 198.51.100.9 50000 typ relay raddr 203.0.113.7 rport 54321',
  'a=candidate:5 1 udp 2122262783 2001:db8::7 54322 typ host',
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y',
  'a=ice-options:trickle',
  `a=fingerprint:${FINGERPRINT}`,
  'a=setup:active',
  'a=mid:0',
  'a=sctp-port:5000',
  'a=max-message-size:262144',
]
const bodyOf = (lines: readonly string[], end = '\r\n'): string =>
  JSON.stringify({ type: 'answer', sdp: lines.map((line) => line + end).join('') })
const without = (start: string): string[] => CHROMIUM.filter((line) => !line.startsWith(start))
const instead = (start: string, line: string): string[] =>
  CHROMIUM.map((former) => (former.startsWith(start) ? line : former))

describe('an answer', () => {
  it('is read from any client, and written again without irrelevant lines', () => {
    const answer = readAnswer(bodyOf(CHROMIUM))!
    expect(answer.candidates.map(({ address, port, type }) => `${address} ${port} ${type}`)).toEqual([
      '0f3d0a5c-a9b1-4ab8-9b38-2d9cd3f5ba8a.local 54321 host',
      '203.0.113.7 54321 srflx',
      '198.51.100.9 50000 relay',
      '2001:db8::7 54322 host',
    ])
    expect(writeDescription(answer, answer.candidates.slice(1, 2)).split('\r\n')).toEqual([
      'v=0',
      'o=- 0 0 IN IP4 0.0.0.0',
      's=-',
      't=0 0',
      'a=group:BUNDLE 0',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'c=IN IP4 0.0.0.0',
      'a=mid:0',
      'a=setup:active',
      'a=ice-ufrag:EsAw',
      'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y',
      'a=ice-options:trickle',
      `a=fingerprint:${FINGERPRINT}`,
      'a=sctp-port:5000',
      'a=max-message-size:262144',
      'a=candidate:1 1 UDP 1677729535 203.0.113.7 54321 typ srflx',
      '',
    ])
  })

  it('may end its lines in either way, and leave out what has a default', () => {
    const lines = without('a=sctp-port').filter((line) => !/^a=(max-message-size|mid)/.test(line))
    expect(readAnswer(bodyOf(lines, '\n'))).toMatchObject({ mid: '0', sctpPort: 5000, maxMessageSize: 65_536 })
  })

  it('does not make the server send messages larger than it would', () => {
    const sizes = ['0', '9999999999', '100000'].map((size) => bodyOf(instead('a=max-m', `a=max-message-size:${size}`)))
    expect(sizes.map((body) => readAnswer(body)?.maxMessageSize)).toEqual([262_144, 262_144, 100_000])
  })

  it.each<[string, string]>([
    ['no JSON', '{'],
    ['no body', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['an offer', JSON.stringify({ type: 'offer', sdp: CHROMIUM.join('\r\n') })],
    ['a rollback', JSON.stringify({ type: 'rollback', sdp: '' })],
    ['a description that is no text', JSON.stringify({ type: 'answer', sdp: { length: 5 } })],
    ['an empty description', JSON.stringify({ type: 'answer', sdp: '' })],
    ['another version', bodyOf(instead('v=', 'v=1'))],
    ['a line that is none', bodyOf([...CHROMIUM, 'hello'])],
    ['a character that is none', bodyOf([...CHROMIUM, 'a=x\u0000'])],
    ['a letter beyond ASCII', bodyOf([...CHROMIUM, 'a=ü'])],
    ['a line without end', bodyOf([...CHROMIUM, `a=x:${'x'.repeat(1001)}`])],
    ['lines without end', bodyOf([...CHROMIUM, ...Array<string>(300).fill('a=x')])],
    ['too much of it', bodyOf([...CHROMIUM, ...Array<string>(40).fill(`a=${'x'.repeat(990)}`)])],
    ['candidates without end', bodyOf([...CHROMIUM, ...Array<string>(65).fill('a=candidate:x')])],
    ['no media', bodyOf(without('m='))],
    ['two media', bodyOf([...CHROMIUM, 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'])],
    ['video', bodyOf(instead('m=', 'm=video 9 UDP/TLS/RTP/SAVPF 96'))],
    ['no ufrag', bodyOf(without('a=ice-ufrag'))],
    ['no password', bodyOf(without('a=ice-pwd'))],
    ['a password that is too short', bodyOf(instead('a=ice-pwd', 'a=ice-pwd:short'))],
    ['two passwords', bodyOf([...CHROMIUM, 'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Z'])],
    ['no fingerprint', bodyOf(without('a=fingerprint'))],
    ['a weak fingerprint', bodyOf(instead('a=fingerprint', 'a=fingerprint:md5 AB:CD'))],
    ['a fingerprint cut short', bodyOf(instead('a=fingerprint', 'a=fingerprint:sha-256 AB:CD'))],
    ['a fingerprint and more', bodyOf(instead('a=fingerprint', `a=fingerprint:${FINGERPRINT} x`))],
    ['no role', bodyOf(without('a=setup'))],
    ['the role of an offer', bodyOf(instead('a=setup', 'a=setup:actpass'))],
    ['port 0', bodyOf(instead('a=sctp-port', 'a=sctp-port:0'))],
    ['port 70000', bodyOf(instead('a=sctp-port', 'a=sctp-port:70000'))],
    ['a message size of one byte', bodyOf(instead('a=max-m', 'a=max-message-size:1'))],
  ])('that is %s is refused', (_, body) => {
    expect(readAnswer(body)).toBeUndefined()
  })

  it('with random bytes is read without an error, and its rewritten text has one form', () => {
    const line = fc.oneof(
      fc.constantFrom(...CHROMIUM),
      fc.string(),
      fc
        .constantFrom('a=candidate:1 1 udp 1 ', 'a=ice-ufrag:', 'm=')
        .chain((start) => fc.string().map((s) => start + s)),
    )
    const form = /^(?:[a-z]=[\x20-\x7e]+\r\n)+$/
    let written = 0
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.nat(), (extra, at) => {
        const lines = [...CHROMIUM]
        lines.splice(at % (CHROMIUM.length + 1), 0, ...extra)
        const answer = readAnswer(bodyOf(lines))
        if (answer === undefined) return
        written++
        expect(writeDescription(answer, answer.candidates)).toMatch(form)
      }),
      { seed: 5, numRuns: 2000 },
    )
    expect(written).toBeGreaterThan(100)
  })
})

describe('candidates', () => {
  const answer = readAnswer(bodyOf(CHROMIUM))!
  let errors = 0
  const choose = (policy: CandidatePolicy, address = '203.0.113.7'): string[] =>
    new CandidateFilter(policy, () => errors++).choose(answer.candidates, address).map((chosen) => chosen.address)

  it("are those at the client's own address, unless the server is told otherwise", () => {
    expect(choose('own')).toEqual(['203.0.113.7'])
    expect(choose('own', '2001:db8::7')).toEqual(['2001:db8::7'])
    expect(choose('own', '192.0.2.1')).toEqual([])
    expect(choose([])).toEqual(['203.0.113.7'])
  })

  it('may be in networks that the server is told of, be judged by a function, or all be used', () => {
    expect(choose(['198.51.100.0/24'])).toEqual(['203.0.113.7', '198.51.100.9'])
    const seen: [RemoteCandidate, string][] = []
    const isRelay: CandidatePolicy = (candidate, { address }) => {
      seen.push([candidate, address])
      return candidate.type === 'relay'
    }
    expect(choose(isRelay)).toEqual(['198.51.100.9'])
    expect([seen.length, seen[0]![1]]).toEqual([4, '203.0.113.7'])
    expect(choose('all').length).toBe(4)
  })

  it('are refused by a function that throws or gives no yes', () => {
    const fail = (): boolean => {
      throw new Error('broken')
    }
    expect([choose(fail), errors]).toEqual([[], 4])
    expect(choose((() => Promise.resolve(true)) as never)).toEqual([])
  })

  it.each(['1 0', '1 65536', '4294967296 5000'])('with the priority and port %s are left out', (numbers) => {
    const [priority, port] = numbers.split(' ')
    const line = `a=candidate:1 1 udp ${priority} 203.0.113.7 ${port} typ host`
    expect(readAnswer(bodyOf([...without('a=candidate'), line]))!.candidates).toEqual([])
  })

  it('are eight at most', () => {
    const lines = Array.from({ length: 20 }, (_, i) => `a=candidate:${i} 1 udp 1 203.0.113.7 ${i + 1} typ host`)
    const { candidates } = readAnswer(bodyOf([...without('a=candidate'), ...lines]))!
    expect(candidates.length).toBe(20)
    expect(new CandidateFilter('own', () => {}).choose(candidates, '203.0.113.7').length).toBe(8)
  })
})
