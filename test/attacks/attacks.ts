// The attacks: what a client, or somebody who is none, can do to a server, one by one.
import { fork } from 'node:child_process'
import http from 'node:http'
import { resolve as resolvePath } from 'node:path'
import type { Worker } from '../support/worker.js'
import { connectRaw, type RawClient } from '../support/webrtc-raw.js'
import type { AttackerTasks } from './attackers.js'
import { CALL_FLOOD } from './call-flood.js'
import { pipeline, readNothing } from './http-flood.js'
import { answerWith, holdSocket, listenForPackets, pause, type Target, upload } from './tools.js'

/** What is known of a server from within: how many connections it holds, and its memory. */
export interface Inside {
  readonly connections: number
  readonly rss: number
  /** Of a server of ours: the most CPU milliseconds between two of its steps, since the last look. */
  readonly busy?: number
  /** Of a server of ours: open sessions, those whose links are broken, and whether slots of entities ever ran out. */
  readonly sessions?: number
  readonly interrupted?: number
  readonly isOutOfSlots?: boolean
}

export interface Attacked {
  readonly target: Target
  /** The port of its operators; a bare server has none. */
  readonly operationsPort?: number
  /** The server is geckos as it comes. */
  readonly isBare: boolean
  readonly look: () => Promise<Inside>
  /** A process of clients that do what no honest one does; who starts it stops it. */
  readonly startAttacker: () => Worker<AttackerTasks>
}

export interface Attack {
  readonly name: string
  /**
   * What it does to a bare server: the process ends, it no longer serves anybody, it is harmed as `run` finds, or it
   * has no such part.
   */
  readonly bare: 'dies' | 'hangs' | 'harmed' | 'none'
  /** Short enough for every run of the tests; the others run by hand, with all of them. */
  readonly isQuick: boolean
  /** Resolves to what harm was done, in words; undefined when there is none to be seen from here. */
  run(attacked: Attacked): Promise<string | undefined>
}

const raw = ({ target, isBare }: Attacked): Promise<RawClient> => connectRaw(target.url, { channels: isBare ? 1 : 2 })

const mebibytes = (bytes: number): string => `${Math.round(bytes / (1 << 20))} MB`

/** More memory than a few clients are worth, in words. */
const grown = (before: number, after: number): string | undefined =>
  after - before > 32 << 20 ? `memory ${mebibytes(before)} → ${mebibytes(after)}` : undefined

/** Statuses as words: 200 × 3, 429 × 7. */
function tally(statuses: readonly number[]): string {
  const counts = new Map<number, number>()
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${status} × ${count}`).join(', ')
}

async function sendText(attacked: Attacked, text: string): Promise<void> {
  const client = await raw(attacked)
  client.unreliable.sendMessage(text)
  await pause(200)
  client.close()
}

const BAD_ANSWERS = [
  'null',
  '',
  '"x"',
  '[]',
  '{"sdp":"v=0","type":"answer"}',
  '{"sdp":{},"type":"answer"}',
  '{"sdp":"","type":"rollback"}',
  JSON.stringify({ sdp: 'x'.repeat(60_000), type: 'answer' }),
  answerWith('a=ice-ufrag:\u0000'),
  answerWith(...Array<string>(400).fill('a=candidate:1 1 UDP 1 10.0.0.1 1 typ host')),
  answerWith().replace('webrtc-datachannel', 'x'.repeat(900)),
]

export const ATTACKS: readonly Attack[] = [
  {
    name: 'the text null on the channel of geckos',
    bare: 'dies',
    isQuick: true,
    run: async (attacked) => {
      await sendText(attacked, 'null')
      return undefined
    },
  },
  {
    name: 'an empty object as the answer',
    bare: 'dies',
    isQuick: true,
    run: async ({ target }) => {
      const id = await target.begin()
      await target.answer(id!, '{}')
      return undefined
    },
  },
  {
    name: 'an origin for which the function of the game gives none',
    bare: 'dies',
    isQuick: true,
    run: async ({ target }) => {
      const headers = { origin: 'https://throw.example' }
      const statuses = [
        await target.ask('/.wrtc/v2/connections', { headers }),
        await target.ask('/.wrtc/v2/connections', { method: 'OPTIONS', headers }),
        await target.ask(`/.wrtc/v2/connections/${'a'.repeat(32)}/close`, { headers }),
      ]
      return statuses.includes(200) ? `let in: ${tally(statuses)}` : undefined
    },
  },
  {
    name: 'an authorization that the hook of the game fails at',
    bare: 'dies',
    isQuick: true,
    run: async ({ target }) => {
      const status = await target.ask('/.wrtc/v2/connections', { headers: { authorization: 'throw' } })
      return status === 200 ? 'let in' : undefined
    },
  },
  {
    name: 'clients that leave the moment they arrive',
    bare: 'dies',
    isQuick: false,
    run: async ({ target, isBare }) => {
      for (let i = 0; i < (isBare ? 60 : 20); i++) {
        try {
          await connectRaw(target.url, { channels: 1, leaveAtOnce: true })
        } catch {
          return undefined
        }
      }
      return undefined
    },
  },
  {
    name: 'channels of their own, full of messages that nobody reads',
    bare: 'hangs',
    isQuick: false,
    run: async ({ target }) => {
      // Bundled or not, this runs from the root.
      const program = resolvePath('test/support/webrtc-channel-flood.mjs')
      const attackers = [1, 2].map(() => fork(program, [target.url], { execArgv: [] }))
      await Promise.race([
        pause(8000),
        Promise.all(attackers.map((one) => new Promise((done) => one.once('message', done)))),
      ])
      await pause(2000)
      for (const attacker of attackers) attacker.kill('SIGKILL')
      return undefined
    },
  },
  {
    name: 'an authorization that is never decided',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target }) => {
      const headers = { authorization: 'hang' }
      const status = await target.ask('/.wrtc/v2/connections', { headers }, 3000)
      return status === 0 ? 'the request hangs for ever' : undefined
    },
  },
  {
    name: 'data of the authorization, asked for',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target }) => {
      const text = await (await fetch(target.route, { method: 'POST' })).text()
      return text.includes('hunter2') ? 'the secrets of the game are sent to the client' : undefined
    },
  },
  {
    name: 'an address of somebody else among the candidates',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target }) => {
      const victim = await listenForPackets('127.0.0.9')
      const lines = Array.from(
        { length: 8 },
        (_, i) => `a=candidate:${i} 1 UDP 2122317823 127.0.0.9 ${victim.port} typ host`,
      )
      await target.answer((await target.begin())!, answerWith(...lines))
      await pause(1500)
      victim.close()
      return victim.count() > 0 ? `${victim.count()} packets to somebody else` : undefined
    },
  },
  {
    name: 'a path that only looks like one of the signalling',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target }) => {
      const status = await target.ask('/foo?x=/awrtc/v2/connections')
      return status === 200 ? 'a connection is made past every filter of paths' : undefined
    },
  },
  {
    name: 'a body of 96 MB',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target, look }) => {
      const before = (await look()).rss
      const sent = await upload(`${target.route}/${'a'.repeat(24)}/remote-description`, 96 << 20)
      const { rss } = await look()
      const isTaken = sent >= 96 << 20
      return isTaken ? `all of it is read, memory ${mebibytes(before)} → ${mebibytes(rss)}` : undefined
    },
  },
  {
    name: 'lifecycle events, spoofed',
    bare: 'harmed',
    isQuick: true,
    run: async (attacked) => {
      const client = await raw(attacked)
      client.unreliable.sendMessage('{"disconnect":"closed"}')
      await pause(300)
      const isOpen = !client.isClosed()
      client.close()
      return isOpen ? 'the game is told that a client left, which stays' : undefined
    },
  },
  {
    name: 'answers that are none',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target }) => {
      const statuses: number[] = []
      for (const body of BAD_ANSWERS) {
        const id = await target.begin()
        if (id !== undefined) statuses.push(await target.answer(id, body))
      }
      return statuses.some((status) => status < 400 || status >= 500) ? `statuses ${tally(statuses)}` : undefined
    },
  },
  {
    name: 'a second answer to a connection that plays',
    bare: 'harmed',
    isQuick: true,
    run: async (attacked) => {
      const client = await raw(attacked)
      const status = await attacked.target.answer(client.signallingId, answerWith())
      const isOpen = !client.isClosed()
      client.close()
      return status === 409 && isOpen ? undefined : `status ${status}`
    },
  },
  {
    name: 'connections of others, closed by guesses',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target }) => {
      const guesses = Array.from({ length: 50 }, (_, i) => i.toString(16).padStart(32, '0'))
      const statuses = await Promise.all(guesses.map((id) => target.ask(`/.wrtc/v2/connections/${id}/close`)))
      return statuses.includes(200) ? 'every guess is answered as a success' : undefined
    },
  },
  {
    name: 'many connections of one address at once',
    bare: 'harmed',
    isQuick: true,
    run: async ({ target }) => {
      const headers = { 'x-forwarded-for': '203.0.113.7' }
      const statuses = await Promise.all(
        Array.from({ length: 100 }, () => target.ask('/.wrtc/v2/connections', { headers }, 10_000)),
      )
      return statuses.includes(429) ? undefined : `all are made: ${tally(statuses)}`
    },
  },
  {
    name: 'connections that are begun and never made',
    bare: 'harmed',
    isQuick: false,
    run: async ({ target, look }) => {
      const before = (await look()).connections
      await Promise.all(Array.from({ length: 100 }, () => target.ask('/.wrtc/v2/connections', {}, 10_000)))
      await pause(12_000)
      const held = (await look()).connections - before
      return held > 0 ? `${held} of 100 are held for ever` : undefined
    },
  },
  {
    name: 'bodies that never come to their end',
    bare: 'harmed',
    isQuick: false,
    run: async ({ target }) => {
      const lives = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const id = (await target.begin()) ?? 'x'
          const path = `/.wrtc/v2/connections/${id}/remote-description`
          return holdSocket(target.port, `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{`, 9000)
        }),
      )
      const held = lives.filter((life) => life >= 9000).length
      return held > 0 ? `${held} of 50 sockets are held` : undefined
    },
  },
  {
    name: 'headers that never come to their end',
    bare: 'harmed',
    isQuick: false,
    run: async ({ target }) => {
      const text = 'POST /.wrtc/v2/connections HTTP/1.1\r\nhost: x\r\nx: '
      const lives = await Promise.all(Array.from({ length: 50 }, () => holdSocket(target.port, text, 13_000)))
      const held = lives.filter((life) => life >= 13_000).length
      return held > 0 ? `${held} of 50 sockets are held` : undefined
    },
  },
  {
    name: 'packets faster than a slow game takes them',
    bare: 'harmed',
    isQuick: false,
    run: async ({ target, isBare, look, startAttacker }) => {
      const attacker = startAttacker()
      const before = (await look()).rss
      try {
        await attacker.ask('flood', { url: target.url, isBare, milliseconds: 6000 })
        return grown(before, (await look()).rss)
      } finally {
        await attacker.stop()
      }
    },
  },
  CALL_FLOOD,
  {
    name: 'clients that have much sent to them, and read nothing',
    bare: 'harmed',
    isQuick: false,
    run: async ({ target, isBare, look, startAttacker }) => {
      const attacker = startAttacker()
      try {
        await attacker.ask('feed', { url: target.url, isBare, count: 8 })
        const before = (await look()).rss
        attacker.signal('SIGSTOP')
        await pause(6000)
        return grown(before, (await look()).rss)
      } finally {
        await attacker.stop()
      }
    },
  },
  {
    name: 'megabytes of requests to the page that wait for no answer',
    bare: 'harmed',
    isQuick: true,
    run: (attacked) => pipeline(attacked, attacked.target.port, '/'),
  },
  {
    name: 'megabytes of requests to the signalling that wait for no answer',
    bare: 'harmed',
    isQuick: true,
    run: (attacked) => pipeline(attacked, attacked.target.port, '/.wrtc/v2/connections'),
  },
  {
    name: 'megabytes of requests to the port of operators that wait for no answer',
    bare: 'harmed',
    isQuick: true,
    run: (attacked) => pipeline(attacked, attacked.operationsPort ?? attacked.target.port, '/metrics'),
  },
  {
    name: 'a large file, asked for by many and read by none',
    bare: 'none',
    isQuick: true,
    run: readNothing,
  },
  {
    name: 'a file outside of the folder of the page, through a link',
    bare: 'none',
    isQuick: true,
    run: async ({ target }) => {
      const { status } = await fetch(`${target.url}/outside.txt`)
      return status === 404 ? undefined : `status ${status}`
    },
  },
  {
    name: 'the metrics, under the name of a page on the internet',
    bare: 'none',
    isQuick: true,
    run: ({ operationsPort }) =>
      new Promise((done) => {
        if (operationsPort === undefined) return done(undefined)
        const headers = { host: 'evil.example' }
        http.get({ host: '127.0.0.1', port: operationsPort, path: '/metrics', headers }, (response) => {
          response.resume()
          done(response.statusCode === 421 ? undefined : `status ${response.statusCode}`)
        })
      }),
  },
]
