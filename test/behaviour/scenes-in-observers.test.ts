// Scenes that are changed by observers of what a change does: everyone hears of the changes in the order of their
// making.
import { hasComponent, observe, onAdd, onRemove } from 'bitecs'
import { changeScene, scenesOf, setScene } from 'bitecs-net/scenes'
import { Loading, Networked, Ready } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { Lobby, Match, Results, spawnHealthy, staged, tickAwaiting } from '../support/behaviours-scenes.js'

const CAUSES = {
  'a member of the scene ends': onRemove(Networked),
  'Ready is removed': onRemove(Ready),
  'Loading is added': onAdd(Loading),
  'Loading is removed': onRemove(Loading),
  'Ready is added': onAdd(Ready),
}

describe('32: a scene changed by an observer', () => {
  it.each(Object.entries(CAUSES))('when %s follows the change in progress, for every client', async (_, cause) => {
    const net = createTestNetwork(staged, { clients: 2, sessions: { sceneTimeout: 2000 } })
    const { server } = net
    changeScene(server, Lobby)
    await tickAwaiting(net, 6)
    setScene(server, spawnHealthy(server, 5), Lobby)
    await tickAwaiting(net, 3)
    const both: number[] = []
    observe(server, onAdd(Ready), (eid: number) => {
      if (hasComponent(server, eid, Loading)) both.push(eid)
    })
    let hasChanged = false
    observe(server, cause, () => {
      if (hasChanged) return
      hasChanged = true
      changeScene(server, Results, { winner: 'red' })
    })
    changeScene(server, Match, { seed: 1, map: 'dust' })
    await tickAwaiting(net, 80)
    const worlds = [server, ...net.clients.map(({ world }) => world)]
    expect(worlds.map((world) => scenesOf(world).map(({ name }) => name))).toEqual([
      ['Results'],
      ['Results'],
      ['Results'],
    ])
    expect(net.clients.map(({ connection }) => hasComponent(server, connection, Ready))).toEqual([true, true])
    expect(both).toEqual([])
  })
})
