// Hostile clients over real WebRTC, and hostile requests over HTTP, from a process of their own.
import { setPriority } from 'node:os'
import { createRandom } from '../../../src/transport/random.js'
import { Channel } from '../../../src/transport/transport.js'
import { connectRaw, type RawClient } from '../../support/webrtc-raw.js'
import { oneOf, pick, type Random } from '../generate.js'
import { HostileVoice, recorded } from '../targets/hostile-voice.js'
import { RawLine } from '../targets/raw-line.js'
import { hostileRequest, sendRequest } from './http.js'

/** What was thrown, until now; what guests said is not among it. */
export interface Thrown {
  guests: number
  packets: number
  connections: number
  textFrames: number
  foreignChannels: number
  floods: number
  requests: number
  /** Answers to requests by their status; 0 where there was none. */
  readonly statuses: Record<number, number>
}

const thrown: Thrown = {
  guests: 0,
  packets: 0,
  connections: 0,
  textFrames: 0,
  foreignChannels: 0,
  floods: 0,
  requests: 0,
  statuses: {},
}
/** Packets of one connection at most; a pause of so many milliseconds is between two lots of them. */
const PACKETS = 400
const PAUSE = 25
/** Pauses after which a guest leaves, at most: as long as hostile clients last, on average. */
const GUEST_STAYS = 44
const FLOOD = 500
const FLOOD_BYTES = new Uint8Array(1100).fill(0xab)

const attack = { isOver: true }
// Attackers have their own machines; here the server and its players come first.
setPriority(15)

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** A line over native channels; its ends are told by what arrives. */
function lineOf(client: RawClient): RawLine {
  const send = (_peer: number, channel: Channel, bytes: Uint8Array, length: number): boolean => {
    if (client.isClosed()) return false
    const native = channel === Channel.Reliable ? client.reliable : client.unreliable
    try {
      return native.isOpen() && native.sendMessageBinary(bytes.slice(0, length))
    } catch {
      // It closed between the look and the call.
      return false
    }
  }
  const line = new RawLine({ send, receive: () => {}, close: () => Promise.resolve(), answer: undefined })
  for (const [channel, native] of [
    [Channel.Reliable, client.reliable],
    [Channel.Unreliable, client.unreliable],
  ] as const) {
    native.onMessage((message) => {
      if (typeof message === 'string') return
      const bytes = new Uint8Array(message as ArrayBuffer)
      line.packet(1, channel, bytes, bytes.length)
    })
  }
  return line
}

/** One hostile connection, from its beginning to its end. */
async function attackOnce(url: string, random: Random): Promise<void> {
  const client = await connectRaw(url)
  thrown.connections++
  const line = lineOf(client)
  const voice = new HostileVoice(line, random, random() < 0.2 ? 'stranger' : 'member')
  const last = pick(random, PACKETS)
  try {
    for (let sent = 0; sent < last && !attack.isOver && !client.isClosed();) {
      for (let i = 1 + pick(random, 8); i > 0; i--) {
        const said = voice.next()
        if (said === undefined) break
        line.send(said.channel, said.bytes)
        thrown.packets++
        sent++
      }
      if (random() < 0.02) misbehave(client, line, random)
      await pause(PAUSE)
      // One that is never let in waits no longer than this.
      sent++
    }
  } finally {
    client.close()
  }
}

function misbehave(client: RawClient, line: RawLine, random: Random): void {
  const what = pick(random, 3)
  if (client.isClosed()) return
  if (what === 0) {
    thrown.textFrames++
    try {
      oneOf(random, [client.reliable, client.unreliable]).sendMessage(oneOf(random, ['null', '{}', '', '[1']))
    } catch {
      // It had closed.
    }
  } else if (what === 1) {
    thrown.foreignChannels++
    client.native.createDataChannel(`own ${pick(random, 1000)}`)
  } else {
    thrown.floods++
    for (let i = 0; i < FLOOD; i++) line.send(oneOf(random, [Channel.Reliable, Channel.Unreliable]), FLOOD_BYTES)
    thrown.packets += FLOOD
  }
}

/** One connection that means no harm: it comes, takes part, says something all the time, and leaves. */
async function visitOnce(url: string, random: Random): Promise<void> {
  const client = await connectRaw(url)
  thrown.guests++
  const line = lineOf(client)
  const voice = new HostileVoice(line, random, 'polite')
  for (let stays = pick(random, GUEST_STAYS); stays > 0 && !attack.isOver && !client.isClosed(); stays--) {
    const said = voice.next()
    if (said !== undefined) line.send(said.channel, said.bytes)
    await pause(PAUSE)
  }
  client.close()
}

async function attackLoop(url: string, random: Random, once: typeof attackOnce): Promise<void> {
  while (!attack.isOver) {
    // A server that is busy may refuse; it is asked again.
    await once(url, random).catch(() => {})
  }
}

async function requestLoop(port: number, random: Random): Promise<void> {
  while (!attack.isOver) {
    const request = hostileRequest(random)
    const statuses = await sendRequest(port, request)
    thrown.requests += request.count
    for (const status of statuses) thrown.statuses[status] = (thrown.statuses[status] ?? 0) + 1
    await pause(5)
  }
}

let loops: Promise<void>[] = []

export const hostileTasks = {
  /** Begins to attack, or to visit, with so many connections and requests at a time. */
  begin({
    port,
    seed,
    connections,
    requests,
    isPolite,
  }: {
    port: number
    seed: number
    connections: number
    requests: number
    isPolite: boolean
  }): void {
    recorded()
    attack.isOver = false
    const url = `http://127.0.0.1:${port}`
    const once = isPolite ? visitOnce : attackOnce
    const clients = Array.from({ length: connections }, (_, i) => attackLoop(url, createRandom(seed + i), once))
    const askers = Array.from({ length: requests }, (_, i) => requestLoop(port, createRandom(seed + 1000 + i)))
    loops = [...clients, ...askers]
  },

  /** Stops, and tells what was thrown in all. */
  async end(): Promise<Thrown> {
    attack.isOver = true
    await Promise.all(loops)
    loops = []
    return thrown
  },

  look: (): Thrown => thrown,
}

export type HostileTasks = typeof hostileTasks
