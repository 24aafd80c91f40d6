// Attacks the signalling with clients' answers: only checked values may reach the native library.
import { type Answer, readAnswer, writeDescription } from '../../../src/transport/signalling/description.js'
import { readRoute } from '../../../src/transport/signalling/route.js'
import { Channel } from '../../../src/transport/transport.js'
import { watchMemory } from '../engine/memory.js'
import { Escape, type Step } from '../engine/steps.js'
import { oneOf, pick, type Random, randomBytes } from '../generate.js'
import type { Target, TargetRun } from './target.js'

const LINES = [
  'v=0',
  'o=- 4611 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'a=msid-semantic:WMS *',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=mid:0',
  'a=setup:active',
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:bP+XJMM09aR8AiX1jdukzR6Y',
  'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${Array<string>(32).fill('AB').join(':')}`,
  'a=sctp-port:5000',
  'a=max-message-size:262144',
  'a=candidate:1 1 UDP 2122317823 192.168.1.2 54321 typ host',
  'a=candidate:2 1 UDP 1686109951 ::1 54322 typ srflx raddr 0.0.0.0 rport 0',
  'a=candidate:3 1 UDP 1 3fae61a4-71ca-4c8b-9d9c-1b2a.local 9 typ host',
  'a=end-of-candidates',
]
const SCRAPS = [
  '',
  ' ',
  '0',
  '-1',
  '65536',
  '4294967296',
  '1e309',
  '\u0000',
  '\r',
  '\n',
  '\ud800',
  '%00',
  '../',
  'a=',
  'm=',
  ':',
  'null',
  '{}',
  '[]',
  '"',
  'x'.repeat(300),
]

const ROUTE = '/.wrtc/v2/connections'
const ID = '0123456789abcdef0123456789abcdef'
/** Paths of requests, and similar ones. */
export const PATHS = [
  ROUTE,
  ROUTE,
  `${ROUTE}/${ID}/remote-description`,
  `${ROUTE}/${ID}/remote-description`,
  `${ROUTE}/${ID}/additional-candidates`,
  `${ROUTE}/${ID}/close`,
  `${ROUTE}/`,
  `${ROUTE}?a=1`,
  '/',
  '*',
  `http://127.0.0.1${ROUTE}`,
]
/** The text with a few changed characters or lines. */
export function mutateText(random: Random, text: string, separator = ''): string {
  const parts = text.split(separator)
  for (let i = 1 + pick(random, 4); i > 0; i--) {
    const at = pick(random, parts.length + 1)
    const what = random()
    if (what < 0.3) parts.splice(at, 1 + pick(random, 3))
    else if (what < 0.5) parts.splice(at, 0, parts[pick(random, parts.length)] ?? '')
    else if (what < 0.8) parts.splice(at, pick(random, 2), oneOf(random, SCRAPS))
    else parts.splice(at, 1, String.fromCharCode(pick(random, 300)))
  }
  return parts.join(separator)
}

/** The body of a request: an answer with damaged lines, characters or JSON. */
export function hostileAnswer(random: Random): string {
  const sort = random()
  if (sort < 0.05) return Buffer.from(randomBytes(random, 2000)).toString('latin1')
  let lines = LINES.join('\r\n')
  if (random() < 0.7) lines = mutateText(random, lines, '\r\n')
  if (random() < 0.5) lines = mutateText(random, lines)
  const body = JSON.stringify({ type: random() < 0.95 ? 'answer' : oneOf(random, SCRAPS), sdp: `${lines}\r\n` })
  return sort < 0.8 ? body : mutateText(random, body)
}

/** The path of a request, mostly nearly valid. */
function hostilePath(random: Random): string {
  const path = oneOf(random, PATHS)
  return random() < 0.7 ? mutateText(random, path) : path
}

/** The valid forms of a line in a rewritten answer. */
const WRITTEN =
  /^(?:v=0|o=- 0 0 IN IP4 0\.0\.0\.0|s=-|t=0 0|m=application 9 UDP\/DTLS\/SCTP webrtc-datachannel|c=IN IP4 0\.0\.0\.0|a=[a-z-]+:[\w+/: .-]*|)$/

function check(answer: Answer): void {
  const written = writeDescription(answer, answer.candidates)
  for (const line of written.split('\r\n'))
    if (!WRITTEN.test(line)) throw new Escape(`written on: ${JSON.stringify(line)}`)
  const again = readAnswer(JSON.stringify({ type: 'answer', sdp: written }))
  if (JSON.stringify(again) !== JSON.stringify(answer)) throw new Escape('what was written reads otherwise')
}

class SignallingRun implements TargetRun {
  apply(step: Step): void {
    if (step.kind !== 'packet') return
    const body = Buffer.from(step.bytes).toString('utf8')
    watchMemory('an answer', () => {
      const answer = readAnswer(body)
      if (answer !== undefined) check(answer)
      // Only an id is read from a path, in one form.
      const { id = '' } = readRoute(body.slice(0, 200)) ?? {}
      if (!/^(?:[0-9a-f]{32})?$/.test(id)) throw new Escape(`an id was taken out of a path: ${JSON.stringify(id)}`)
    })
  }

  finish(): void {
    // An answer leaves no state.
  }
}

export const signallingTarget: Target = {
  name: 'signalling',
  inputs: 2500,
  begin: () => new SignallingRun(),
  throwAt(run, random, inputs, note) {
    for (let i = 0; i < inputs; i++) {
      const bytes = new TextEncoder().encode(random() < 0.1 ? hostilePath(random) : hostileAnswer(random))
      const step: Step = { kind: 'packet', line: 0, channel: Channel.Reliable, bytes }
      note(step)
      run.apply(step)
    }
  },
}
