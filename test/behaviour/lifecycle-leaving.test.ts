// Tests what a client leaves behind, however its connection ends: despawned, kept, or kept for a while.
import { addComponent, entityExists, hasComponent, observe, onRemove, removeComponent } from 'bitecs'
import {
  clearOwner,
  close,
  despawn,
  drain,
  kick,
  netIdOf,
  type OnLeave,
  removed,
  setOwner,
  setPlayer,
} from 'bitecs-net'
import { spawn } from 'bitecs-net/prefabs'
import { Connected, Connection, Networked, Owned } from 'bitecs-net/components'
import { createTestNetwork, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

/** Ends the connection of the first client, in one of the ways there are. */
const ENDS: Record<string, (net: TestNetwork) => void> = {
  'the client closes': (net) => void close(net.clients[0]!.world),
  'it is kicked': (net) => kick(net.server, net.clients[0]!.connection),
  'the network loses it, and it does not come back': (net) => net.clients[0]!.setConditions({ down: true }),
}

/** Runs until the server's world has shown that the first client is gone. */
function untilGone(net: TestNetwork, connection: number): void {
  net.until(() => !hasComponent(net.server, connection, Connected))
}

/** One ship of the first of two clients. */
function start(onLeave: OnLeave): { net: TestNetwork; ship: number; connection: number } {
  const net = createTestNetwork(game.arena, { clients: 2, tickRate: 20, sessions: { timeout: 1000, resumeTime: 500 } })
  const ship = game.spawnShip(net.server, 0, 0, 5)
  const { connection } = net.clients[0]!
  setPlayer(net.server, connection, ship, { onLeave })
  net.tick(2)
  return { net, ship, connection }
}

describe("26: the server's side of a leave: the reason is set and owned entities still exist while Connected is removed; afterwards they are despawned or kept, as the entity's policy says", () => {
  describe.each(Object.entries(ENDS))('when %s, what the client owned', (_, end) => {
    it('is there, and its own, while Connected is removed, the reason set; then it is despawned', () => {
      const { net, ship, connection } = start('despawn')
      const seen: unknown[] = []
      observe(net.server, onRemove(Connected), (eid: number) => {
        seen.push(eid === connection, Connection.reason[eid]?.code !== undefined, Connection.player[eid] === ship)
        seen.push(hasComponent(net.server, ship, Owned), Networked.owner[ship] === eid, game.Health.hp[ship])
      })
      end(net)
      untilGone(net, connection)
      expect(seen).toEqual([true, true, true, true, true, 5])
      expect(entityExists(net.server, ship)).toBe(false)
      expect([...drain(net.server, removed(Connected))].map(({ entity }) => entity)).toEqual([connection])
      net.tick(2)
      expect(game.networked(net.clients[1]!.world)).toEqual([])
    })

    it('is kept without an owner', () => {
      const { net, ship, connection } = start('keep')
      end(net)
      untilGone(net, connection)
      net.tick(200)
      expect([hasComponent(net.server, ship, Owned), Networked.owner[ship]]).toEqual([false, 0])
      expect(game.networked(net.clients[1]!.world)).toHaveLength(1)
    })

    it('is kept without an owner for the time it was given, to the tick, then despawned', () => {
      const { net, ship, connection } = start({ graceMs: 1000 })
      end(net)
      untilGone(net, connection)
      expect([hasComponent(net.server, ship, Owned), Networked.owner[ship]]).toEqual([false, 0])
      net.tick(19)
      expect(hasComponent(net.server, ship, Networked)).toBe(true)
      expect(game.networked(net.clients[1]!.world)).toHaveLength(1)
      net.tick(1)
      expect(entityExists(net.server, ship)).toBe(false)
      net.tick(1)
      const events = [...drain(net.clients[1]!.world, removed(Networked))]
      expect(events.map(({ reason }) => reason)).toEqual(['destroyed'])
    })
  })
})

describe('26: the grace of what a client leaves behind', () => {
  function inGrace(): { net: TestNetwork; ship: number } {
    const { net, ship, connection } = start({ graceMs: 500 })
    kick(net.server, connection)
    untilGone(net, connection)
    net.tick(5)
    return { net, ship }
  }

  it('ends when it gets another owner, which it stays with', () => {
    const { net, ship } = inGrace()
    setOwner(net.server, ship, net.clients[1]!.connection, { onLeave: 'keep' })
    net.tick(40)
    expect(Networked.owner[ship]).toBe(net.clients[1]!.connection)
  })

  it('ends when the entity becomes the player of the returning client; when that client leaves, it starts again', () => {
    const { net, ship } = inGrace()
    const back = net.connect()
    setPlayer(net.server, back.connection, ship, { onLeave: { graceMs: 500 } })
    net.tick(40)
    expect(Networked.owner[ship]).toBe(back.connection)
    kick(net.server, back.connection)
    net.tick(9)
    expect(entityExists(net.server, ship)).toBe(true)
    net.tick(2)
    expect(entityExists(net.server, ship)).toBe(false)
  })

  it('ends when the game clears the owner: the entity stays', () => {
    const { net, ship } = inGrace()
    clearOwner(net.server, ship)
    net.tick(40)
    expect(hasComponent(net.server, ship, Networked)).toBe(true)
  })

  it('ends with the entity, and never reaches a later one of the same id or slot', () => {
    const { net, ship, connection } = start({ graceMs: 2000 })
    kick(net.server, connection)
    untilGone(net, connection)
    const slot = netIdOf(net.server, ship) & 0xfffff
    despawn(net.server, ship)
    net.tick(3)
    const later: number[] = []
    while (!later.some((eid) => (netIdOf(net.server, eid) & 0xfffff) === slot)) later.push(game.spawnShip(net.server))
    expect(later.length).toBeLessThan(10)
    net.tick(60)
    expect(new Set(game.networked(net.server))).toEqual(new Set(later))
  })

  it('continues while the entity is not networked, and after it spawns again', () => {
    const { net, ship } = inGrace()
    removeComponent(net.server, ship, Networked)
    net.tick(2)
    addComponent(net.server, ship, Networked)
    net.tick(2)
    expect(game.networked(net.clients[1]!.world)).toHaveLength(1)
    net.tick(10)
    expect(entityExists(net.server, ship)).toBe(false)
    expect(game.networked(net.clients[1]!.world)).toHaveLength(0)
  })

  it('ends nothing that the game has taken out of the network and keeps there', () => {
    const { net, ship } = inGrace()
    removeComponent(net.server, ship, Networked)
    net.tick(40)
    expect(entityExists(net.server, ship)).toBe(true)
    addComponent(net.server, ship, Networked)
    net.tick(40)
    expect(hasComponent(net.server, ship, Networked)).toBe(true)
  })

  it('ends when the server stops: nothing of a client outlives it but what is kept', async () => {
    const { net, ship, connection } = start({ graceMs: 60_000 })
    const other = game.spawnShip(net.server)
    const kept = game.spawnShip(net.server)
    setOwner(net.server, other, net.clients[1]!.connection, { onLeave: { graceMs: 60_000 } })
    setOwner(net.server, kept, net.clients[1]!.connection, { onLeave: 'keep' })
    kick(net.server, connection)
    untilGone(net, connection)
    expect(entityExists(net.server, ship)).toBe(true)
    await close(net.server)
    expect([ship, other, kept].map((eid) => entityExists(net.server, eid))).toEqual([false, false, true])
  })

  it.each([
    [{ graceMs: -1 }, 'onLeave.graceMs'],
    [{ graceMs: NaN }, 'onLeave.graceMs'],
    [{ graceMs: Infinity }, 'onLeave.graceMs'],
    [{}, 'onLeave.graceMs'],
    ['stay', 'onLeave'],
    [null, 'onLeave'],
    [5, 'onLeave'],
  ])('is checked: %j is refused by name, and nothing has changed', (onLeave, name) => {
    const { net, ship, connection } = start('keep')
    expect(() => setOwner(net.server, ship, net.clients[1]!.connection, { onLeave: onLeave as never })).toThrow(
      `${name} is `,
    )
    expect(Networked.owner[ship]).toBe(connection)
  })
})

describe('26: what was said of an entity when it got its owner', () => {
  it('still holds when it becomes the player of that owner, and not for a new owner', () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const [first, second] = net.clients
    const door = spawn(net.server, game.Door, {}, { owner: first!.connection, onLeave: 'keep' })
    const other = spawn(net.server, game.Door, {}, { owner: first!.connection, onLeave: 'keep' })
    setPlayer(net.server, first!.connection, door)
    setOwner(net.server, other, second!.connection)
    net.tick(2)
    void close(first!.world)
    void close(second!.world)
    net.tick(3)
    expect([entityExists(net.server, door), entityExists(net.server, other)]).toEqual([true, false])
  })
})
