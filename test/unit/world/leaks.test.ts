// Tests that nothing is left of disconnected clients, however they disconnected.
import { query } from 'bitecs'
import {
  close,
  connectionOf,
  drain,
  kick,
  NetworkErrors,
  sendCommand,
  sendMessage,
  sendRpc,
  setPlayer,
} from 'bitecs-net'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { expect, it } from 'vitest'
import { clientState, serverState } from '../../../src/world/state.js'
import { countItems, grown, type Items } from '../../soak/items.js'
import * as game from '../../support/arena.js'

const TIMES = { sessions: { timeout: 400, resumeTime: 400 } }
/** Cycles until every table has its lasting size. */
const WARM_UP = 24
/**
 * The test network remembers every link. Slots that wait for reuse are cleared many at a time. Up to 256 end reasons
 * are remembered for interrupted clients; interrupted-sessions.test.ts tests this limit.
 */
const NOT_COUNTED = /\btransport\b|\.entities\.waiting\b|\.interrupted\.ends\b/

/** One client connects, plays, and disconnects in a way that depends on its number. */
function cycle(net: TestNetwork, number: number): void {
  const { server } = net
  const client = net.connect({ timeout: 400 })
  const { connection, world } = client
  const ship = game.spawnShip(server, 1, 2, 3)
  setPlayer(server, connection, ship)
  net.until(() => game.copyOf(world, server, ship) !== 0)
  sendCommand(world, game.copyOf(world, server, ship), game.Move, { dx: 1, dy: 0 })
  sendRpc(server, ship, game.Boom, { x: 1, shooter: ship })
  sendMessage(world, game.Chat, { text: 'hello' })
  sendMessage(server, game.News, { text: 'x'.repeat(2000) }, { to: connection })
  net.tick(2)
  leave(net, client, number % 4)
  net.until(() => client.reason !== undefined && serverState(server).peers.length === 0)
  client.running = false
  net.tick(3)
  for (const _ of drain(server, NetworkErrors));
  expect(query(server, [Networked]).length).toBe(0)
}

function leave(net: TestNetwork, client: TestClient, way: number): void {
  if (way === 0) void close(client.world)
  else if (way === 1) kick(net.server, client.connection)
  else if (way === 2) client.setConditions({ down: true })
  else {
    // First resumes on another link.
    client.cut()
    net.tick(5)
    net.setServerConditions({ down: true })
    net.until(() => client.reason !== undefined)
    net.setServerConditions({ down: false })
  }
}

/** The tables of a side that have grown. */
function leaked(before: Items, role: object): { path: string; by: number }[] {
  return grown(before, countItems(role)).filter(({ path }) => !NOT_COUNTED.test(path))
}

it('a server keeps nothing of clients that closed, were kicked, timed out, or resumed and timed out', () => {
  const net = createTestNetwork(game.arena, { clients: 0, ...TIMES })
  let number = 0
  for (let i = 0; i < WARM_UP; i++) cycle(net, number++)
  const before = countItems(serverState(net.server))
  for (let i = 0; i < 40; i++) cycle(net, number++)
  expect(leaked(before, serverState(net.server))).toEqual([])
})

it('a client keeps nothing of its earlier sessions', () => {
  const net = createTestNetwork(game.arena, { clients: 0, ...TIMES })
  const { world } = net.connect({ timeout: 400 })
  const again = (): void => {
    void close(world)
    net.tick(3)
    const { connection } = net.connect({ world, timeout: 400 })
    const ship = game.spawnShip(net.server, 1, 2, 3)
    setPlayer(net.server, connection, ship)
    net.until(() => game.copyOf(world, net.server, ship) !== 0)
    sendMessage(world, game.Chat, { text: 'hello' })
    sendRpc(net.server, ship, game.Boom, { x: 1, shooter: ship })
    net.tick(3)
  }
  for (let i = 0; i < 30; i++) again()
  const before = countItems(clientState(world))
  for (let i = 0; i < 50; i++) again()
  expect([connectionOf(world) !== 0, leaked(before, clientState(world))]).toEqual([true, []])
})
