// Tests that client systems drain the same events on a host's own client and on a remote client of the same game.
import { addComponent, addEntity, removeComponent } from 'bitecs'
import {
  added,
  changed,
  clearOwner,
  type ClientWorld,
  defineProtocol,
  despawn,
  drain,
  kick,
  netIdOf,
  removed,
  removePlayer,
  replicate,
  setOwner,
  setPlayer,
  u16,
} from 'bitecs-net'
import { hideFrom, resetVisibility } from 'bitecs-net/interest'
import { Connected, Joined, LocalPlayer, Networked, Owned, Ready } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'

const Health = { hp: new Uint16Array(2000) }
const Secret = { n: new Uint16Array(2000) }
const protocol = defineProtocol({
  components: {
    Health: replicate(Health, { hp: u16 }, { trackChanges: true }),
    Secret: replicate(Secret, { n: u16 }, { trackChanges: true, to: 'owner' }),
  },
})
const TAGS = { Networked, Owned, LocalPlayer, Connected, Ready, Joined }

/** Plays one game, and returns what the client systems of `side` drained. */
function play(side: 'host' | 'remote'): string[] {
  const log: string[] = []
  const names = new Map<number, string>()
  const watch = (world: ClientWorld): void => {
    for (const [tag, component] of Object.entries(TAGS)) {
      for (const { netId, reason } of drain(world, added(component)))
        log.push(`+${tag} ${names.get(netId) ?? netId}${reason}`)
      for (const { netId, reason } of drain(world, removed(component))) {
        log.push(`-${tag} ${names.get(netId) ?? netId} ${reason}`)
      }
    }
    for (const { netId, before, after } of drain(world, changed(Health))) {
      log.push(`Health ${names.get(netId)} ${before.hp}→${after.hp}`)
    }
    for (const { netId, after } of drain(world, changed(Secret))) log.push(`Secret ${names.get(netId)} ${after.n}`)
  }
  const options = { clientSystems: [watch] }
  const isHost = side === 'host'
  const net = isHost
    ? createTestNetwork(protocol, { ...options, host: true, clients: 0 })
    : createTestNetwork(protocol, { ...options, clients: 1 })
  const { server } = net
  const me = isHost ? net.host!.connection : net.clients[0]!.connection
  const [mine, other] = ['mine', 'other'].map((name, i) => {
    const eid = addEntity(server)
    Health.hp[eid] = i + 1
    Secret.n[eid] = i + 1
    for (const component of [Health, Secret, Networked]) addComponent(server, eid, component)
    names.set(netIdOf(server, eid), name)
    return eid
  }) as [number, number]
  const steps: (() => void)[] = [
    () => setPlayer(server, me, mine),
    () => void (Health.hp[mine]!++, Health.hp[other]!++, Secret.n[mine]!++, Secret.n[other]!++),
    () => hideFrom(server, other, me),
    () => void Health.hp[other]!++,
    () => resetVisibility(server, other, me),
    () => void Health.hp[other]!++,
    () => setOwner(server, other, me),
    () => void Secret.n[other]!++,
    () => clearOwner(server, other),
    () => (removePlayer(server, me, { former: 'release' }), setPlayer(server, me, mine)),
    () => (
      removeComponent(server, mine, Networked),
      addComponent(server, mine, Networked),
      void names.set(netIdOf(server, mine), 'again')
    ),
    () => despawn(server, mine),
    () => kick(server, me),
  ]
  for (const step of steps) {
    step()
    net.tick(4)
    log.push('.')
  }
  return log
}

it('client systems drain the same events, with the same fields, on a host and on a remote client', () => {
  const remote = play('remote')
  expect(play('host')).toEqual(remote)
  expect(remote).toEqual(
    expect.arrayContaining(['-Networked other hidden', '-Owned again destroyed', '-Networked other disconnected']),
  )
})
