// The log of the command: its two formats, the throttle, and how a system that throws appears in it.
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createServerWorld, defineProtocol } from 'bitecs-net'
import { createLog, type LogOptions, LogThrottle } from '../../../src/cli/log.js'
import { guardSystems } from '../../../src/cli/report.js'

function record(options: LogOptions): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString().trimEnd().split('\n'))
      done()
    },
  })
  return { lines, log: createLog(options, sink) }
}

describe('the log', () => {
  it('writes JSON lines for machines', () => {
    const { lines, log } = record({ logLevel: 'info', logFormat: 'json' })
    log.info({ port: 1 }, 'listening')
    log.debug('unseen')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', port: 1, msg: 'listening' })
  })

  it('writes one readable line for people', () => {
    const { lines, log } = record({ logLevel: 'debug', logFormat: 'pretty' })
    log.debug({ connection: 3 }, 'client 3 connected')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] DEBUG: client 3 connected \{"connection":3\}$/)
  })
})

describe('the throttle', () => {
  it('lets five lines about one thing through in five seconds, then tells how many it kept', () => {
    let now = 0
    const throttle = new LogThrottle(() => now)
    const admitted = Array.from({ length: 20 }, () => throttle.admit('a'))
    expect(admitted.filter((count) => count !== undefined)).toEqual([0, 0, 0, 0, 0])
    expect(throttle.admit('b')).toBe(0)
    now = 5000
    expect(throttle.admit('a')).toBe(15)
    expect(throttle.admit('a')).toBe(0)
  })

  it('tells new things apart when old ones have not been heard of for a while', () => {
    let now = 0
    const throttle = new LogThrottle(() => now)
    for (let i = 0; i < 10_000; i++) throttle.admit(`old ${i}`)
    expect(throttle.admit('new')).toBeUndefined()
    now = 5000
    const admitted = [1, 2, 3, 4].flatMap((one) => Array.from({ length: 6 }, () => throttle.admit(`new ${one}`)))
    expect(admitted.filter((suppressed) => suppressed === 0)).toHaveLength(20)
  })

  it('keeps a bounded number of things apart', () => {
    const throttle = new LogThrottle(() => 0)
    const admitted = Array.from({ length: 10_000 }, (_, key) => throttle.admit(`key ${key}`))
    expect(admitted.filter((count) => count !== undefined).length).toBeLessThan(300)
  })
})

describe('a system that throws', () => {
  it('is logged by its name, and the others run', () => {
    const { lines, log } = record({ logLevel: 'info', logFormat: 'json' })
    const world = createServerWorld(defineProtocol({}))
    const ran: string[] = []
    const anonymous = [() => ran.push('first'), () => fail('from the second')]
    function brokenSystem(): void {
      fail('from the third')
    }
    const systems = guardSystems([...anonymous, brokenSystem, () => ran.push('last')], log, new LogThrottle(() => 0))
    for (let tick = 0; tick < 10; tick++) for (const system of systems) system(world)
    expect(ran).toHaveLength(20)
    const entries = lines.map((line) => JSON.parse(line) as { system: string; err: { message: string; stack: string } })
    expect(new Set(entries.map(({ system }) => system))).toEqual(new Set(['systems[1]', 'brokenSystem']))
    expect(entries).toHaveLength(10)
    expect(entries.find(({ system }) => system === 'brokenSystem')?.err).toMatchObject({ message: 'from the third' })
  })
})

function fail(text: string): never {
  throw new Error(text)
}
