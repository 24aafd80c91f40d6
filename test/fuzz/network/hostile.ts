// Runs hostile clients over real WebRTC, and hostile requests over HTTP, in a separate process.
import { setPriority } from 'node:os'
import { createRandom } from '../../../src/transport/random.js'
import { Channel } from '../../../src/transport/transport.js'
import { connectRaw, type RawClient } from '../../support/webrtc-raw.js'
import { oneOf, pick, type Random } from '../generate.js'
import { HostileVoice, recorded } from '../targets/hostile-voice.js'
import { RawLine } from '../targets/raw-line.js'
import { hostileRequest, sendRequest } from './http.js'

/** The hostile input until now, without that of guests. */
export interface Thrown {
  guests: number
  packets: number
  connections: number
  textFrames: number
  foreignChannels: number
  floods: number
  requests: number
  /** Responses by status; 0 without a response. */
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
/** The most packets of one connection, and the pause between two batches, in milliseconds. */
const PACKETS = 400
const PAUSE = 25
/** The most pauses until a guest disconnects: as long as hostile clients last on average. */
const GUEST_STAYS = 44
const FLOOD = 500
const FLOOD_BYTES = new Uint8Array(1100).fill(0xab)

const attack = { isOver: true }
// Real attackers have their own machines, so the server and its players have priority here.
setPriority(15)

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** A transport over native channels. */
function lineOf(client: RawClient): RawLine {
  const send = (_peer: number, channel: Channel, bytes: Uint8Array, length: number): boolean => {
    if (client.isClosed()) return false
    const native = channel === Channel.Reliable ? client.reliable : client.unreliable
    try {
      return native.isOpen() && native.sendMessageBinary(bytes.slice(0, length))
    } catch {
      // It closed between the check and the call.
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

/** One hostile connection, from start to end. */
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
      // The longest wait of a client that is never admitted.
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

/** One harmless connection: it connects, becomes ready, sends messages, and disconnects. */
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
    // A busy server may refuse; try again.
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
  /** Begins the attack, or the guests' visit, with so many connections and requests at a time. */
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

  /** Stops, and returns the total hostile input. */
  async end(): Promise<Thrown> {
    attack.isOver = true
    await Promise.all(loops)
    loops = []
    return thrown
  },

  look: (): Thrown => thrown,
}

export type HostileTasks = typeof hostileTasks
