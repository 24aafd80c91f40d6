// Formats the recorded conversation of one client and its server as text: arrivals on both sides, tick by tick, and
// their results.
//
// Each packet has its own line, so that a change of the wire changes only the lines that it affects.
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { type Protocol, WIRE_VERSION } from '../../../src/protocol/protocol.js'
import { layout } from '../engine/recorder.js'
import { formatStep, type PacketStep, parseStep } from '../engine/steps.js'

export type Side = 'server' | 'client'

/** An event of a link, on the side that saw it. */
export type LineStep = PacketStep | { readonly kind: 'open' | 'close' | 'cut'; readonly line: number }

/** One arrival at `side`, in a tick. */
export interface Arrival {
  readonly tick: number
  readonly side: Side
  readonly step: LineStep
}

/** One result of the arrivals on `side`. */
export interface Meaning {
  readonly tick: number
  readonly side: Side
  readonly text: string
}

export interface Tape {
  readonly name: string
  readonly story: string
  readonly wire: number
  /** The hash of the protocol, 16 hexadecimal digits. */
  readonly hash: string
  readonly arrivals: readonly Arrival[]
  readonly meanings: readonly Meaning[]
}

export function hashOf({ hashHigh, hashLow }: Protocol): string {
  return `${hashHigh.toString(16).padStart(8, '0')}${hashLow.toString(16).padStart(8, '0')}`
}

export const THIS_WIRE = WIRE_VERSION

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? `kind ${value}`
}

/** Describes a packet in human-readable text. */
export function describePacket(bytes: Uint8Array): string {
  const pieces = layout.take(bytes)
  const sections = pieces
    .filter(({ role }) => role === 'section')
    .map(({ bytes: [kind] }) => nameOf(SectionKind, kind!))
  const head = nameOf(PacketKind, bytes[0]!)
  return sections.length === 0 ? head : `${head}: ${[...new Set(sections)].join(', ')}`
}

const ARROWS: Readonly<Record<Side, string>> = { server: '>', client: '<' }
const SIDES: Readonly<Record<string, Side>> = { '>': 'server', '<': 'client' }

function formatArrival({ side, step }: Arrival): string {
  const comment = step.kind === 'packet' ? ` # ${describePacket(step.bytes)}` : ''
  return `${ARROWS[side]} ${formatStep(step)}${comment}`
}

/** A tape as a file of the corpus. */
export function formatTape({ name, story, wire, hash, arrivals, meanings }: Tape): string {
  const lines = [`# ${story}`, `play ${name}`, `wire ${wire}`, `protocol ${hash}`]
  const ticks = new Set([...arrivals, ...meanings].map(({ tick }) => tick))
  for (const tick of [...ticks].sort((a, b) => a - b)) {
    lines.push(`tick ${tick}`)
    for (const arrival of arrivals) if (arrival.tick === tick) lines.push(formatArrival(arrival))
    for (const meaning of meanings) if (meaning.tick === tick) lines.push(`= ${meaning.side} ${meaning.text}`)
  }
  return `${lines.join('\n')}\n`
}

/** @throws Error when a line is none of those that {@link formatTape} writes. */
export function parseTape(text: string): Tape {
  const head: Record<string, string> = {}
  const story: string[] = []
  const arrivals: Arrival[] = []
  const meanings: Meaning[] = []
  let tick = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [word = '', first = '', second = '', third = ''] = line.split(' ')
    const side = SIDES[word]
    if (side !== undefined) arrivals.push({ tick, side, step: parseStep(first, second, third) as LineStep })
    else if (word === '=') meanings.push({ tick, side: first as Side, text: line.slice(first.length + 3) })
    else if (word === 'tick') tick = Number(first)
    else if (word === '#') story.push(line.slice(2))
    else head[word] = first
  }
  const { play = '', wire = '', protocol = '' } = head
  if (play === '' || protocol === '') throw new Error('a recording names its play and its protocol')
  return { name: play, story: story.join(' '), wire: Number(wire), hash: protocol, arrivals, meanings }
}
