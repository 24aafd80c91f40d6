// Leaving where it hurts: a client that is gone by the time its calls are drained, and observers that throw or call
// verbs.
import { entityExists, hasComponent, observe, onAdd, onRemove } from 'bitecs'
import {
  clearOwner,
  close,
  despawn,
  drain,
  kick,
  NetworkErrors,
  removePlayer,
  type ServerWorld,
  setOwner,
  setPlayer,
} from 'bitecs-net'
import { spawn } from 'bitecs-net/prefabs'
import { changeScene, scenesOf } from 'bitecs-net/scenes'
import { Connected, Networked, Owned } from 'bitecs-net/components'
import { clientSend, runSystems } from 'bitecs-net/systems'
import { createTestNetwork } from 'bitecs-net/testing'
import { sendMessage } from 'bitecs-net'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'
import * as lobby from '../support/behaviours-scenes.js'

type Act = (world: ServerWorld, sender: number) => number

/** What a game does for a client that says hello; each returns the entity that it made, or 0. */
const ACTS: Record<string, Act> = {
  setOwner: (world, sender) => {
    const ship = game.spawnShip(world, 0, 0, 1)
    setOwner(world, ship, sender)
    return ship
  },
  setPlayer: (world, sender) => {
    const ship = game.spawnShip(world, 0, 0, 1)
    setPlayer(world, sender, ship)
    return ship
  },
  spawn: (world, sender) => spawn(world, game.Door, {}, { owner: sender }),
  removePlayer: (world, sender) => {
    removePlayer(world, sender)
    return 0
  },
  kick: (world, sender) => {
    kick(world, sender)
    return 0
  },
}

describe('26: a client that left in the very tick in which its message is drained', () => {
  it.each(Object.entries(ACTS))('%s throws nothing, and what it was given goes with the rest', (_, act) => {
    const made: number[] = []
    const net = createTestNetwork(game.arena, {
      clients: 1,
      serverSystems: [
        (world) => {
          for (const { sender } of drain(world, game.Chat)) {
            expect(hasComponent(world, sender, Connected)).toBe(false)
            made.push(act(world, sender))
          }
        },
      ],
    })
    const { world } = net.clients[0]!
    sendMessage(world, game.Chat, { text: 'here I am' })
    runSystems(world, clientSend)
    void close(world)
    net.tick()
    expect(made).toHaveLength(1)
    expect(made.filter((entity) => entity !== 0 && entityExists(net.server, entity))).toEqual([])
    expect([...drain(net.server, NetworkErrors)]).toEqual([])
  })

  it('has no scenes, and a scene changed for it alone has no connection', () => {
    const done: unknown[] = []
    const net = createTestNetwork(lobby.staged, {
      clients: 1,
      serverSystems: [
        (world) => {
          for (const { sender } of drain(world, lobby.Chat)) {
            changeScene(world, lobby.Lobby, {}, { to: sender })
            done.push(scenesOf(world, sender))
          }
        },
      ],
    })
    const { world } = net.clients[0]!
    sendMessage(world, lobby.Chat, { text: 'here I am' })
    runSystems(world, clientSend)
    void close(world)
    net.tick(2)
    expect(done).toEqual([[]])
  })
})

describe.each([
  ['Owned', Owned],
  ['Networked', Networked],
] as const)('26: an observer that throws when %s is removed', (_, component) => {
  const start = (onLeave: 'despawn' | 'keep') => {
    const net = createTestNetwork(game.arena, { clients: 1 })
    const ship = game.spawnShip(net.server, 0, 0, 1)
    setOwner(net.server, ship, net.clients[0]!.connection, { onLeave })
    net.tick(2)
    observe(net.server, onRemove(component), () => {
      throw new Error('of the game')
    })
    return { net, ship }
  }

  it('leaves no entity behind, and is reported', () => {
    const { net, ship } = start('despawn')
    void close(net.clients[0]!.world)
    net.tick(2)
    expect(entityExists(net.server, ship)).toBe(false)
    expect([...drain(net.server, NetworkErrors)].map(({ code }) => code)).toContain('observer-threw')
  })

  it('leaves no entity with the id of an owner that is gone', () => {
    const { net, ship } = start('keep')
    void close(net.clients[0]!.world)
    net.tick(2)
    expect([Networked.owner[ship], hasComponent(net.server, ship, Owned)]).toEqual([0, false])
  })

  it('does not stop despawn', () => {
    const { net, ship } = start('keep')
    despawn(net.server, ship)
    expect(entityExists(net.server, ship)).toBe(false)
    net.tick(2)
    expect(game.networked(net.clients[0]!.world)).toEqual([])
  })
})

describe('27: an observer of Owned that decides for itself', () => {
  it('ends the entity: the owner that was to be gets nothing, and nothing throws', () => {
    const net = createTestNetwork(game.arena, { clients: 2 })
    const ship = game.spawnShip(net.server, 0, 0, 1)
    setOwner(net.server, ship, net.clients[0]!.connection)
    observe(net.server, onRemove(Owned), (eid: number) => despawn(net.server, eid))
    setOwner(net.server, ship, net.clients[1]!.connection)
    expect(entityExists(net.server, ship)).toBe(false)
  })

  it('gives the entity to a third: that was decided last', () => {
    const net = createTestNetwork(game.arena, { clients: 3 })
    const [first, second, third] = net.clients.map(({ connection }) => connection) as [number, number, number]
    const ship = game.spawnShip(net.server, 0, 0, 1)
    setOwner(net.server, ship, first)
    net.tick(2)
    const seen: string[] = []
    let given = false
    observe(net.server, onRemove(Owned), () => {
      seen.push('removed')
      if (!given) {
        given = true
        clearOwner(net.server, ship)
        setOwner(net.server, ship, third)
      }
    })
    observe(net.server, onAdd(Owned), () => void seen.push('added'))
    setOwner(net.server, ship, second)
    net.tick(2)
    expect([Networked.owner[ship], hasComponent(net.server, ship, Owned)]).toEqual([third, true])
    expect(seen.slice(0, 2)).toEqual(['removed', 'added'])
    const owned = net.clients.map(
      ({ world }) => game.networked(world).filter((eid) => hasComponent(world, eid, Owned)).length,
    )
    expect(owned).toEqual([0, 0, 1])
  })
})
