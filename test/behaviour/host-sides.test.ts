// Tests which side a verb means in a host's world: by kind, by the systems that run, or by its option.
import {
  added,
  changed,
  type ClientWorld,
  close,
  defineClientRpc,
  defineCommand,
  defineMessage,
  defineProtocol,
  defineTargetRpc,
  drain,
  handle,
  ignore,
  NetworkErrors,
  replicate,
  sendMessage,
  sendRpc,
  type ServerWorld,
  setOwner,
  u16,
  u8,
  UsageError,
} from 'bitecs-net'
import { listOf, operations, type SyncList } from 'bitecs-net/collections'
import { createHostWorld, withSide } from 'bitecs-net/host'
import { RequestDespawnedError, RequestRefusedError, refuse, reply, request } from 'bitecs-net/requests'
import { stats } from 'bitecs-net/stats'
import { addComponent, addEntity, query } from 'bitecs'
import { Networked, Ready } from 'bitecs-net/components'
import { despawn } from 'bitecs-net'
import { clientSystems, serverSystems } from 'bitecs-net/host'
import { runSystems } from 'bitecs-net/systems'
import { createTestNetwork } from 'bitecs-net/testing'
import { describe, expect, it } from 'vitest'
import * as game from '../support/arena.js'

const hosted = (clients = 0) => createTestNetwork(game.arena, { host: true, clients })

describe('18: the messages of a host', () => {
  it('travel both ways, each to the other side, and to remote clients', () => {
    const network = hosted(1)
    const { server, host, clients } = network
    const remote = clients[0]!
    sendMessage(server, game.Order, { item: 9 })
    sendMessage(server, game.Chat, { text: 'of the client' }, { side: 'client' })
    sendMessage(server, game.News, { text: 'news' })
    sendMessage(server, game.Chat, { text: 'of the server' }, { side: 'server' })
    sendMessage(server, game.Chat, { text: 'to me' }, { to: host.connection })
    sendMessage(server, game.Chat, { text: 'to others' }, { to: 'all', except: host.connection })
    sendMessage(remote.world, game.Chat, { text: 'of the remote client' })
    network.tick(2)
    const at = (side: 'server' | 'client'): unknown[] =>
      Array.from(drain(server, game.Chat, { side }), ({ sender, args }) => [sender, args.text])
    expect(at('server')).toEqual([
      [host.connection, 'of the client'],
      [remote.connection, 'of the remote client'],
    ])
    expect(at('client')).toEqual([
      [host.connection, 'of the server'],
      [host.connection, 'to me'],
    ])
    expect(Array.from(drain(server, game.Order), ({ sender }) => sender)).toEqual([host.connection])
    expect([...drain(server, game.News)].length).toBe(1)
    expect(Array.from(drain(remote.world, game.Chat), ({ args }) => args.text)).toEqual(['of the server', 'to others'])
  })

  it('mean the side whose systems run, so that both sides can share a system', () => {
    const heard: Record<'server' | 'client', string[]> = { server: [], client: [] }
    const network = createTestNetwork(game.arena, {
      host: true,
      clients: 0,
      serverSystems: [
        (world) => {
          for (const { args } of drain(world, game.Chat)) {
            heard.server.push(args.text)
            sendMessage(world, game.Chat, { text: `${args.text}!` })
          }
        },
      ],
      clientSystems: [
        (world) => {
          for (const { args } of drain(world, game.Chat)) heard.client.push(args.text)
          if (heard.server.length === 0 && query(world, [Ready]).length > 0)
            sendMessage(world, game.Chat, { text: 'hello' })
        },
      ],
    })
    network.tick(4)
    expect(heard.server.slice(0, 1)).toEqual(['hello'])
    expect(heard.client.slice(0, 1)).toEqual(['hello!'])
  })
})

describe('a verb that both sides have', () => {
  it('throws outside the systems of both sides, and says what to do', () => {
    const { server } = hosted()
    const advice = /both|serverSystems.*clientSystems.*withSide/
    for (const act of [
      () => drain(server, game.Chat),
      () => handle(server, game.Chat, () => undefined),
      () => ignore(server, game.Chat),
      () => sendMessage(server, game.Chat, { text: '' }),
    ]) {
      expect(act).toThrow(UsageError)
      expect(act).toThrow(advice)
      expect(act).toThrow(/Chat/)
    }
  })

  it('uses its side option over the side of the running systems', () => {
    const { server } = hosted()
    withSide(server, 'client', () => sendMessage(server, game.Chat, { text: 'x' }, { side: 'server' }))
    const network = hosted()
    withSide(network.server, 'server', () => {
      sendMessage(network.server, game.Chat, { text: 'y' }, { side: 'client' })
    })
    network.tick(2)
    expect([...drain(network.server, game.Chat, { side: 'server' })].length).toBe(1)
  })

  it('uses the outer side again after withSide and systems, even when they throw', () => {
    const { server } = hosted()
    const sides: unknown[] = []
    const side = (): unknown => {
      try {
        return (
          stats(server).entities === 0 &&
          drain(server, game.Chat) === withSide(server, 'server', () => drain(server, game.Chat))
        )
      } catch {
        return undefined
      }
    }
    const fail = (): never => {
      throw new Error('of the game')
    }
    withSide(server, 'server', () => {
      sides.push(side())
      expect(() => withSide(server, 'client', fail)).toThrow('of the game')
      sides.push(side())
      expect(() => runSystems(server, clientSystems([fail]))).toThrow('of the game')
      sides.push(side())
      runSystems(server, clientSystems([() => sides.push(side())]))
      runSystems(server, serverSystems([() => sides.push(side())]))
    })
    sides.push(side())
    expect(sides).toEqual([true, true, true, false, true, undefined])
  })

  it('runs handlers of both sides, each in its own dispatch', () => {
    const network = hosted()
    const { server, host } = network
    const calls: string[] = []
    handle(server, game.Chat, ({ args }) => void calls.push(`server: ${args.text}`), { side: 'server' })
    withSide(server, 'client', () => handle(server, game.Chat, ({ args }) => void calls.push(`client: ${args.text}`)))
    handle(server, game.Spark, ({ args }) => {
      calls.push(`spark ${args.n}`)
      // A handler runs on its own side.
      sendMessage(server, game.Chat, { text: 'saw it' })
    })
    sendMessage(server, game.Chat, { text: 'a' }, { side: 'client' })
    sendMessage(server, game.Chat, { text: 'b' }, { side: 'server' })
    sendRpc(server, game.spawnShip(server), game.Spark, { n: 1 })
    network.tick()
    expect(calls).toEqual(['server: a'])
    host.step()
    expect(calls).toEqual(['server: a', 'client: b', 'spark 1'])
    network.tick()
    expect(calls.slice(3)).toEqual(['server: saw it'])
  })

  it('ignores calls on one side only', () => {
    const network = hosted()
    const { server } = network
    withSide(server, 'client', () => ignore(server, game.Chat))
    sendMessage(server, game.Chat, { text: 'a' }, { side: 'client' })
    sendMessage(server, game.Chat, { text: 'b' }, { side: 'server' })
    network.tick(2)
    expect([...drain(server, game.Chat, { side: 'client' })]).toEqual([])
    expect([...drain(server, game.Chat, { side: 'server' })].length).toBe(1)
  })

  it('keeps errors and counters by side, and reads both without a side', () => {
    const network = hosted()
    const { server } = network
    sendMessage(server, game.Chat, { text: 'a' }, { side: 'client' })
    sendMessage(server, game.Chat, { text: 'b' }, { side: 'server' })
    network.tick(130)
    const count = (side?: 'server' | 'client'): number =>
      (side === undefined ? stats(server) : stats(server, { side })).counters.undrainedCalls
    expect([count('server'), count('client'), count()]).toEqual([1, 1, 2])
    expect([...drain(server, NetworkErrors, { side: 'server' })].map(({ name }) => name)).toEqual(['Chat'])
    expect([...drain(server, NetworkErrors)].map(({ name }) => name)).toEqual(['Chat'])
    expect(withSide(server, 'client', () => [...drain(server, NetworkErrors)])).toEqual([])
  })
})

const Health = { hp: new Uint16Array(1000) }
const Bag = { items: [] as SyncList<number>[] }
const Buy = defineCommand({ item: u8 }, { returns: { left: u16 }, refuses: ['sold-out'] })
const Ask = defineTargetRpc({ question: u8 }, { returns: { answer: u8 } })
const Bang = defineClientRpc({})
const Talk = defineMessage({ n: u8 })
const shop = defineProtocol({
  components: {
    Health: replicate(Health, { hp: u16 }, { trackChanges: true }),
    Bag: replicate(Bag, { items: listOf(u8, 8) }),
  },
  remote: { Buy, Ask, Bang },
  messages: { Talk },
})

function spawnShop(world: Parameters<typeof setOwner>[0]): number {
  const eid = addEntity(world)
  addComponent(world, eid, Health)
  addComponent(world, eid, Bag)
  Health.hp[eid] = 10
  addComponent(world, eid, Networked)
  return eid
}

describe('12, 16: the requests of a host', () => {
  it('go both ways, and the other side answers or refuses them, or despawns their entity', async () => {
    const network = createTestNetwork(shop, { host: true, clients: 0 })
    const { server, host } = network
    const entity = spawnShop(server)
    setOwner(server, entity, host.connection)
    network.tick(2)
    const bought = request(server, entity, Buy, { item: 1 })
    const refused = request(server, entity, Buy, { item: 2 })
    const asked = request(server, entity, Ask, { question: 3 })
    network.tick()
    for (const call of drain(server, Buy)) {
      if (call.args.item === 1) reply(server, call.id, { left: 41 })
      else refuse(server, call.id, 'sold-out')
    }
    network.tick()
    for (const call of drain(server, Ask)) reply(server, call.id, { answer: call.args.question + 1 })
    network.tick(2)
    expect(await bought).toEqual({ left: 41 })
    await expect(refused).rejects.toBeInstanceOf(RequestRefusedError)
    expect(await asked).toEqual({ answer: 4 })

    const ended = request(server, entity, Buy, { item: 1 })
    despawn(server, entity)
    network.tick(2)
    await expect(ended).rejects.toBeInstanceOf(RequestDespawnedError)
    await close(server)
  })
})

describe('31: the state of a host', () => {
  it('reports each change once to the systems of each side, however often the client runs', () => {
    const news: Record<'server' | 'client', unknown[]> = { server: [], client: [] }
    const listen = (side: 'server' | 'client') => (world: ServerWorld | ClientWorld) => {
      for (const { before, after } of drain(world, changed(Health))) news[side].push([before.hp, after.hp])
      for (const { kind, after } of drain(world, operations(Bag, 'items'))) news[side].push([kind, after])
      for (const _ of drain(world, added(Networked))) news[side].push('spawned')
    }
    const network = createTestNetwork(shop, {
      host: true,
      clients: 0,
      framesPerTick: 2,
      serverSystems: [listen('server')],
      clientSystems: [listen('client')],
    })
    const entity = spawnShop(network.server)
    network.tick(2)
    Health.hp[entity] = 7
    Bag.items[entity]!.push(5)
    network.tick(3)
    const all = ['spawned', ['add', 5], [10, 7]]
    expect(news).toEqual({ server: all, client: all })
    expect([...Bag.items[entity]!]).toEqual([5])
  })

  it('stays writable for the game', () => {
    const world = createHostWorld(shop)
    const entity = spawnShop(world)
    expect(() => Bag.items[entity]!.push(1)).not.toThrow()
    expect([...Bag.items[entity]!]).toEqual([1])
  })
})
