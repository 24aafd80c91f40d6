// Defines the steps of a run and their text form, from which a failing run is reduced and repeated.
import { Channel } from '../../../src/transport/transport.js'

/** One action of a hostile peer, or of the clock. Lines are connections, numbered from 0. */
export type Step =
  | { readonly kind: 'tick' }
  /** `hello`: a valid hello of the current protocol. `mute`: from now on it sends nothing, not even heartbeats. */
  | { readonly kind: 'open' | 'hello' | 'close' | 'cut' | 'mute'; readonly line: number }
  /** A new connection, and a hello that resumes the session of another. */
  | { readonly kind: 'resume'; readonly line: number; readonly from: number }
  | PacketStep

/** A packet, sent once or so many times. */
export interface PacketStep {
  readonly kind: 'packet'
  readonly line: number
  readonly channel: Channel
  readonly bytes: Uint8Array
  readonly times?: number
}

/** The actions that need only the number of a line. */
const PLAIN = ['open', 'hello', 'close', 'cut', 'mute'] as const

/** A run, with everything that it depends on. */
export interface Run {
  readonly target: string
  readonly seed: number
  readonly steps: readonly Step[]
}

/** Thrown when a target breaks a rule that must hold for every input. */
export class Escape extends Error {
  override readonly name = 'Escape'
}

/** A byte that repeats at least this often is written once, with its count. */
const LONG_RUN = 16

/** Bytes in hexadecimal digits; `[05*2500]` for 2,500 times the byte 5. */
function hexOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    let end = at + 1
    while (end < bytes.length && bytes[end] === bytes[at]) end++
    const digits = bytes[at]!.toString(16).padStart(2, '0')
    text += end - at < LONG_RUN ? digits.repeat(end - at) : `[${digits}*${end - at}]`
    at = end
  }
  return text
}

function bytesOf(text: string): Uint8Array {
  const digits = text.replaceAll(/\[(..)\*(\d+)\]/g, (_, byte: string, count: string) => byte.repeat(Number(count)))
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

/** A step as a line. */
export function formatStep(step: Step): string {
  if (step.kind === 'tick') return 'tick'
  if (step.kind === 'resume') return `resume ${step.line} ${step.from}`
  if (step.kind !== 'packet') return `${step.kind} ${step.line}`
  const times = step.times === undefined ? '' : ` x${step.times}`
  return `${step.channel === Channel.Reliable ? 'r' : 'u'} ${step.line} ${hexOf(step.bytes)}${times}`
}

/** A run as a file of the corpus; `story` says what it found. */
export function formatRun({ target, seed, steps }: Run, story: string): string {
  const head = story.split('\n').map((line) => `# ${line}`)
  return [...head, `target ${target}`, `seed ${seed}`, ...steps.map(formatStep), ''].join('\n')
}

/** @throws Error when a line is none of those that {@link formatRun} writes. */
export function parseRun(text: string): Run & { readonly story: string } {
  let target = ''
  let seed = 0
  const story: string[] = []
  const steps: Step[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [word = '', first = '', second = '', third = ''] = line.split(' ')
    if (word === '#') story.push(line.slice(2))
    else if (word === 'target') target = first
    else if (word === 'seed') seed = Number(first)
    else steps.push(parseStep(word, first, second, third))
  }
  if (target === '' || !Number.isInteger(seed)) throw new Error('a run needs a target and a seed')
  return { target, seed, steps, story: story.join('\n') }
}

/** The step of a line that {@link formatStep} wrote. @throws Error when there is none. */
export function parseStep(word: string, first: string, second: string, third = ''): Step {
  const line = Number(first)
  if (word === 'tick') return { kind: 'tick' }
  if (word === 'resume') return { kind: 'resume', line, from: Number(second) }
  const plain = PLAIN.find((kind) => kind === word)
  if (plain !== undefined) return { kind: plain, line }
  if (word !== 'r' && word !== 'u') throw new Error(`no such step: ${word}`)
  const channel = word === 'r' ? Channel.Reliable : Channel.Unreliable
  const packet: PacketStep = { kind: 'packet', line, channel, bytes: bytesOf(second) }
  return third.startsWith('x') ? { ...packet, times: Number(third.slice(1)) } : packet
}
