// Tests what the log reports of refused clients: enough to mend a setting, and no more in a flood.
import { describe, expect, it, vi } from 'vitest'
import { createServerWorld } from '../../../src/index.js'
import type { Log } from '../../../src/cli/log.js'
import { createRefusalReport } from '../../../src/cli/refusal-report.js'
import { createLoopback } from '../../../src/transport/loopback.js'
import { startServing } from '../../../src/world/server/start-serving.js'
import { serverState } from '../../../src/world/state.js'
import * as game from '../../support/arena.js'

function start() {
  const world = createServerWorld(game.arena)
  const { server } = createLoopback()
  startServing(serverState(world), server, {})
  const clock = { now: 0 }
  const warn = vi.fn<(fields: object, text: string) => void>()
  const report = createRefusalReport({ warn } as unknown as Log, () => clock.now)
  return { clock, counters: server.counters, lines: warn.mock.calls, step: () => report(world) }
}

describe('clients that did not get in', () => {
  it('are reported by reason at once, and then as a count every ten seconds', () => {
    const { clock, counters, lines, step } = start()
    step()
    expect(lines).toEqual([])
    counters.rateLimitedRequests++
    for (let i = 0; i < 100; i++, clock.now += 50) {
      step()
      counters.rateLimitedRequests += 10
      counters.foreignOrigins += 1
    }
    expect(lines).toHaveLength(1)
    expect(lines[0]![1]).toMatch(/^clients were refused: 1 from addresses above their limits .*trustProxy/)
    clock.now = 10_000
    step()
    expect(lines[1]![0]).toEqual({ refused: { rateLimitedRequests: 1000, foreignOrigins: 100 } })
    clock.now = 60_000
    step()
    expect(lines).toHaveLength(2)
  })

  it('are not those whose requests no player sends', () => {
    const { counters, lines, step } = start()
    counters.malformedRequests += 1000
    counters.unknownConnections += 1000
    step()
    expect(lines).toEqual([])
  })
})
