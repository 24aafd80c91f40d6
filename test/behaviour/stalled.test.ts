// A client that stands still, told apart from one that is gone: who answers heart-beats, and who takes anything in.
import { hasComponent } from 'bitecs'
import { added, drain, removed } from 'bitecs-net'
import { Connected, Interrupted } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** One client, and seconds of a server that tells it something new in each. */
function start() {
  const net = createTestNetwork(game.arena, { tickRate: 20, timeout: 3000, resumeTime: 4000 })
  const client = net.clients[0]!
  const { connection } = client
  const seconds = (count: number, spawns = true): void => {
    for (let i = 0; i < count; i++) {
      if (spawns) game.spawnShip(net.server)
      net.tick(20)
    }
  }
  const shows = (tag: typeof Connected | typeof Interrupted): boolean => hasComponent(net.server, connection, tag)
  return { net, client, seconds, shows }
}

describe('a client', () => {
  it('whose network answers, and whose game takes nothing in for ten seconds, is closed as stalled, which both sides can read', () => {
    const { net, client, seconds, shows } = start()
    client.running = false
    seconds(9)
    expect([shows(Connected), shows(Interrupted)]).toEqual([true, false])
    seconds(3)
    expect(shows(Connected)).toBe(false)
    expect([...drain(net.server, added(Interrupted))]).toEqual([])
    client.running = true
    net.tick(3)
    expect(client.reason).toMatchObject({ code: 'stalled', by: 'remote' })
  })

  it('that stands still while there is nothing to take in, stays', () => {
    const { client, seconds, shows } = start()
    client.running = false
    seconds(30, false)
    expect([shows(Connected), shows(Interrupted)]).toEqual([true, false])
  })

  it('of which nothing is heard, is Interrupted after the time-out, and ends with timeout', () => {
    const { net, client, seconds, shows } = start()
    client.running = false
    client.setConditions({ down: true })
    seconds(4)
    expect([shows(Connected), shows(Interrupted)]).toEqual([true, true])
    const reasons: string[] = []
    net.until(() => {
      for (const { reason } of drain(net.server, removed(Connected))) reasons.push(reason)
      return reasons.length > 0
    })
    expect(reasons).toEqual(['timeout'])
  })
})
