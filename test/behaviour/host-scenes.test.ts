// Tests scenes and large messages in a host's world: its own client loads and receives like any other.
import { observe, onAdd, onRemove } from 'bitecs'
import { defineMessage, defineProtocol, drain, bytes, sendMessage, string, u8 } from 'bitecs-net'
import { changeScene, defineScene, type SceneLoad, SceneEvents, scenesOf, setSceneLoader } from 'bitecs-net/scenes'
import { transfers } from 'bitecs-net/stats'
import { Loading, Ready } from 'bitecs-net/components'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'

const Level = defineScene({ seed: u8 })
const News = defineMessage({ text: string(100) }, { from: 'server' })
const Blob = defineMessage({ data: bytes(300_000) }, { large: true, from: 'server' })
const protocol = defineProtocol({ scenes: { Level }, messages: { News, Blob } })

describe('32: changing the scene of a host', () => {
  it('calls the loader once for each side, shows Loading and Ready once, and queues messages', async () => {
    const network = createTestNetwork(protocol, { host: true, clients: 1 })
    const { server, host } = network
    const asked: SceneLoad[] = []
    const settle: (() => void)[] = []
    setSceneLoader(server, (load) => {
      asked.push(load)
      return new Promise<void>((resolve) => settle.push(resolve))
    })
    const log: string[] = []
    for (const [name, component] of Object.entries({ Ready, Loading })) {
      observe(server, onAdd(component), (eid: number) => void (eid === host.connection && log.push(`+${name}`)))
      observe(server, onRemove(component), (eid: number) => void (eid === host.connection && log.push(`-${name}`)))
    }
    const events: Record<'server' | 'client', string[]> = { server: [], client: [] }
    const tick = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        network.tick()
        for (const side of ['server', 'client'] as const) {
          for (const { kind, name } of drain(server, SceneEvents, { side })) events[side].push(`${kind} ${name}`)
        }
        await Promise.resolve()
      }
    }
    changeScene(server, Level, { seed: 7 })
    sendMessage(server, News, { text: 'behind' }, { to: 'all' })
    await tick(4)
    expect(asked.map(({ side, action, args }) => [side, action, args])).toEqual([
      ['server', 'load', { seed: 7 }],
      ['client', 'load', { seed: 7 }],
    ])
    expect(log).toEqual(['-Ready', '+Loading'])
    expect([...drain(server, News)]).toEqual([])
    for (const done of settle) done()
    await tick(6)
    expect(log).toEqual(['-Ready', '+Loading', '-Loading', '+Ready'])
    expect([...drain(server, News)].map(({ args }) => args.text)).toEqual(['behind'])
    expect(events).toEqual({
      server: ['changing Level', 'changed Level'],
      client: ['changing Level', 'changed Level'],
    })
    expect(scenesOf(server, host.connection).map(({ name }) => name)).toEqual(['Level'])
  })
})

describe('large messages of a host', () => {
  it('arrive whole at its own client', () => {
    const network = createTestNetwork(protocol, { host: true, clients: 0 })
    const data = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
    sendMessage(network.server, Blob, { data })
    network.until(() => transfers(network.server).length === 0 && network.now > 100)
    network.tick(3)
    const got = Array.from(drain(network.server, Blob), ({ args }) => Buffer.compare(args.data, data))
    expect(got).toEqual([0])
  })
})
