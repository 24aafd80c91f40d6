// Tests clients that send calls faster than the server drains them: they lose calls, other clients lose none.
import { addComponents, addEntity } from 'bitecs'
import {
  close,
  defineCommand,
  defineMessage,
  defineProtocol,
  drain,
  entityOf,
  handle,
  netIdOf,
  NetworkErrors,
  sendCommand,
  sendMessage,
  u16,
} from 'bitecs-net'
import { reply, request } from 'bitecs-net/requests'
import { defineScene, loadScene, setSceneLoader } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { ManualLoader, tickAwaiting } from '../../support/behaviours-scenes.js'

const Fire = defineCommand({ n: u16 }, { requiresAuthority: false })
const Buy = defineCommand({ n: u16 }, { requiresAuthority: false, returns: { n: u16 } })
const Say = defineMessage({ n: u16 })
const Hud = defineScene({})
const protocol = defineProtocol({ remote: { Fire, Buy }, messages: { Say }, scenes: { Hud } })

const ATTACKERS = 3
const PLAYERS = 4
/** The number of calls that a client may send at once. */
const FLOOD = 4096

interface Match {
  readonly net: TestNetwork
  readonly attackers: readonly TestClient[]
  readonly players: readonly TestClient[]
  readonly target: (client: TestClient) => number
}

function start(attackersFirst: boolean): Match {
  const net = createTestNetwork(protocol, { clients: ATTACKERS + PLAYERS })
  const target = addEntity(net.server)
  addComponents(net.server, target, Networked)
  net.tick(5)
  const netId = netIdOf(net.server, target)
  const attackers = attackersFirst ? net.clients.slice(0, ATTACKERS) : net.clients.slice(PLAYERS)
  const players = net.clients.filter((client) => !attackers.includes(client))
  return { net, attackers, players, target: (client) => entityOf(client.world, netId) }
}

function flood({ attackers, target }: Match, calls = FLOOD): void {
  for (const client of attackers) {
    const at = target(client)
    for (let n = 0; n < calls; n++) sendCommand(client.world, at, Fire, { n })
  }
}

describe.each([
  ['before', true],
  ['after', false],
])(
  'calls of honest clients, while three clients that connected %s them flood the same definition,',
  (_, attackersFirst) => {
    it('all arrive, and the reports name the flooding clients', () => {
      const match = start(attackersFirst)
      const { net, attackers, players, target } = match
      flood(match)
      for (const client of players) {
        for (let n = 0; n < 100; n++) sendCommand(client.world, target(client), Fire, { n })
      }
      net.tick(2)
      const heard = new Map<number, number[]>()
      for (const { sender, args } of drain(net.server, Fire)) {
        const numbers = heard.get(sender) ?? []
        numbers.push(args.n)
        heard.set(sender, numbers)
      }
      for (const { connection } of players) {
        expect(heard.get(connection)).toEqual(Array.from({ length: 100 }, (__, n) => n))
      }
      const { counters } = stats(net.server)
      expect(counters.overShareCalls).toBeGreaterThan(0)
      expect(counters.undrainedCalls).toBe(0)
      const reports = [...drain(net.server, NetworkErrors)].filter(({ code }) => code === 'over-share')
      const flooders = new Set(attackers.map(({ connection }) => connection))
      expect(reports.length).toBeGreaterThan(0)
      for (const { connection, name } of reports) expect([flooders.has(connection), name]).toEqual([true, 'Fire'])
    })

    it('are answered when they are requests', async () => {
      const match = start(attackersFirst)
      const { net, players, target } = match
      handle(net.server, Buy, ({ id, args }) => void reply(net.server, id, { n: args.n }))
      for (const client of match.attackers) {
        const at = target(client)
        for (let n = 0; n < FLOOD; n++) sendCommand(client.world, at, Buy, { n })
      }
      const answers = players.flatMap((client) =>
        Array.from({ length: 20 }, (__, n) => request(client.world, target(client), Buy, { n })),
      )
      net.tick(4)
      const values = await Promise.all(answers)
      expect(values.map(({ n }) => n)).toEqual(players.flatMap(() => Array.from({ length: 20 }, (__, n) => n)))
    })

    it('all arrive when the server has not drained them for a while', () => {
      const match = start(attackersFirst)
      const { net, players } = match
      for (const client of match.attackers) for (let n = 0; n < FLOOD; n++) sendMessage(client.world, Say, { n })
      for (let turn = 0; turn < 5; turn++) {
        for (const client of players) for (let n = 0; n < 50; n++) sendMessage(client.world, Say, { n: 50 * turn + n })
        net.tick()
      }
      net.tick(2)
      const heard = new Map<number, number>()
      for (const { sender } of drain(net.server, Say)) heard.set(sender, (heard.get(sender) ?? 0) + 1)
      for (const { connection } of players) expect(heard.get(connection)).toBe(250)
    })

    it('all arrive after being held while the server loaded a scene', async () => {
      const match = start(attackersFirst)
      const { net, players, target } = match
      const loader = new ManualLoader()
      setSceneLoader(net.server, loader.loader)
      loadScene(net.server, Hud)
      await tickAwaiting(net, 3)
      flood(match, FLOOD - 10)
      for (const client of players) {
        for (let n = 0; n < 100; n++) sendCommand(client.world, target(client), Fire, { n })
      }
      await tickAwaiting(net, 2)
      loader.last.done()
      await tickAwaiting(net)
      // The queue is over its limit when these arrive.
      for (const client of players)
        for (let n = 100; n < 200; n++) sendCommand(client.world, target(client), Fire, { n })
      await tickAwaiting(net, 2)
      const heard = new Map<number, number>()
      for (const { sender } of drain(net.server, Fire)) heard.set(sender, (heard.get(sender) ?? 0) + 1)
      for (const { connection } of players) expect(heard.get(connection)).toBe(200)
    })
  },
)

describe('a client that floods and disconnects', () => {
  it('leaves no queued calls behind that take room from other clients', () => {
    const match = start(true)
    const { net, attackers, players, target } = match
    flood(match)
    net.tick(2)
    const full = stats(net.server).queues.calls
    expect(full).toBeGreaterThanOrEqual(8192)
    for (const client of attackers) void close(client.world)
    net.tick(4)
    expect(stats(net.server).queues.calls).toBe(0)
    for (const client of players) {
      for (let n = 0; n < 2000; n++) sendCommand(client.world, target(client), Fire, { n })
    }
    net.tick(2)
    expect([...drain(net.server, Fire)].length).toBe(PLAYERS * 2000)
  })
})
