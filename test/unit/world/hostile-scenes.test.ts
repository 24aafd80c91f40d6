// Tests sections of scenes that no honest side sends: forged reports to a server, broken changes to a client.
import { query } from 'bitecs'
import { connectionOf, defineProtocol, string } from 'bitecs-net'
import { changeScene, defineScene, loadScene, scenesOf, setSceneLoader } from 'bitecs-net/scenes'
import { stats } from 'bitecs-net/stats'
import { Connection, Loading, Ready } from 'bitecs-net/components'
import { createTestNetwork, type TestClient, type TestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import { pump } from '../../../src/client/hidden-tab.js'
import type { ByteWriter } from '../../../src/protocol/bytes.js'
import { ByteWriter as Writer } from '../../../src/protocol/bytes.js'
import { PacketKind } from '../../../src/protocol/packet-kind.js'
import { SectionKind } from '../../../src/protocol/packet.js'
import { SceneAction, SceneReport, writeScene, writeSceneReport } from '../../../src/remote/scene-section.js'
import { Channel } from '../../../src/transport/transport.js'
import { serverState } from '../../../src/world/state.js'
import { transportOf, violationsAt } from './tap.js'

const Map = defineScene({ name: string(10) })
const Hud = defineScene()
const protocol = defineProtocol({ scenes: { Hud, Map } })
const never = (): Promise<void> => new Promise(() => undefined)

function packet(write: (writer: ByteWriter) => void): ByteWriter {
  const writer = new Writer()
  for (const byte of [PacketKind.Data, 0, 1, 0]) writer.u8(byte)
  write(writer)
  return writer
}

function throwAtServer(
  client: TestClient,
  write: (writer: ByteWriter) => void,
  channel: Channel = Channel.Reliable,
): void {
  if (client.reason !== undefined) return
  const { bytes, length } = packet(write)
  transportOf(client.world, 'client').send(1, channel, bytes, length)
}

function throwAtClient(
  net: TestNetwork,
  write: (writer: ByteWriter) => void,
  channel: Channel = Channel.Reliable,
): void {
  const { peer } = serverState(net.server).peers[0]!.session
  const { bytes, length } = packet(write)
  transportOf(net.server, 'server').send(peer, channel, bytes, length)
}

describe('a client’s report', () => {
  const loading = (): TestNetwork => {
    const net = createTestNetwork(protocol)
    setSceneLoader(net.clients[0]!.world, never)
    changeScene(net.server, Hud)
    changeScene(net.server, Map, { name: 'ice' })
    net.tick(3)
    return net
  }

  it.each<[string, number, number]>([
    ['of a change that the server did not send', 3, SceneReport.Loaded],
    ['of a change with a far higher number', 0xffffffff, SceneReport.Failed],
    ['of no change', 0, SceneReport.Loaded],
  ])('%s changes nothing, and counts against the budget', (_, change, report) => {
    const net = loading()
    throwAtServer(net.clients[0]!, (writer) => writeSceneReport(writer, change, report))
    net.tick(2)
    expect(query(net.server, [Connection, Loading]).length).toBe(1)
    expect(query(net.server, [Connection, Ready]).length).toBe(0)
    expect(violationsAt(net.server)).toBe(1)
    expect(net.clients[0]!.reason).toBeUndefined()
  })

  it.each<[string, number]>([
    ['loaded', SceneReport.Loaded],
    ['failed', SceneReport.Failed],
    ['at 50 percent', 50],
  ])(
    'of a replaced change, %s, changes nothing and counts against no budget, because an honest one may be late',
    (_, report) => {
      const net = loading()
      throwAtServer(net.clients[0]!, (writer) => writeSceneReport(writer, 1, report))
      net.tick(2)
      expect(query(net.server, [Connection, Loading]).length).toBe(1)
      expect(Connection.progress[net.clients[0]!.connection]).toBe(0)
      expect(net.clients[0]!.reason).toBeUndefined()
      expect(violationsAt(net.server)).toBe(0)
    },
  )

  it('of an earlier change does not end Loading while a later one is pending', () => {
    const net = createTestNetwork(protocol)
    setSceneLoader(net.clients[0]!.world, never)
    loadScene(net.server, Hud)
    net.tick(2)
    loadScene(net.server, Map, { name: 'ice' })
    throwAtServer(net.clients[0]!, (writer) => writeSceneReport(writer, 1, SceneReport.Loaded))
    net.tick(3)
    expect(query(net.server, [Connection, Loading]).length).toBe(1)
    expect(violationsAt(net.server)).toBe(0)
    throwAtServer(net.clients[0]!, (writer) => writeSceneReport(writer, 2, SceneReport.Loaded))
    net.tick(3)
    expect(query(net.server, [Connection, Loading]).length).toBe(0)
  })

  it('is malformed if it is above a hundred percent, truncated, or on the unreliable channel', () => {
    const net = loading()
    const client = net.clients[0]!
    throwAtServer(client, (writer) => writeSceneReport(writer, 2, 101))
    throwAtServer(client, (writer) => writeSceneReport(writer, 2, 253))
    throwAtServer(client, (writer) => {
      writer.u8(SectionKind.SceneProgress)
      writer.varint(2)
    })
    throwAtServer(client, (writer) => writeSceneReport(writer, 2, SceneReport.Loaded), Channel.Unreliable)
    throwAtServer(client, (writer) => writeScene(writer, 3, SceneAction.Replace, 0, new Uint8Array(0)))
    net.tick(2)
    expect(stats(net.server).counters.malformedPackets).toBe(5)
    expect(query(net.server, [Connection, Loading]).length).toBe(1)
    // Repeated malformed reports close the connection.
    for (let i = 0; i < 30; i++) throwAtServer(client, (writer) => writeSceneReport(writer, 2, 200))
    net.tick(3)
    expect(client.reason).toMatchObject({ code: 'malformed' })
  })

  it('is ignored if it is repeated after its change has ended', () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    changeScene(net.server, Hud)
    net.tick(5)
    for (const report of [SceneReport.Loaded, SceneReport.Failed, 10]) {
      throwAtServer(client, (writer) => writeSceneReport(writer, 1, report))
    }
    net.tick(3)
    expect(client.reason).toBeUndefined()
    expect(query(net.server, [Connection, Ready]).length).toBe(1)
    expect(Connection.progress[client.connection]).toBe(1)
  })
})

describe('a broken change of scenes', () => {
  const name = Uint8Array.of(3, 105, 99, 101)
  it.each<[string, (writer: ByteWriter) => void]>([
    ['with an action that does not exist', (writer) => writeScene(writer, 1, 3 as SceneAction, 0, new Uint8Array(0))],
    ['without a number', (writer) => writeScene(writer, 0, SceneAction.Replace, 0, new Uint8Array(0))],
    ['to a scene that does not exist', (writer) => writeScene(writer, 1, SceneAction.Load, 2, new Uint8Array(0))],
    ['without its arguments', (writer) => writeScene(writer, 1, SceneAction.Replace, 1, new Uint8Array(0))],
    ['with arguments too long', (writer) => writeScene(writer, 1, SceneAction.Load, 1, Uint8Array.of(...name, 0))],
    ['that unloads with arguments', (writer) => writeScene(writer, 1, SceneAction.Unload, 1, name)],
    [
      'that claims more bytes than there are',
      (writer) => {
        for (const byte of [SectionKind.Scene, 1, SceneAction.Replace, 1, 200, 3]) writer.u8(byte)
      },
    ],
    [
      'that is not the first section of its packet',
      (writer) => {
        for (const byte of [SectionKind.PartsTaken, 0]) writer.u8(byte)
        writeScene(writer, 1, SceneAction.Replace, 1, name)
      },
    ],
  ])('%s is dropped and counted, and is not queued', (_, write) => {
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    throwAtClient(net, write)
    net.tick(3)
    expect(stats(world).counters.malformedPackets).toBe(1)
    expect(scenesOf(world)).toEqual([])
    expect(query(world, [Loading]).length).toBe(0)
    // The same while another change is loading.
    setSceneLoader(world, never)
    loadScene(net.server, Hud)
    net.tick(2)
    throwAtClient(net, write)
    net.tick(3)
    expect(scenesOf(world).map((scene) => scene.name)).toEqual(['Hud'])
  })

  it('is malformed on the unreliable channel', () => {
    const net = createTestNetwork(protocol)
    const { world } = net.clients[0]!
    throwAtClient(net, (writer) => writeScene(writer, 1, SceneAction.Replace, 1, name), Channel.Unreliable)
    net.tick(3)
    expect(stats(world).counters.malformedPackets).toBe(1)
    expect(scenesOf(world)).toEqual([])
  })
})

describe('a client that runs no frames', () => {
  it('still loads a scene, driven by received packets', async () => {
    const net = createTestNetwork(protocol)
    const client = net.clients[0]!
    const own = connectionOf(client.world)
    client.running = false
    const asked: string[] = []
    setSceneLoader(client.world, async (load) => {
      asked.push(load.name)
      await Promise.resolve()
    })
    changeScene(net.server, Map, { name: 'ice' })
    for (let i = 0; i < 8; i++) {
      net.tick()
      pump(client.world)
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    }
    expect(asked).toEqual(['Map'])
    expect(query(net.server, [Connection, Ready]).length).toBe(1)
    expect(query(client.world, [Ready])).toContain(own)
  })
})
