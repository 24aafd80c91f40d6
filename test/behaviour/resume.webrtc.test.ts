// A session over real WebRTC outlives an outage that the line itself does not: the client comes back over another.
import { createEntityIndex, hasComponent } from 'bitecs'
import {
  close,
  connectionOf,
  createClientWorld,
  createServerWorld,
  drain,
  removed,
  sendMessage,
  setPlayer,
} from 'bitecs-net'
import { ban } from 'bitecs-net/users'
import { Connected, Connection, Interrupted } from 'bitecs-net/components'
import { connect } from 'bitecs-net/node'
import { listen } from 'bitecs-net/server'
import { clientReceive, clientSend, runSystems, serverReceive, serverSend } from 'bitecs-net/systems'
import { query } from 'bitecs'
import { expect, it } from 'vitest'
import * as game from '../support/arena.js'
import { startRelay } from '../support/relay.js'
import { until } from '../support/until.js'

it('46: a session whose line is dead for seconds goes on, with its player and every reliable call, once', async () => {
  const entityIndex = createEntityIndex()
  const server = createServerWorld(game.arena, { entityIndex })
  const world = createClientWorld(game.arena, { entityIndex })
  const { port } = await listen(server, { port: 0, host: '127.0.0.1', sessions: { timeout: 700, resumeTime: 60_000 } })
  const relay = await startRelay({ upstream: `http://127.0.0.1:${port}`, seed: 4 })
  const heard: { server: string[]; client: string[] } = { server: [], client: [] }
  let ends = 0
  const step = (): void => {
    runSystems(world, clientReceive)
    for (const { args } of drain(world, game.Chat)) heard.client.push(args.text)
    for (const _ of drain(world, removed(Connected))) ends++
    runSystems(world, clientSend)
    runSystems(server, serverReceive)
    for (const { args } of drain(server, game.Chat)) heard.server.push(args.text)
    for (const _ of drain(server, removed(Connected))) ends++
    runSystems(server, serverSend)
  }
  const waitFor = (what: string, holds: () => boolean): Promise<void> => until(what, () => (step(), holds()), 30_000)
  try {
    let isConnected = false
    const connecting = connect(world, { url: relay.url, timeout: 20_000, idleTimeout: 700 })
    void connecting.then(() => (isConnected = true))
    await waitFor('connected', () => isConnected && query(server, [Connected]).length === 1)
    await connecting
    const [connection] = query(server, [Connected])
    const ship = game.spawnShip(server, 1, 2, 3)
    setPlayer(server, connection!, ship)
    await waitFor('a player', () => game.copyOf(world, server, ship) !== 0)
    const copy = game.copyOf(world, server, ship)
    const own = connectionOf(world)

    relay.up.set({ down: true })
    relay.down.set({ down: true })
    await waitFor(
      'noticed',
      () => hasComponent(server, connection!, Interrupted) && hasComponent(world, own, Interrupted),
    )
    for (const word of ['one', 'two', 'three']) {
      sendMessage(server, game.Chat, { text: word }, { to: connection! })
      sendMessage(world, game.Chat, { text: word })
    }
    game.Health.hp[ship] = 99
    relay.up.set({ down: false })
    relay.down.set({ down: false })
    await waitFor(
      'back',
      () => !hasComponent(server, connection!, Interrupted) && !hasComponent(world, own, Interrupted),
    )
    await waitFor(
      'all said',
      () => heard.server.length === 3 && heard.client.length === 3 && game.Health.hp[copy] === 99,
    )
    expect(heard).toEqual({ server: ['one', 'two', 'three'], client: ['one', 'two', 'three'] })
    expect([Connection.player[connection!], Connection.player[own], ends]).toEqual([ship, copy, 0])

    // Banned while its line is dead again: the signalling, where it asks for another, says so.
    relay.up.set({ down: true })
    relay.down.set({ down: true })
    await waitFor('noticed again', () => hasComponent(server, connection!, Interrupted))
    ban(server, connection!, { by: 'address', text: 'cheating' })
    await waitFor('its end', () => Connection.reason[own] !== undefined)
    expect(Connection.reason[own]).toEqual({ code: 'banned', text: 'cheating', by: 'remote' })
  } finally {
    await close(world)
    await close(server)
    await relay.close()
  }
})
