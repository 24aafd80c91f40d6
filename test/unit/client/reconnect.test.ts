// A client whose session is lost, or lost for good: what begins again, and what a game that closes the world puts an
// end to.
import { hasComponent } from 'bitecs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Connected, Connection, Interrupted } from '../../../components/index.js'
import { close, connectionOf } from '../../../src/index.js'
import { connectWorld, type OpenClientTransport } from '../../../src/client/connect.js'
import { ConnectionError } from '../../../src/protocol/errors.js'
import { SignallingRefusal } from '../../../src/transport/geckos/geckos-client-signalling.js'
import { createLoopback } from '../../../src/transport/loopback.js'
import type { Transport } from '../../../src/transport/transport.js'
import { createClientWorld, createServerWorld } from '../../../src/verbs/create.js'
import { shareOfPause } from '../../../src/world/client/reconnection.js'
import { startServing } from '../../../src/world/server/start-serving.js'
import { serverState } from '../../../src/world/state.js'
import { clientReceive, clientSend, runSystems, serverReceive, serverSend } from '../../../systems/index.js'
import * as game from '../../support/arena.js'
import { until } from '../../support/until.js'

const url = 'http://127.0.0.1:1'

async function start(reconnect: 'resume' | 'always', resumeTime: number) {
  const loopback = createLoopback()
  const server = createServerWorld(game.arena)
  startServing(serverState(server), loopback.server, { sessions: { resumeTime } })
  const world = createClientWorld(game.arena)
  const lines: Transport[] = []
  const signals: (AbortSignal | undefined)[] = []
  let opening: Promise<void> = Promise.resolve()
  const open: OpenClientTransport = async ({ signal }) => {
    signals.push(signal)
    await opening
    const line = loopback.connect()
    lines.push(line)
    return line
  }
  const worlds: unknown[] = []
  const step = (): void => {
    runSystems(server, [...serverReceive, ...serverSend])
    runSystems(world, [...clientReceive, ...clientSend])
  }
  const connecting = connectWorld(world, open, { url, reconnect }, (one) => worlds.push(one))
  await until('it is connected', () => {
    step()
    return worlds.length === 1
  })
  await connecting
  const own = connectionOf(world)
  return {
    loopback,
    server,
    world,
    lines,
    signals,
    worlds,
    step,
    own,
    open,
    cut: () => loopback.cut(lines.at(-1)!),
    holdUp: (gate: Promise<void>) => void (opening = gate),
  }
}

describe('a connection with reconnect: always', () => {
  it('begins another session when its own is lost for good, and is looked after as the first one was', async () => {
    const { world, server, worlds, step, cut, own } = await start('always', 0)
    for (let sessions = 1; sessions < 4; sessions++) {
      expect(worlds).toEqual(Array.from({ length: sessions }, () => world))
      cut()
      step()
      await until('another session is open', () => {
        step()
        return worlds.length > sessions && hasComponent(world, own, Connected)
      })
    }
    await Promise.all([close(world), close(server)])
  })

  it('begins none when the game closes the world in the tick that shows the end', async () => {
    const { world, server, lines, signals, step, cut, own } = await start('always', 0)
    cut()
    step()
    step()
    expect(hasComponent(world, own, Connected)).toBe(false)
    await close(world)
    for (let i = 0; i < 20; i++) await Promise.resolve()
    expect([lines.length, signals.length]).toEqual([1, 1])
    await close(server)
  })
})

describe('a game that connects by itself in the tick that shows the end', () => {
  it('gets its own session, and no other is begun', async () => {
    const { world, server, lines, worlds, step, cut, own, open } = await start('always', 0)
    cut()
    step()
    step()
    expect(hasComponent(world, own, Connected)).toBe(false)
    const connecting = connectWorld(world, open, { url })
    await until('the session of the game is open', () => {
      step()
      return hasComponent(world, own, Connected)
    })
    await connecting
    expect([lines.length, worlds.length]).toEqual([2, 1])
    await Promise.all([close(world), close(server)])
  })
})

describe('the pause before another try', () => {
  it('is between a half and the whole of it, evenly spread over clients that lost their server together', () => {
    for (const tries of [1, 2, 7, 1000]) {
      const shares = Array.from({ length: 64 }, (_, i) => shareOfPause(1000 + i, tries)).sort((a, b) => a - b)
      expect(shares[0]).toBeGreaterThanOrEqual(0.5)
      expect(shares.at(-1)).toBeLessThanOrEqual(1)
      // Of eight equal parts of the time none has more than a fifth of them.
      const parts = Array.from({ length: 8 }, (_, part) => {
        return shares.filter((share) => Math.min(7, Math.floor((share - 0.5) * 16)) === part).length
      })
      expect(Math.max(...parts)).toBeLessThan(64 / 5)
    }
    expect(new Set(Array.from({ length: 16 }, (_, tries) => shareOfPause(7, tries))).size).toBe(16)
  })
})

describe('a client that is closed while it looks for another line', () => {
  it('gives the try up, and close waits until nothing of it is left', async () => {
    const { world, server, loopback, lines, signals, step, cut, own, holdUp } = await start('resume', 60_000)
    let go = (): void => {}
    holdUp(new Promise((resolve) => (go = resolve)))
    cut()
    await until('it is interrupted, and tries', () => {
      step()
      return signals.length === 2
    })
    expect(hasComponent(world, own, Interrupted)).toBe(true)
    let isClosed = false
    const closing = close(world).then(() => (isClosed = true))
    expect(signals[1]!.aborted).toBe(true)
    for (let i = 0; i < 20; i++) await Promise.resolve()
    expect(isClosed).toBe(false)
    go()
    await closing
    expect(lines).toHaveLength(2)
    const ends: string[] = []
    lines[1]!.receive({ opened: () => {}, packet: () => {}, closed: (_, { code }) => void ends.push(code) })
    expect(ends).toEqual(['closed'])
    loopback.server.receive({ opened: () => {}, packet: () => {}, closed: () => {} })
    await close(server)
  })
})

describe('a client that is refused by the signalling when it looks for another line', () => {
  it('shows what the server says, and nothing is begun again', async () => {
    const { world, server, worlds, step, cut, own, holdUp } = await start('always', 60_000)
    const cause = new SignallingRefusal(403, undefined, { code: 'banned', text: 'cheating' })
    holdUp(Promise.reject(new ConnectionError('banned', 'cheating', { cause })))
    cut()
    await until('the end is shown', () => {
      step()
      return !hasComponent(world, own, Connected)
    })
    expect(Connection.reason[own]).toEqual({ code: 'banned', text: 'cheating', by: 'remote' })
    for (let i = 0; i < 20; i++) await Promise.resolve()
    expect(worlds).toHaveLength(1)
    await Promise.all([close(world), close(server)])
  })

  it('goes on looking where the refusal is not the server’s own: a proxy may be confused for a moment', async () => {
    const { world, server, lines, step, cut, own, holdUp } = await start('resume', 60_000)
    holdUp(Promise.reject(new ConnectionError('refused', 'HTTP 403', { cause: new SignallingRefusal(403, undefined) })))
    cut()
    for (let i = 0; i < 10; i++) {
      step()
      await Promise.resolve()
    }
    expect(hasComponent(world, own, Interrupted)).toBe(true)
    holdUp(Promise.resolve())
    await until('it is back', () => {
      step()
      return !hasComponent(world, own, Interrupted)
    })
    expect([hasComponent(world, own, Connected), lines.length]).toEqual([true, 2])
    await Promise.all([close(world), close(server)])
  })
})

describe('a server that says when it wants to be asked again', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  /** Refuses so many tries, and notes when each came. */
  function refusing(tries: number, retryAfter: number) {
    const loopback = createLoopback()
    const server = createServerWorld(game.arena)
    startServing(serverState(server), loopback.server, {})
    const times: number[] = []
    const timer = setInterval(() => runSystems(server, [...serverReceive, ...serverSend]), 20)
    const open: OpenClientTransport = () => {
      times.push(performance.now())
      if (times.length <= tries) throw new ConnectionError('rate-limited', 'too many', { retryAfter })
      return Promise.resolve(loopback.connect())
    }
    return { open, times, stop: () => clearInterval(timer) }
  }

  it('is asked then, and not before', async () => {
    const { open, times, stop } = refusing(1, 3000)
    let isConnected = false
    const world = createClientWorld(game.arena)
    void connectWorld(world, open, { url }).then(() => (isConnected = true))
    await vi.advanceTimersByTimeAsync(2900)
    expect(times.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect([times.length, isConnected]).toEqual([2, true])
    stop()
    await close(world)
  })

  it('is named as the reason of the failure, rather than a last try for which there was hardly any time', async () => {
    let tries = 0
    const open: OpenClientTransport = () => {
      if (++tries === 1) throw new ConnectionError('rate-limited', 'too many', { retryAfter: 2000 })
      throw new ConnectionError('udp-blocked', 'no packet got through')
    }
    const failed = connectWorld(createClientWorld(game.arena), open, { url, timeout: 3000 }).catch(
      (error: ConnectionError) => error.code,
    )
    await vi.advanceTimersByTimeAsync(3000)
    expect(tries).toBeGreaterThan(1)
    expect(await failed).toBe('rate-limited')
  })

  it('is not waited for past the time that all tries have', async () => {
    const { open, times, stop } = refusing(9, 30_000)
    const failure = connectWorld(createClientWorld(game.arena), open, { url, timeout: 10_000 }).catch(
      (error: unknown) => error,
    )
    await vi.advanceTimersByTimeAsync(100)
    expect(await failure).toMatchObject({ code: 'rate-limited', retryAfter: 30_000 })
    expect(times.length).toBe(1)
    stop()
  })
})
