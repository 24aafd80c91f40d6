// Tests a host that listens: its own client and remote ones over real WebRTC, in one world.
import { hasComponent } from 'bitecs'
import { close, connectionOf } from 'bitecs-net'
import { createHostWorld } from 'bitecs-net/host'
import { Connected, Listening } from 'bitecs-net/components'
import { hostPipeline, runSystems, startHost } from 'bitecs-net/host'
import { listen } from 'bitecs-net/server'
import { query } from 'bitecs'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { remoteActionBehaviours } from '../support/behaviours-remote.js'
import { overWebRtc } from '../support/peers.js'

remoteActionBehaviours('a host and real WebRTC', overWebRtc(undefined, true))

describe('a host that listens', () => {
  it('runs before it listens, closes both at once, and can start again', async () => {
    const world = createHostWorld(game.arena)
    for (let round = 0; round < 2; round++) {
      startHost(world)
      for (let i = 0; i < 3; i++) runSystems(world, hostPipeline({}))
      const server = await listen(world, { port: 0, host: '127.0.0.1' })
      expect(hasComponent(world, connectionOf(world), Connected)).toBe(true)
      expect(query(world, [Listening]).length).toBe(1)
      expect(() => server.run([])).toThrow(/startHost/)
      await close(world)
      expect(query(world, [Listening]).length).toBe(0)
      expect(hasComponent(world, connectionOf(world), Connected)).toBe(false)
    }
  })
})
