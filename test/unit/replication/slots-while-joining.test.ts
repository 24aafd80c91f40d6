// Tests that slots of despawned entities are reused on a server that clients join continuously.
import { close, despawn, netIdOf } from 'bitecs-net'
import { createTestNetwork, type TestClient } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { slotOf } from '../../../src/protocol/net-id.js'
import * as game from '../../support/arena.js'

it('the server reuses slots while clients join one after another', () => {
  const net = createTestNetwork(game.arena, { conditions: { latency: 100 } })
  const { server } = net
  game.spawnShip(server)
  const joining: TestClient[] = []
  let highest = 0
  for (let i = 0; i < 80; i++) {
    const ship = game.spawnShip(server)
    net.tick()
    highest = Math.max(highest, slotOf(netIdOf(server, ship)))
    despawn(server, ship)
    joining.push(net.begin())
    net.tick()
    if (joining.length > 12) {
      const oldest = joining.shift()!
      void close(oldest.world)
      oldest.running = false
    }
  }
  // As many as are despawned within the time that an acknowledgement takes.
  expect(highest).toBeLessThan(30)
})
