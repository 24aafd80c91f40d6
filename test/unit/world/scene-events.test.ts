// Tests scene events that are not published: their number is bounded, and lost ones are counted in `stats`.
import { defineProtocol } from 'bitecs-net'
import { defineScene } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { serverState } from '../../../src/world/state.js'

describe('scene events in a world that is not ticking', () => {
  it('are kept up to a limit, and counted above it', () => {
    const Lobby = defineScene()
    const net = createTestNetwork(defineProtocol({ scenes: { Lobby } }), { clients: 0 })
    const { events } = serverState(net.server).scenes
    for (let i = 0; i < 1030; i++) events.push('changing', { scene: Lobby, name: 'Lobby', args: {} })
    expect(stats(net.server).lostReports).toBe(6)
    events.publish()
    expect(events.read().length).toBe(1024)
  })
})
