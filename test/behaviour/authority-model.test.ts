// Tests that owners' writes converge under loss and broken links, while the server moves ownership, corrects and
// refuses.
import { addComponent, hasComponent, removeComponent } from 'bitecs'
import { clearOwner, setOwner } from 'bitecs-net'
import { correct, validateWrites } from 'bitecs-net/authority'
import { createRandom, createTestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { copyOf } from '../support/arena.js'
import * as game from '../support/flyers.js'
import { seedCount } from '../support/seeds.js'

const NOBODY = -1

it('all worlds converge after owners write under loss, cuts, refusals, corrections and handovers', () => {
  for (let seed = 1; seed <= seedCount(60, 15); seed++) {
    const random = createRandom(seed)
    const conditions = {
      latency: random() * 100,
      jitter: random() * 60,
      loss: random() * 0.25,
      reorder: random() * 0.2,
      duplicate: random() * 0.2,
    }
    const net = createTestNetwork(game.flight, {
      clients: 3,
      seed,
      conditions,
      sessions: { timeout: 1000, resumeTime: 60_000 },
    })
    const { server, clients } = net
    const owner = [0, 1, 2, 0]
    const flyers = owner.map((i) => game.spawnFlyer(server, 0, 0, clients[i]!.connection))
    validateWrites(server, game.Place, ({ after }) => {
      if (after.y > 500) after.y = 500
      return after.x <= 900
    })
    const somewhere = (): number => Math.round(random() * 2000 - 1000)
    const writeAsOwner = (flyer: number, i: number): void => {
      if (owner[i] === NOBODY) return
      const { world } = clients[owner[i]!]!
      const copy = copyOf(world, server, flyer)
      if (copy === 0) return
      if (random() < 0.4) game.Place.x[copy] = somewhere()
      if (random() < 0.4) game.Place.y[copy] = somewhere()
      if (random() < 0.3) game.View.yaw[copy] = random() < 0.2 ? NaN : random()
      if (random() < 0.2) game.View.at[copy] = copyOf(world, server, flyers[Math.floor(random() * 4)]!)
      if (random() < 0.3) game.Trail.length[copy] = Math.floor(random() * 100)
    }
    const actAsServer = (flyer: number, i: number): void => {
      if (random() < 0.05) {
        owner[i] = Math.floor(random() * 4) - 1
        if (owner[i] === NOBODY) clearOwner(server, flyer)
        else setOwner(server, flyer, clients[owner[i]!]!.connection)
      }
      if (random() < 0.05) {
        game.Place.x[flyer] = Math.round(random() * 100)
        game.View.yaw[flyer] = 0.5
        correct(server, flyer)
      }
      if (random() < 0.02) {
        const change = hasComponent(server, flyer, game.Trail) ? removeComponent : addComponent
        change(server, flyer, game.Trail)
      }
    }
    net.tick(20)
    for (let tick = 0; tick < 250; tick++) {
      flyers.forEach(writeAsOwner)
      flyers.forEach(actAsServer)
      if (random() < 0.03) clients[Math.floor(random() * 3)]!.cut()
      if (random() < 0.02) clients[Math.floor(random() * 3)]!.setConditions({ down: random() < 0.6 })
      net.tick()
    }
    const quiet = { down: false, loss: 0, latency: 0, jitter: 0, reorder: 0, duplicate: 0 }
    for (const client of clients) client.setConditions(quiet)
    net.setServerConditions(quiet)
    net.tick(200)
    const show = (world: Parameters<typeof hasComponent>[0], eid: number, at: number): unknown[] => [
      Math.round(game.Place.x[eid]! * 100),
      Math.round(game.Place.y[eid]! * 100),
      game.View.yaw[eid],
      at,
      hasComponent(world, eid, game.Trail) && game.Trail.length[eid],
    ]
    for (const { world, reason } of clients) {
      expect([seed, reason]).toEqual([seed, undefined])
      for (const flyer of flyers) {
        const copy = copyOf(world, server, flyer)
        expect([seed, copy === 0]).toEqual([seed, false])
        const at = game.View.at[flyer]!
        const shown = show(server, flyer, at === 0 ? 0 : copyOf(world, server, at))
        expect([seed, ...show(world, copy, game.View.at[copy]!)]).toEqual([seed, ...shown])
        expect(shown[2]).not.toBeNaN()
      }
    }
  }
})
