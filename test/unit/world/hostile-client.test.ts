// Tests what one client can do to the server and the others without a single malformed byte.
import { addComponent, addEntity, observe, onAdd } from 'bitecs'
import {
  defineCommand,
  defineMessage,
  defineProtocol,
  despawn,
  drain,
  entityOf,
  netIdOf,
  replicate,
  sendCommand,
  sendMessage,
  type ServerWorld,
  setPlayer,
  setReady,
  u16,
  u8,
} from 'bitecs-net'
import { observersOf } from 'bitecs-net/interest'
import { stats } from 'bitecs-net/stats'
import { Connected, Connection, Networked } from 'bitecs-net/components'
import { createTestNetwork, type TestClient } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { Channel } from '../../../src/transport/transport.js'
import { clientState, serverState } from '../../../src/world/state.js'
import { capture, type Captured, throwSections, transportOf } from './tap.js'

const Health = { hp: new Uint16Array(8000) }
const Press = defineCommand({ key: u8 })
const Wave = defineMessage({ n: u16 })
const protocol = defineProtocol({
  components: { Health: replicate(Health, { hp: u16 }) },
  remote: { Press },
  messages: { Wave },
})

function spawn(world: ServerWorld): number {
  const eid = addEntity(world)
  addComponent(world, eid, Health)
  addComponent(world, eid, Networked)
  return eid
}

describe('a client that answers heartbeats and never acknowledges structure', () => {
  it('does not make the server use up its slots', () => {
    const net = createTestNetwork(protocol, { clients: 2 })
    // Its receive callback still answers heartbeats; nothing else of it runs.
    net.clients[1]!.running = false
    let highest = 0
    // Half a minute of ten short-lived entities a second.
    for (let tick = 0; tick < 600; tick++) {
      const bullet = tick % 2 === 0 ? spawn(net.server) : 0
      highest = Math.max(highest, netIdOf(net.server, bullet) & 0xfffff)
      net.tick()
      if (bullet !== 0) despawn(net.server, bullet)
    }
    expect(highest).toBeLessThan(150)
    expect(net.clients[0]!.reason).toBeUndefined()
  })
})

describe('a client that floods one definition', () => {
  it('does not displace the messages of other clients', () => {
    const seen = new Map<number, number>()
    const net = createTestNetwork(protocol, {
      clients: 2,
      serverSystems: [
        (world) => {
          for (const { sender } of drain(world, Wave)) seen.set(sender, (seen.get(sender) ?? 0) + 1)
        },
      ],
    })
    const [hostile, honest] = net.clients as [TestClient, TestClient]
    const { world } = honest
    const connection = honest.connection
    for (let tick = 0; tick < 20; tick++) {
      for (let packet = 0; packet < 6; packet++) {
        throwSections(hostile, (writer) => {
          const id = protocol.ids.get(Wave)!
          for (let i = 0; i < 3000; i++) {
            writer.u8(SectionKind.Message)
            writer.varint(id)
            writer.varint(2)
            writer.u16(i)
          }
        })
      }
      sendMessage(world, Wave, { n: tick })
      net.tick()
    }
    net.tick()
    expect(seen.get(connection)).toBe(20)
  })
})

describe('a client that toggles between ready and not ready in every tick', () => {
  it('does not receive the whole world each time', () => {
    const net = createTestNetwork(protocol, { clients: 1 })
    for (let i = 0; i < 500; i++) spawn(net.server)
    net.tick(2)
    const hostile = net.clients[0]!
    const captured: Captured[] = []
    capture(transportOf(net.server, 'server'), 'server', captured)
    for (let tick = 0; tick < 100; tick++) {
      throwSections(hostile, (writer) => {
        writer.u8(SectionKind.Ready)
        writer.u8(tick % 2)
      })
      net.tick()
    }
    const bytes = captured.reduce((sum, packet) => sum + packet.bytes.length, 0)
    // The world takes about 5 KB; sixteen times that in five seconds is generous.
    expect(bytes).toBeLessThan(80_000)
  })
})

describe('a client that toggles its readiness', () => {
  it.each([3, 4, 5, 6, 7, 8, 9, 10])('%i times ends in the state that it sent last', (times) => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const ship = spawn(net.server)
    net.tick(3)
    for (let i = 0; i < times; i++) {
      setReady(client.world, i % 2 === 0)
      net.tick()
    }
    setReady(client.world, true)
    net.tick(200)
    expect(client.reason).toBeUndefined()
    expect(entityOf(client.world, netIdOf(net.server, ship))).not.toBe(0)
  })
})

describe('an observer of the game that throws when a client connects', () => {
  it("closes no other client's connection", () => {
    const net = createTestNetwork(protocol, { clients: 0 })
    observe(net.server, onAdd(Connected), (eid: number) => {
      if (Connection.id[eid] === 1) throw new Error('the game’s mistake')
    })
    const clients = [net.begin(), net.begin()]
    const thrown = new Set<string>()
    for (let i = 0; i < 6; i++) {
      try {
        net.tick()
      } catch (error) {
        // The loop of a server reports it and continues.
        thrown.add(String(error))
      }
    }
    expect([...thrown].every((text) => text.includes('the game’s mistake'))).toBe(true)
    const ship = spawn(net.server)
    net.tick(3)
    expect(clients[1]!.connection).not.toBe(0)
    expect(observersOf(net.server, ship)).toContain(clients[1]!.connection)
    expect(stats(net.server).connections).toBeLessThanOrEqual(2)
  })
})

describe('a broken server', () => {
  it('cannot move a client’s clock with a truncated ping', () => {
    const net = createTestNetwork(protocol)
    net.tick(40)
    const client = net.clients[0]!
    const { clock } = clientState(client.world).session!
    const before = clock.at(net.now)
    const transport = transportOf(net.server, 'server')
    const { peer } = serverState(net.server).peers[0]!.session
    for (let size = 1; size < 9; size++) {
      transport.send(peer, Channel.Unreliable, Uint8Array.of(PacketKind.Ping, 0, 0, 0, 0, 0, 0, 0), size)
    }
    net.tick()
    expect(Math.abs(clock.at(net.now) - before - 1)).toBeLessThan(0.5)
  })
})

describe('a token that is too long', () => {
  it('is refused with an error that names the token', () => {
    const net = createTestNetwork(protocol, { clients: 0 })
    const problem = (): string => {
      try {
        return net.connect({ token: 'x'.repeat(5000) }).reason?.text ?? ''
      } catch (error) {
        return String(error)
      }
    }
    expect(problem()).toMatch(/token/)
  })
})

describe('an honest client while the server is blocked', () => {
  it('loses none of its reliable calls, and is not closed as hostile', () => {
    let pressed = 0
    const net = createTestNetwork(protocol, {
      serverSystems: [
        (world) => {
          for (const { args } of drain(world, Press)) pressed += args.key
        },
      ],
    })
    const client = net.clients[0]!
    const ship = spawn(net.server)
    setPlayer(net.server, client.connection, ship)
    net.tick(3)
    const copy = entityOf(client.world, netIdOf(net.server, ship))
    // Five seconds at sixty frames, five calls in each; then the server resumes.
    for (let frame = 0; frame < 300; frame++) {
      for (let i = 0; i < 5; i++) sendCommand(client.world, copy, Press, { key: 1 })
      client.step()
    }
    net.tick(5)
    expect(client.reason).toBeUndefined()
    expect(pressed).toBe(1500)
  })
})

describe('commands on a ship that was despawned in the meantime', () => {
  it('are counted, and count against no budget, however many there are', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const ship = spawn(net.server)
    setPlayer(net.server, client.connection, ship)
    net.tick(3)
    const copy = entityOf(client.world, netIdOf(net.server, ship))
    for (let i = 0; i < 200; i++) sendCommand(client.world, copy, Press, { key: 1 })
    despawn(net.server, ship)
    net.tick(2)
    const { staleCalls, malformedPackets } = stats(net.server).counters
    expect(staleCalls).toBe(200)
    expect(malformedPackets).toBe(0)
    expect(client.reason).toBeUndefined()
  })
})
